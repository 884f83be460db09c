use rust_supervisor::prelude::*;

#[child("permanent")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
