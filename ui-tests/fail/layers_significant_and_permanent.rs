use rust_supervisor::prelude::*;

#[child(restart(transient), significant)]
async fn job(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(auto_shutdown(any_significant))]
struct App {
    #[child(restart(permanent))]
    job: job,
}

#[supervisor]
struct Nobody {
    job: job,
}

fn main() {}
