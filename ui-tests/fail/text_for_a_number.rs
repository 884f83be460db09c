use rust_supervisor::prelude::*;

#[child(backoff(factor = "two"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
