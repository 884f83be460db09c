use rust_supervisor::prelude::*;

#[child(strategy(one_for_one))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
