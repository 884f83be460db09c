use rust_supervisor::prelude::*;

#[child(criticality(critcal))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
