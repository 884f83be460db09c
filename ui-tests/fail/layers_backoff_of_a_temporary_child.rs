use rust_supervisor::prelude::*;

#[child(restart(temporary))]
async fn session(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(restart_limit(max = 3, within = "1m"))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(backoff(initial = "5s"))]
    session: session,
    inner: Inner,
}

#[supervisor(defaults(restart(temporary)))]
struct Inner {
    ledger: ledger,
}

fn main() {}
