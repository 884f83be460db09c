use rust_supervisor::prelude::*;

#[child(start_timeout = "soon")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
