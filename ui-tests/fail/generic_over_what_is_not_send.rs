use rust_supervisor::prelude::*;

trait Topic: 'static {
    const NAME: &'static str;
}

#[derive(Default)]
struct Orders;

impl Topic for Orders {
    const NAME: &'static str = "orders";
}

#[child]
async fn worker<T: Topic + Default>(ctx: TaskContext) {
    let topic = T::default();
    ctx.stopped().await;
    drop(topic);
}

#[supervisor]
struct App {
    worker: worker<Orders>,
}

fn main() {
    drop(App::start(()));
}
