use rust_supervisor::prelude::*;

struct Db;

#[child]
async fn worker(_: TaskContext, _: Db) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
