use rust_supervisor::prelude::*;

#[child(restart(permanent), significant)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
