use rust_supervisor::prelude::*;

#[child(probe_after = "5m")]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(defaults(on_limit(escalate)))]
struct App {
    ledger: ledger,
}

fn main() {}
