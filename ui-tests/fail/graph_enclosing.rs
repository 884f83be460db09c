use rust_supervisor::prelude::*;

#[child(depends_on(App))]
async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    poller: poller,
}

fn main() {}
