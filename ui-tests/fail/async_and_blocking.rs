use rust_supervisor::prelude::*;

#[child(blocking)]
async fn worker(ctx: BlockingContext) {
    while ctx.sleep(Duration::from_secs(1)) {}
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
