use rust_supervisor::prelude::*;

#[child]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn clerk(ctx: TaskContext, _: Handle<ledger>) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    clerk: clerk,
}

fn main() {}
