use rust_supervisor::prelude::*;

#[child(on_limit(stop), probe_after = "5m")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
