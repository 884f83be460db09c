use rust_supervisor::prelude::*;

#[child(criticality(critical), probe_after = "5m")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
