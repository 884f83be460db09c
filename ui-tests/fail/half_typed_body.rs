use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext) {
    ctx.
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
