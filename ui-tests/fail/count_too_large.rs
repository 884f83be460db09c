use rust_supervisor::prelude::*;

#[child(restart_limit(max = 5000000000, within = "30s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
