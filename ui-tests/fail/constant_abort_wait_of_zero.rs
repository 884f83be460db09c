use rust_supervisor::prelude::*;

const NONE: Duration = Duration::ZERO;

#[child(shutdown(abort_wait = NONE))]
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
