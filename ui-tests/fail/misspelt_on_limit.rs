use rust_supervisor::prelude::*;

#[child(on_limit(quarantin))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
