use rust_supervisor::prelude::*;

#[child(backoff(initial = "5s"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct Payments {
    ledger: ledger,
}

#[supervisor(defaults(backoff(max = "2s")))]
struct App {
    payments: Payments,
}

fn main() {}
