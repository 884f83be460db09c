//! A small service under supervision: it echoes, it fails, it recovers, and it stops in order.
//!
//! `cargo run --example supervisor_quickstart` — every line with a time is an event of the tree.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rust_supervisor::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the children share. The socket is bound once, so it survives their restarts.
#[derive(SharedState)]
struct Shared {
    listener: Arc<TcpListener>,
    answers: Arc<AtomicU64>,
}

/// Prints what happens. The first to start and the last to stop.
#[child(readiness(explicit))]
async fn narrator(ctx: TaskContext) {
    let mut events = ctx.supervisor().subscribe_events();
    ctx.ready();
    while let Some(Some(event)) = ctx.until_stopped(events.next()).await {
        println!("{event}");
    }
    while let Some(event) = events.try_next() {
        println!("{event}");
    }
}

/// Writes out what was counted, twice a second and once more when it is asked to stop.
#[child(shutdown(grace = "1s"))]
async fn flusher(ctx: TaskContext, State(answers): State<Arc<AtomicU64>>) {
    let mut goes_on = true;
    while goes_on {
        goes_on = ctx.sleep(Duration::from_millis(500)).await;
        println!("           {} answers flushed", answers.swap(0, Ordering::Relaxed));
    }
}

/// Echoes what a client says, up to four times. Then it hangs up, as peers do.
#[child]
async fn listener(ctx: TaskContext, State(listener): State<Arc<TcpListener>>) -> io::Result<()> {
    while let Some(accepted) = ctx.until_stopped(listener.accept()).await {
        let (mut socket, _) = accepted?;
        ctx.spawn(async move {
            let mut word = [0; 4];
            for _ in 0..4 {
                if socket.read_exact(&mut word).await.is_err()
                    || socket.write_all(&word).await.is_err()
                {
                    return; // the client has gone, which is no failure of ours
                }
            }
        });
    }
    Ok(())
}

/// Talks to the listener for as long as there is a connection. How long it waits before it tries
/// again is in the YAML file.
#[child(restart(permanent))]
async fn worker(
    ctx: TaskContext,
    State(listener): State<Arc<TcpListener>>,
    State(answers): State<Arc<AtomicU64>>,
) -> io::Result<()> {
    let mut socket = TcpStream::connect(listener.local_addr()?).await?;
    while ctx.sleep(Duration::from_millis(100)).await {
        socket.write_all(b"ping").await?;
        socket.read_exact(&mut [0; 4]).await?;
        answers.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[supervisor(strategy(one_for_one), intensity(max = 10, within = "30s"), state = Shared)]
struct App {
    narrator: narrator,
    flusher: flusher,
    listener: listener,
    worker: worker,
}

#[tokio::main]
async fn main() -> Result<ShutdownReport, Box<dyn Error>> {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
    let shared = Shared { listener, answers: Arc::default() };
    let app = App::start_from_config_file("examples/config/quickstart.yaml", shared).await?;

    // A service would say `app.run_until_signal().await` here. This one has seen enough after 3 s.
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!("\n{}\n", app.handle().current_state().await?);
    let report = app.shutdown(by("quickstart").because("the story is told")).await?;
    println!("\n{report}");
    Ok(report)
}
