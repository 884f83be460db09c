use rust_supervisor::prelude::*;

#[child(defaults(restart(transient)))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
