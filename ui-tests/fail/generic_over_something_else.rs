use rust_supervisor::prelude::*;

trait Topic: 'static {
    const NAME: &'static str;
}

struct Orders;

#[child]
async fn worker<T: Topic>(ctx: TaskContext) {
    println!("{}", T::NAME);
    ctx.stopped().await;
}

#[supervisor]
struct App {
    worker: worker<Orders>,
}

fn main() {
    drop(App::start(()));
}
