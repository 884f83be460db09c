use rust_supervisor::prelude::*;

#[child]
async fn worker(_: TaskContext, _: Lease<Vec<u8>>) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(vec![1_u8]));
}
