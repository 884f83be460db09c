use rust_supervisor::prelude::*;

#[child(shutdown(budget = "30s"))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
