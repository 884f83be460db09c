use rust_supervisor::prelude::*;

#[child(shutdown(grace = "0s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
