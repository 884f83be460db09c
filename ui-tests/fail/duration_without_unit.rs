use rust_supervisor::prelude::*;

#[child(start_timeout = "30")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
