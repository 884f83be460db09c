use rust_supervisor::prelude::*;

#[child(grace = "1s")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
