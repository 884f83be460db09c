use rust_supervisor::prelude::*;

#[derive(SharedState)]
struct AppState {
    jobs: Lendable<Vec<u8>>,
}

#[child]
async fn worker(_: TaskContext, _: Lease<Vec<u8>>) {}

#[supervisor(state = AppState)]
struct App {
    #[child(count = 4)]
    workers: Many<worker>,
}

fn main() {}
