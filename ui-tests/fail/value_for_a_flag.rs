use rust_supervisor::prelude::*;

#[child(restart(transient), significant = true)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
