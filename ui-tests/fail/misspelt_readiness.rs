use rust_supervisor::prelude::*;

#[child(readiness(explict))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
