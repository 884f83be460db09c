use rust_supervisor::prelude::*;

#[child(backoff(factor = 0.5))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
