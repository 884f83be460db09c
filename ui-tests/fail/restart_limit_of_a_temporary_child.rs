use rust_supervisor::prelude::*;

#[child(restart(temporary), restart_limit(max = 1, within = "1s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
