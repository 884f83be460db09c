use rust_supervisor::prelude::*;

#[child]
async fn ledger(_: TaskContext) {}

#[supervisor]
struct Payments {
    ledger: ledger,
}

#[supervisor]
struct App {
    payments: Payments,
}

fn uses(app: &App) {
    drop(app.restart(Payments::LEDGER, ("me", "why")));
    drop(app.payments.ledgr.restart(("me", "why")));
}

fn main() {}
