use rust_supervisor::prelude::*;

#[child(blocking)]
extern "C" fn worker(ctx: BlockingContext) {
    drop(ctx);
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
