//! Everything that a child may return.
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use rust_supervisor::prelude::*;
use rust_supervisor::task::exit::TaskFailure;

#[child]
async fn nothing(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn unit(ctx: TaskContext) -> () {
    ctx.stopped().await;
}

#[child]
async fn io(ctx: TaskContext) -> std::io::Result<()> {
    ctx.stopped().await;
    Ok(())
}

#[child]
async fn text(ctx: TaskContext) -> Result<(), String> {
    ctx.stopped().await;
    Ok(())
}

#[child]
async fn literal(ctx: TaskContext) -> Result<(), &'static str> {
    ctx.stopped().await;
    Ok(())
}

#[child]
async fn boxed(ctx: TaskContext) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ctx.stopped().await;
    Ok(())
}

#[child]
async fn result(ctx: TaskContext) -> TaskResult {
    ctx.stopped().await;
    TaskResult::Succeeded
}

#[child]
async fn both(ctx: TaskContext) -> Result<TaskResult, TaskFailure> {
    ctx.stopped().await;
    Ok(TaskResult::Shutdown)
}

#[child(shutdown(grace = "1ms"))]
async fn infallible(_: TaskContext) -> Infallible {
    std::future::pending().await
}

#[child]
async fn only_errors(ctx: TaskContext) -> Result<Infallible, String> {
    ctx.stopped().await;
    Err("stopped".into())
}

#[child(shutdown(grace = "1ms"))]
async fn never(_: TaskContext) -> ! {
    std::future::pending().await
}

#[child]
fn impl_future(ctx: TaskContext) -> impl Future<Output = Result<(), String>> + Send {
    async move {
        ctx.stopped().await;
        Ok(())
    }
}

#[child]
fn pinned(ctx: TaskContext) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move { ctx.stopped().await })
}

type LocalBoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

#[child]
fn named(ctx: TaskContext) -> LocalBoxFuture {
    Box::pin(async move { ctx.stopped().await })
}

#[child(blocking)]
fn blocking(ctx: BlockingContext) -> Result<TaskResult, String> {
    while ctx.sleep(Duration::from_millis(1)) {}
    Ok(TaskResult::Succeeded)
}

#[child(blocking, restart(temporary))]
fn blocking_never(ctx: BlockingContext) -> ! {
    while ctx.sleep(Duration::from_millis(1)) {}
    std::panic::resume_unwind(Box::new("asked to stop"))
}

#[supervisor]
struct App {
    nothing: nothing,
    unit: unit,
    io: io,
    text: text,
    literal: literal,
    boxed: boxed,
    result: result,
    both: both,
    infallible: infallible,
    only_errors: only_errors,
    never: never,
    impl_future: impl_future,
    pinned: pinned,
    named: named,
    blocking: blocking,
    blocking_never: blocking_never,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    let report = app.shutdown(by("test").because("done")).await?;
    assert_eq!(report.rows.len(), 16);
    Ok(())
}
