use rust_supervisor::prelude::*;

#[child(depends_on(self::poller))]
async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    poller: poller,
}

fn main() {}
