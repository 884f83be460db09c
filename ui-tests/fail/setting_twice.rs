use rust_supervisor::prelude::*;

#[child(backoff(initial = "1s", initial = "2s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
