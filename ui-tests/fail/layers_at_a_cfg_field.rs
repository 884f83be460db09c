// What number a field has is not known to the macro when another one may be taken out.
use rust_supervisor::prelude::*;

#[child(backoff(max = "2s"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[cfg(any())]
    gone: ledger,
    #[child(backoff(initial = "5s"))]
    ledger: ledger,
}

fn main() {}
