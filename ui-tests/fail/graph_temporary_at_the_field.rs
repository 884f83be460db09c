use rust_supervisor::prelude::*;

#[child]
async fn migrate(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(migrate))]
async fn web(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    #[child(restart(temporary))]
    migrate: migrate,
    web: web,
}

fn main() {}
