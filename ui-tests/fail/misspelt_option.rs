use rust_supervisor::prelude::*;

#[child(restrat(permanent))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
