use rust_supervisor::prelude::*;

#[child]
async fn worker<'a>(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
