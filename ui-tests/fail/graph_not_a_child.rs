use rust_supervisor::prelude::*;

struct Pool;

#[child(depends_on(Pool))]
async fn web(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    web: web,
}

fn main() {}
