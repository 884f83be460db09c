use rust_supervisor::prelude::*;

#[child(multiple)]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn clerk(ctx: TaskContext, _: Handle<ledger>) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    a: ledger,
    b: ledger,
    clerk: clerk,
}

fn main() {}
