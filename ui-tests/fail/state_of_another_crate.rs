use rust_supervisor::prelude::*;

mod axum {
    pub struct State<T>(pub T);
}

#[child]
async fn worker(_: TaskContext, _: axum::State<u8>) {}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(1_u8));
}
