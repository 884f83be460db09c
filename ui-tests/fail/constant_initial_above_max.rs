use rust_supervisor::prelude::*;

const LONG: Duration = Duration::from_secs(9);

#[child(backoff(initial = LONG, max = "1s"))]
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
