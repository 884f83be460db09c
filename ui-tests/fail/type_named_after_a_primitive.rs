use rust_supervisor::prelude::*;

#[child(type = str)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
