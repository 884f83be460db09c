//! What a field gives its child, made anew for each run.
#![deny(warnings)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::prelude::*;

mod limits {
    pub(super) const SMALL: usize = 1;
}

#[derive(Clone, Debug, PartialEq)]
struct Range {
    from: usize,
    to: usize,
}

#[derive(Clone, SharedState)]
struct AppState {
    seen: Arc<AtomicUsize>,
    #[state(skip)]
    made: Arc<AtomicUsize>,
}

#[child(restart(transient))]
async fn number(_: TaskContext, Args(number): Args<usize>, State(seen): State<Arc<AtomicUsize>>) {
    seen.fetch_add(number, Ordering::SeqCst);
}

#[child]
async fn range(ctx: TaskContext, Args(Range { from, to }): Args<Range>) {
    assert!(from < to);
    ctx.stopped().await;
}

#[child]
async fn function(ctx: TaskContext, Args(double): Args<fn(usize) -> usize>) {
    assert_eq!(double(2), 4);
    ctx.stopped().await;
}

fn double(number: usize) -> usize {
    2 * number
}

#[supervisor(state = AppState)]
struct App {
    #[child(args = limits::SMALL)]
    constant: number,
    #[child(args = 4 + 6)]
    sum: number,
    #[child(args = |state: &AppState| 100 * (1 + state.made.fetch_add(1, Ordering::SeqCst)))]
    of_the_state: number,
    #[child(args = { let to = 3; Range { from: 1, to } })]
    block: range,
    #[child(args = double as fn(usize) -> usize)]
    function: function,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), SupervisorError> {
    let state = AppState { seen: Arc::default(), made: Arc::default() };
    let app = App::start(state.clone()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(state.seen.load(Ordering::SeqCst), 111);
    // Made again: 200 this time.
    app.of_the_state.start(("test", "once more")).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(state.seen.load(Ordering::SeqCst), 311);
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
