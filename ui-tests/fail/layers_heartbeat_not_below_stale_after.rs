use rust_supervisor::prelude::*;

#[child(health(heartbeat = "1s", stale_after = "5s"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(health(heartbeat = "10s"))]
    ledger: ledger,
}

fn main() {}
