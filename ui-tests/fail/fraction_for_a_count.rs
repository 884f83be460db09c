use rust_supervisor::prelude::*;

#[child(restart_limit(max = 1.5, within = "30s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
