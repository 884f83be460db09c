use rust_supervisor::prelude::*;

#[child(depends_on)]
async fn a(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(a, a))]
async fn b(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(after(a))]
async fn c(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(requires(a), depends_on("a"), multiple = 3)]
async fn d(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(defaults(depends_on(a)), after(a))]
struct App {
    #[child(after(frst), multiple)]
    second: b,
    #[child(after(first))]
    first: a,
    #[child(after(y))]
    x: a,
    #[child(after(x))]
    y: a,
}

fn main() {}
