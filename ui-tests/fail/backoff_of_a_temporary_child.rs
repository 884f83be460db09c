use rust_supervisor::prelude::*;

#[child(restart(temporary), backoff(initial = "1s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
