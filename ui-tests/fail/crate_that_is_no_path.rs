use rust_supervisor::prelude::*;

#[child(crate = 5)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
