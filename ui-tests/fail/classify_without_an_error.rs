use rust_supervisor::prelude::*;

#[child(classify(std::io::Error))]
async fn worker(_: TaskContext) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
