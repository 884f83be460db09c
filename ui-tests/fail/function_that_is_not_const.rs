use rust_supervisor::prelude::*;

fn soon() -> Duration {
    Duration::from_secs(1)
}

#[child(start_timeout = soon())]
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
