use rust_supervisor::prelude::*;

#[child(start_timeout = "0s")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
