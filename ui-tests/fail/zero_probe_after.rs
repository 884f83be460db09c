use rust_supervisor::prelude::*;

#[child(probe_after = "0s")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
