use rust_supervisor::prelude::*;

#[child]
async fn shard(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    left: shard,
    right: shard,
}

fn main() {}
