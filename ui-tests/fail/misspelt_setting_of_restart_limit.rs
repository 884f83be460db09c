use rust_supervisor::prelude::*;

#[child(restart_limit(max = 1, witin = "1s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
