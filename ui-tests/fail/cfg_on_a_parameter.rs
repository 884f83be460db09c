use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext, #[cfg(windows)] _: State<u8>) {
    ctx.stopped().await;
}

fn main() {}
