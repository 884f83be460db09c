//! What a child returns.

use std::convert::Infallible;
use std::io;

use rust_supervisor::task::exit::TaskFailure;

use super::*;

#[child]
async fn nothing(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn io_error(ctx: TaskContext) -> io::Result<()> {
    ctx.stopped().await;
    Ok(())
}

#[child]
async fn result(ctx: TaskContext) -> TaskResult {
    ctx.stopped().await;
    TaskResult::Shutdown
}

#[child]
async fn both(ctx: TaskContext) -> Result<TaskResult, TaskFailure> {
    ctx.stopped().await;
    Ok(TaskResult::Succeeded)
}

#[child]
async fn never(ctx: TaskContext) -> Result<Infallible, Box<dyn std::error::Error + Send + Sync>> {
    ctx.stopped().await;
    Err("stopped".into())
}

#[child(type = Unending, shutdown(grace = "1ms"))]
async fn unending(_: TaskContext) -> Infallible {
    std::future::pending().await
}

#[supervisor]
struct Tree {
    nothing: nothing,
    io_error: io_error,
    result: result,
    both: both,
    never: never,
    unending: Unending,
}

#[tokio::test(start_paused = true)]
async fn a_child_returns_what_suits_it() {
    let tree = Tree::start(()).await.unwrap();
    assert_eq!(tree.shutdown(("test", "done")).await.unwrap().rows.len(), 6);
}
