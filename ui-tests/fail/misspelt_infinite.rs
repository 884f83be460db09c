use rust_supervisor::prelude::*;

#[child(shutdown(grace = infinit))]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
