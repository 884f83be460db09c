// What another crate offered is gone from it: whoever depends on it is named, child or supervisor,
// and what a field depends on too.
use rust_supervisor::prelude::*;

#[child(depends_on(payments::storage::replica))]
async fn mirror(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn report(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(requires(payments::archive))]
struct Reports {
    #[child(depends_on(payments::journal::writer))]
    weekly: report,
}

#[supervisor]
struct App {
    mirror: mirror,
    reports: Reports,
}

fn main() {}
