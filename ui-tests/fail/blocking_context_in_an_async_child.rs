use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: BlockingContext) {
    drop(ctx);
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
