use rust_supervisor::prelude::*;

type Db = State<u8>;

#[child]
async fn worker(_: TaskContext, _: Db) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
