use rust_supervisor::prelude::*;

trait Topic: 'static {}
struct Orders;
impl Topic for Orders {}

#[child(multiple)]
async fn consumer<T: Topic>(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(consumer<Orders>))]
async fn router(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    orders: consumer<Orders>,
    router: router,
}

fn main() {}
