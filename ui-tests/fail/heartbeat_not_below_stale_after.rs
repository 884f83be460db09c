use rust_supervisor::prelude::*;

#[child(health(heartbeat = "5s", stale_after = "5s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
