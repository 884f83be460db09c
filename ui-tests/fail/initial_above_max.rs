use rust_supervisor::prelude::*;

#[child(backoff(initial = "5s", max = "1s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
