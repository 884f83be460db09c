// The two halves are said at different places, so only the tree knows both.
use rust_supervisor::prelude::*;

#[child(backoff(max = "2s"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(backoff(initial = "1m"))]
async fn slow(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(on_failure(panic(backoff(max = "50ms"))))]
async fn classes(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(backoff(initial = "5s"))]
    ledger: ledger,
    slow: slow,
    classes: classes,
}

fn main() {}
