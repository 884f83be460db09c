use rust_supervisor::prelude::*;

#[child(restart_limit(max = 5))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
