use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext) -> {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
