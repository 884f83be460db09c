use rust_supervisor::prelude::*;

#[child(start_timeout = "99999999999999999999999999h")]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

fn main() {}
