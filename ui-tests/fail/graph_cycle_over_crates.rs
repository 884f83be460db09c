use payments::{Payments, storage};
use rust_supervisor::prelude::*;

#[child(depends_on(payments::fraud::scorer))]
async fn audit(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(state = payments::Diary)]
struct App {
    #[child(after(audit))]
    pool: storage::pool,
    audit: audit,
    payments: Payments,
}

fn main() {}
