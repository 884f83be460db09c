use rust_supervisor::prelude::*;

#[child(restart(permanent, transient))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
