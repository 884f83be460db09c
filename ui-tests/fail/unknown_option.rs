use rust_supervisor::prelude::*;

#[child(color = "red")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
