use rust_supervisor::prelude::*;

const SECONDS: u64 = 5;

#[child(start_timeout = SECONDS)]
async fn worker(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
