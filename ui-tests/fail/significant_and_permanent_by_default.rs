use rust_supervisor::prelude::*;

#[child(significant)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
