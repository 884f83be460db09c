// `pool` was removed, its function and its field: who depends on it is named with it.
use rust_supervisor::prelude::*;

mod storage {}

#[child(depends_on(storage::pool))]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    ledger: ledger,
}

fn main() {}
