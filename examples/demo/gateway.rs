//! Clears payments with the bank, over one connection.

use std::io;

use rust_supervisor::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bank::{Branch, bank};
use crate::{Payment, Receipt};

/// What is wrong with the bank today.
#[derive(Debug, thiserror::Error, Failure)]
pub(crate) enum GatewayError {
    /// It will be there again.
    #[error("the bank has hung up")]
    #[failure(external_dependency)]
    HungUp,
    #[error("the bank does not answer")]
    #[failure(timeout)]
    Silent,
    #[error("the connection to the bank is broken")]
    #[failure(external_dependency)]
    Broken(#[from] io::Error),
    /// Asking again would be answered the same.
    #[error("the bank says `{0}`, which is no number of a receipt")]
    #[failure(fatal_bug)]
    Nonsense(String),
}

/// Without it nobody can pay.
#[child(
    depends_on(bank),
    criticality(critical),
    backoff(initial = "200ms", max = "5s", jitter = 0.2, reset_after = "5s"),
    health(heartbeat = "2s", stale_after = "10s"),
    on_failure(external_dependency(backoff(initial = "500ms", max = "5s")))
)]
pub(crate) async fn gateway(
    ctx: TaskContext,
    State(branch): State<Branch>,
    State(write): State<mpsc::Sender<Receipt>>,
    mut payments: Lease<mpsc::Receiver<Payment>>,
) -> Result<(), GatewayError> {
    let mut bank = BufReader::new(TcpStream::connect(branch.address).await?);
    tracing::info!(address = %branch.address, "connected to the bank");
    loop {
        ctx.heartbeat();
        let payment = tokio::select! {
            () = ctx.stopped() => return Ok(()),
            payment = timeout(Duration::from_secs(1), payments.recv()) => payment,
        };
        // Nobody has paid for a second.
        let Ok(Some(payment)) = payment else { continue };
        let number = match timeout(Duration::from_secs(2), clear(&mut bank, &payment)).await {
            Ok(number) => number?,
            Err(_) => return Err(GatewayError::Silent),
        };
        let Payment { customer, cents } = payment;
        tracing::debug!(customer, cents, number, "cleared");
        // The ledger is gone for good only when the tree is.
        if write.send(Receipt { customer, cents, number }).await.is_err() {
            return Ok(());
        }
    }
}

async fn clear(bank: &mut BufReader<TcpStream>, payment: &Payment) -> Result<u64, GatewayError> {
    bank.write_all(format!("{} {}\n", payment.customer, payment.cents).as_bytes()).await?;
    let mut answer = String::new();
    if bank.read_line(&mut answer).await? == 0 {
        return Err(GatewayError::HungUp);
    }
    let answer = answer.trim_end();
    answer.parse().map_err(|_| GatewayError::Nonsense(answer.to_owned()))
}
