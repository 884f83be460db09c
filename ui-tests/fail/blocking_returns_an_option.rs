use rust_supervisor::prelude::*;

#[child(blocking)]
fn worker(_: BlockingContext) -> Option<()> {
    None
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
