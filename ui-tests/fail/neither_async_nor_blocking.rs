use rust_supervisor::prelude::*;

#[child]
fn worker(ctx: TaskContext) {
    drop(ctx);
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
