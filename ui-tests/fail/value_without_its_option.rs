use rust_supervisor::prelude::*;

#[child(transient)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
