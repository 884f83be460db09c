use rust_supervisor::prelude::*;

#[child]
fn worker(_: TaskContext) -> impl Send {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
