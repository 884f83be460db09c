use rust_supervisor::prelude::*;

#[child(type = a::b)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
