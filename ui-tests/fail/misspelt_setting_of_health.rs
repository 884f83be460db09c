use rust_supervisor::prelude::*;

#[child(health(hartbeat = "1s", stale_after = "5s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
