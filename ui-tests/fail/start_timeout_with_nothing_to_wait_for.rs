use rust_supervisor::prelude::*;

#[child(readiness(immediate), start_timeout = "5s")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
