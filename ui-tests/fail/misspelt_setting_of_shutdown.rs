use rust_supervisor::prelude::*;

#[child(shutdown(grase = "1s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
