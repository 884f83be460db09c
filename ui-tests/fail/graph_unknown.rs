use payments::storage;
use rust_supervisor::prelude::*;

#[child(depends_on(storage::pool))]
async fn web(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn pool(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    pool: pool,
    web: web,
}

fn main() {}
