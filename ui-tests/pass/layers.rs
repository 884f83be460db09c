//! What one place says is taken back, or made whole, by another.
#![deny(warnings)]

use rust_supervisor::prelude::*;

#[child(backoff(initial = "1m"), restart_limit(max = 3, within = "10m"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(restart(transient), significant)]
async fn job(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(shutdown(grace = "1m"))]
async fn slow(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(defaults(backoff(max = "2m", jitter = 1)), auto_shutdown(any_significant))]
struct Payments {
    ledger: ledger,
    job: job,
    slow: slow,
}

#[supervisor(shutdown(budget = "2m"), defaults(backoff(max = "1s")))]
struct App {
    payments: Payments,
    // Its backoff and its limit are taken back.
    #[child(restart(temporary))]
    once: ledger,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
