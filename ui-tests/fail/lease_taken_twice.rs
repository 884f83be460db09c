use rust_supervisor::prelude::*;
use tokio::sync::mpsc;

#[derive(SharedState)]
struct AppState {
    jobs: Lendable<mpsc::Receiver<u8>>,
}

#[child]
async fn worker(_: TaskContext, _: Lease<mpsc::Receiver<u8>>) {}

// Under another name for the type.
type Jobs = mpsc::Receiver<u8>;

#[child]
async fn audit(_: TaskContext, _: Lease<Jobs>) {}

#[supervisor]
struct Inner {
    worker: worker,
}

#[supervisor(state = AppState)]
struct App {
    audit: audit,
    inner: Inner,
}

fn main() {}
