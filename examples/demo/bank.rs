//! The bank on the other side: a TCP server on the loopback, and not a reliable one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rust_supervisor::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where the bank can be reached. The address stays the same while nobody is behind the counter.
#[derive(Clone)]
pub(crate) struct Branch {
    door: Arc<std::net::TcpListener>,
    pub(crate) address: SocketAddr,
}

impl Branch {
    pub(crate) fn open() -> io::Result<Self> {
        let door = std::net::TcpListener::bind("127.0.0.1:0")?;
        door.set_nonblocking(true)?;
        Ok(Self { address: door.local_addr()?, door: Arc::new(door) })
    }
}

/// Serves whoever connects, until the bank has had enough of them.
#[child(
    readiness(explicit),
    start_timeout = "5s",
    backoff(initial = "100ms", max = "1s"),
    tags("upstream")
)]
pub(crate) async fn bank(ctx: TaskContext, State(branch): State<Branch>) -> io::Result<()> {
    let listener = TcpListener::from_std(branch.door.try_clone()?)?;
    ctx.ready();
    while let Some(accepted) = ctx.until_stopped(listener.accept()).await {
        // A client that goes away is its own affair.
        let (client, _) = accepted?;
        ctx.spawn(async move { drop(serve(client).await) });
    }
    Ok(())
}

/// Agrees to each payment after a moment. It hangs up after one of five hundred on average, and
/// one of two thousand it forgets to answer.
async fn serve(client: TcpStream) -> io::Result<()> {
    let mut client = BufReader::new(client);
    let mut payment = String::new();
    for number in 1.. {
        payment.clear();
        if client.read_line(&mut payment).await? == 0 || fastrand::u32(..500) == 0 {
            return Ok(());
        }
        if fastrand::u32(..2_000) == 0 {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(2..20))).await;
        client.write_all(format!("{number}\n").as_bytes()).await?;
    }
    Ok(())
}
