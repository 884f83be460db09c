use rust_supervisor::prelude::*;

#[child(depends_on(Outer))]
async fn first(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(first))]
async fn inner(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(requires(first))]
struct Outer {
    inner: inner,
}

#[supervisor]
struct App {
    first: first,
    outer: Outer,
}

fn main() {}
