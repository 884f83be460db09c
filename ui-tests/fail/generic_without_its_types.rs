use rust_supervisor::prelude::*;

trait Topic: 'static {
    const NAME: &'static str;
}

#[child]
async fn worker<T: Topic>(ctx: TaskContext) {
    println!("{}", T::NAME);
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker,
}

fn main() {
    drop(App::start(()));
}
