//! Typed settings, of plain and of generic children.
#![deny(warnings)]

use confique::Config;
use rust_supervisor::config::environment::Environment;
use rust_supervisor::config::settings::{Settings, SettingsType};
use rust_supervisor::prelude::*;
use schemars::JsonSchema;

/// How it writes.
#[derive(Clone, Config, JsonSchema, PartialEq, Debug)]
struct Batches {
    /// How many at once.
    #[config(default = 100)]
    size: u32,
}

#[child]
async fn ledger(ctx: TaskContext, settings: Settings<Batches>) {
    assert_eq!(settings.size, 500);
    ctx.stopped().await;
}

#[child]
async fn generic<T: SettingsType + Send + Sync>(ctx: TaskContext, _settings: Settings<T>) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    ledger: ledger,
    generic: generic<Batches>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let environment = Environment::of([("RUST_SUPERVISOR__LEDGER__SETTINGS__SIZE", "500")]);
    let app = App::builder(()).environment(environment).start().await?;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
