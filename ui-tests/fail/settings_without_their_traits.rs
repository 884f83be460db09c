use rust_supervisor::config::settings::Settings;
use rust_supervisor::prelude::*;

struct Batches {
    size: u32,
}

#[child]
async fn ledger(_: TaskContext, settings: Settings<Batches>) {
    let _ = settings.size;
}

#[supervisor]
struct App {
    ledger: ledger,
}

fn main() {}
