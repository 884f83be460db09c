use rust_supervisor::prelude::*;

#[child]
async fn worker(_: TaskContext) -> u64 {
    1
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
