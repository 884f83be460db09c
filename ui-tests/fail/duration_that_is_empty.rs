use rust_supervisor::prelude::*;

#[child(start_timeout = "")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
