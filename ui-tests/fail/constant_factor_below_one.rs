use rust_supervisor::prelude::*;

const HALF: f64 = 0.5;

#[child(backoff(factor = HALF))]
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
