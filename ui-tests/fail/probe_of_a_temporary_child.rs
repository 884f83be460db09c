use rust_supervisor::prelude::*;

#[child(restart(temporary), probe_after = "5m")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
