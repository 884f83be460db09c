use confique::Config;
use rust_supervisor::config::settings::Settings;
use rust_supervisor::prelude::*;
use schemars::JsonSchema;

/// How it writes.
#[derive(Config, JsonSchema)]
struct Batches {
    /// How many at once.
    #[config(default = 100)]
    size: u32,
}

#[child]
async fn ledger(_: TaskContext, one: Settings<Batches>, other: Settings<Batches>) {
    let _ = one.size + other.size;
}

#[supervisor]
struct App {
    ledger: ledger,
}

fn main() {}
