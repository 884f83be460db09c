use rust_supervisor::prelude::*;

const OFTEN: Duration = Duration::from_secs(5);

#[child(health(heartbeat = OFTEN, stale_after = "5s"))]
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
