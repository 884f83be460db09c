use rust_supervisor::prelude::*;

#[child(blocking)]
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
