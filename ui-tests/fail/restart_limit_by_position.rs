use rust_supervisor::prelude::*;

#[child(restart_limit(5, "30s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
