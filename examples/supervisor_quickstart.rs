//! A small service under supervision: it echoes, it fails, it recovers, and it stops in order.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{error::Error, io, sync::Arc};

use rust_supervisor::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

static ANSWERS: AtomicU64 = AtomicU64::new(0);

/// Every second, and once more when it is asked to stop.
#[child(shutdown(grace = "1s"))]
async fn flusher(ctx: TaskContext) {
    let mut goes_on = true;
    while goes_on {
        goes_on = ctx.sleep(Duration::from_secs(1)).await;
        println!("           flushed {} answers", ANSWERS.swap(0, Relaxed));
    }
}

/// Echoes the first 16 bytes that a client says, then hangs up on it, as peers do.
#[child]
async fn listener(ctx: TaskContext, State(socket): State<Arc<TcpListener>>) -> io::Result<()> {
    while let Some(accepted) = ctx.until_stopped(socket.accept()).await {
        let (from, mut to) = accepted?.0.into_split();
        ctx.spawn(async move { drop(copy(&mut from.take(16), &mut to).await) });
    }
    Ok(())
}

/// A client. How long it waits after it has lost its connection is in the YAML file.
#[child]
async fn worker(ctx: TaskContext, State(socket): State<Arc<TcpListener>>) -> io::Result<()> {
    let mut connection = TcpStream::connect(socket.local_addr()?).await?;
    while ctx.sleep(Duration::from_millis(100)).await {
        connection.write_all(b"ping").await?;
        connection.read_exact(&mut [0; 4]).await?;
        ANSWERS.fetch_add(1, Relaxed);
    }
    Ok(())
}

/// The socket is bound once and shared, so it survives the restarts.
#[supervisor(strategy(one_for_one), state = Arc<TcpListener>)]
struct App {
    flusher: flusher,
    listener: listener,
    worker: worker,
}

#[tokio::main]
async fn main() -> Result<ShutdownReport, Box<dyn Error>> {
    let socket = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
    let mut tree = App::builder(socket).config_file("examples/config/quickstart.yaml");
    let mut events = tree.subscribe_events(); // before the start, so it tells of that, too
    let narrator = tokio::spawn(async move {
        while let Some(event) = events.next().await {
            println!("{event}");
        }
    });
    let app = tree.start().await?;
    tokio::time::sleep(Duration::from_secs(3)).await; // a service: `app.run_until_signal().await`
    println!("\n{}\n", app.handle().current_state().await?);
    let report = app.shutdown(by("quickstart").because("the story is told")).await?;
    narrator.await?;
    println!("\n{report}");
    Ok(report)
}
