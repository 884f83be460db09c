//! What has been paid, on the disk.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, iter};

use confique::Config;
use rust_supervisor::prelude::*;
use schemars::JsonSchema;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use crate::Receipt;

/// Where the books lie.
#[derive(Clone)]
pub(crate) struct Folder(pub(crate) Arc<PathBuf>);

/// How the ledger writes.
#[derive(Config, JsonSchema)]
pub(crate) struct Batches {
    /// How many receipts are written at once, at most.
    #[config(default = 32)]
    size: usize,
}

/// Writes each receipt down.
#[child(criticality(critical), shutdown(grace = "2s"))]
pub(crate) async fn ledger(
    ctx: TaskContext,
    State(folder): State<Folder>,
    batches: Settings<Batches>,
    mut receipts: Lease<mpsc::Receiver<Receipt>>,
) -> io::Result<()> {
    let path = folder.0.join("ledger.csv");
    let mut file = OpenOptions::new().create(true).append(true).open(path).await?;
    let mut batch = Vec::new();
    while let Some(count) =
        ctx.until_stopped(receipts.recv_many(&mut batch, batches.size.max(1))).await
    {
        let lines = batch
            .drain(..)
            .map(|Receipt { customer, cents, number }| format!("{customer},{cents},{number}\n"));
        file.write_all(lines.collect::<String>().as_bytes()).await?;
        file.flush().await?;
        tracing::debug!(count, "written");
    }
    Ok(())
}

/// Sums the ledger up now and then. It reads and writes whole files, so it has a thread.
#[child(blocking, restart(transient))]
pub(crate) fn compactor(ctx: BlockingContext, State(folder): State<Folder>) -> io::Result<()> {
    while ctx.sleep(Duration::from_secs(5)) {
        let ledger = match fs::read_to_string(folder.0.join("ledger.csv")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            ledger => ledger?,
        };
        let mut sums = BTreeMap::new();
        for line in ledger.lines() {
            let mut fields = line.split(',');
            let customer = fields.next().unwrap_or_default();
            let cents = fields.next().and_then(|cents| cents.parse::<u64>().ok()).unwrap_or(0);
            *sums.entry(customer).or_insert(0) += cents;
        }
        let mut file = fs::File::create(folder.0.join("sums.csv"))?;
        for (customer, cents) in &sums {
            writeln!(file, "{customer},{cents}")?;
        }
        let all: u64 = iter::once(0).chain(sums.into_values()).sum();
        tracing::info!(lines = ledger.lines().count(), cents = all, "the books are summed up");
    }
    Ok(())
}

/// Restarted together: sums of half a ledger are none.
#[supervisor(strategy(one_for_all))]
pub(crate) struct Books {
    ledger: ledger,
    compactor: compactor,
}
