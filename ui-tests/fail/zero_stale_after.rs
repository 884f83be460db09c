use rust_supervisor::prelude::*;

#[child(health(heartbeat = "0s", stale_after = "0s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
