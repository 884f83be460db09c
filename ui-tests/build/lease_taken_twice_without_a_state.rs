use rust_supervisor::prelude::*;

#[derive(SharedState)]
struct AppState {
    jobs: Lendable<Vec<u8>>,
}

#[child]
async fn worker(_: TaskContext, _: Lease<Vec<u8>>) {}

#[child]
async fn audit(_: TaskContext, _: Lease<Vec<u8>>) {}

#[supervisor]
struct App {
    worker: worker,
    audit: audit,
}

fn main() {
    drop(App::start(AppState { jobs: vec![].into() }));
}
