use rust_supervisor::prelude::*;

#[derive(Clone)]
struct Db;

#[child]
async fn ledger(_: TaskContext, _: State<Db>) {}

#[supervisor]
struct Payments {
    ledger: ledger,
}

#[derive(SharedState)]
struct AppState {
    name: String,
}

#[supervisor(state = AppState)]
struct App {
    payments: Payments,
}

fn main() {
    drop(Payments::start(()));
}
