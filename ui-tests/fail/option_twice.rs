use rust_supervisor::prelude::*;

#[child(restart(permanent), restart(transient))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
