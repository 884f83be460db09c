use rust_supervisor::prelude::*;

const MUCH: f64 = 2.0;

#[child(backoff(jitter = MUCH))]
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
