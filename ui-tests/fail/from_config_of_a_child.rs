// Only a pool has members that a configuration can name.
use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(from_config)]
    worker: worker,
}

fn main() {}
