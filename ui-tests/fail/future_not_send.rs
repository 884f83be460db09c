use rust_supervisor::prelude::*;

#[child]
async fn worker(ctx: TaskContext) {
    let shared = std::rc::Rc::new(1);
    ctx.stopped().await;
    drop(shared);
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
