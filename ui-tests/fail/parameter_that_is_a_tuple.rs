use rust_supervisor::prelude::*;

#[child]
async fn worker((_, _): (TaskContext, u8)) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
