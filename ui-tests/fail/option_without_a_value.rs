use rust_supervisor::prelude::*;

#[child(restart)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
