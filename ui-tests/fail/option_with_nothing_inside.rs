use rust_supervisor::prelude::*;

#[child(backoff())]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
