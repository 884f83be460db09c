use rust_supervisor::prelude::*;

#[child]
async fn worker(_: TaskContext, _: Vec<u8>) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
