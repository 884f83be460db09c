use rust_supervisor::prelude::*;

#[child(multiple)]
async fn shard(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(shard))]
async fn router(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    left: shard,
    right: shard,
    router: router,
}

fn main() {}
