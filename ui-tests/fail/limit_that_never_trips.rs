// A warning, which only a crate that denies it refuses.
#![deny(warnings)]

use rust_supervisor::prelude::*;

#[child(backoff(initial = "1s", max = "1m", jitter = 0))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(restart_limit(max = 5, within = "31s"))]
async fn trips(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(restart_limit(max = 5, within = "30s"))]
    ledger: ledger,
    #[cfg(all())]
    #[child(backoff(initial = "1m", max = "2m"))]
    trips: trips,
}

fn main() {}
