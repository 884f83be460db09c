use rust_supervisor::prelude::*;

#[child(shutdown(abort_wait = "0s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
