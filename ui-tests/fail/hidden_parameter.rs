use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext, _: impl Clone) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
