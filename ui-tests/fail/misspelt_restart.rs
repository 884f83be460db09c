use rust_supervisor::prelude::*;

#[child(restart(permanant))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
