use rust_supervisor::prelude::*;

#[child(start_timeout = "-1s")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
