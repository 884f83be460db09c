//! Plain functions on threads of their own, with everything that an async child may take.
#![deny(warnings)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::prelude::*;

type Count = Arc<AtomicUsize>;

#[derive(SharedState)]
struct AppState {
    count: Count,
    buffer: Lendable<Vec<u8>>,
}

#[child(blocking, shutdown(grace = "2s", abort_wait = "2s"), readiness(explicit))]
fn compact(
    ctx: BlockingContext,
    State(count): State<Count>,
    Args(step): Args<usize>,
    mut buffer: Lease<Vec<u8>>,
    listener: Handle<listener>,
) -> Result<(), std::io::Error> {
    buffer.push(1);
    count.fetch_add(step, Ordering::SeqCst);
    assert_eq!(listener.path().as_str(), "/root/listener");
    ctx.ready();
    while ctx.sleep(Duration::from_millis(1)) {}
    Ok(())
}

#[child(blocking, restart(temporary))]
fn job(_: BlockingContext, Args(by): Args<usize>, State(count): State<Count>) -> TaskResult {
    count.fetch_add(by, Ordering::SeqCst);
    TaskResult::Succeeded
}

#[child(blocking, multiple)]
fn generic<const N: usize>(ctx: BlockingContext, State(count): State<Count>) {
    count.fetch_add(N, Ordering::SeqCst);
    while !ctx.is_stopping() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[child]
async fn listener(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(state = AppState)]
struct App {
    listener: listener,
    #[child(args = 1, after(listener))]
    compact: compact,
    jobs: Pool<job>,
    tens: generic<10>,
    #[child(count = 2)]
    hundreds: Many<generic<100>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = Count::default();
    let state = AppState { count: Arc::clone(&count), buffer: vec![].into() };
    let buffer = state.buffer.clone();
    let app = App::start(state).await?;
    app.jobs.spawn("a", 1_000).await?;
    while count.load(Ordering::SeqCst) < 1_211 {
        tokio::task::yield_now().await;
    }
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    assert_eq!(buffer.lend().expect("it came back").as_slice(), [1]);
    Ok(())
}
