use rust_supervisor::prelude::*;

mod payments {
    use rust_supervisor::prelude::*;

    #[child]
    async fn worker(ctx: TaskContext) {
        ctx.stopped().await;
    }
}

#[supervisor]
struct App {
    worker: payments::worker,
}

fn main() {
    drop(App::start(()));
}
