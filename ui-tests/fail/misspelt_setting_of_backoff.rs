use rust_supervisor::prelude::*;

#[child(backoff(inital = "1s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
