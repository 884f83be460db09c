use rust_supervisor::prelude::*;

#[child(start_timeout = "3 days")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
