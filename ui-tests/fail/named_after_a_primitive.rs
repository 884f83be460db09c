use rust_supervisor::prelude::*;

#[child]
async fn u64(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
