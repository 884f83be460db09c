use rust_supervisor::prelude::*;

#[child(shutdown(grace = "20s"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct Payments {
    ledger: ledger,
}

#[supervisor(shutdown(budget = "10s"))]
struct App {
    ledger: ledger,
}

#[supervisor]
struct Other {
    #[child(shutdown(grace = "5s"))]
    payments: Payments,
}

fn main() {}
