use rust_supervisor::prelude::*;

#[child(restart(temporary))]
async fn migrate(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(migrate))]
async fn web(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    migrate: migrate,
    web: web,
}

fn main() {}
