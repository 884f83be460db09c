use rust_supervisor::prelude::*;

#[child]
async fn inner(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(depends_on(inner))]
struct Outer {
    inner: inner,
}

#[supervisor]
struct App {
    outer: Outer,
}

fn main() {}
