use rust_supervisor::prelude::*;

trait Topic: 'static {
    const NAME: &'static str;
}
struct Orders;
impl Topic for Orders {
    const NAME: &'static str = "orders";
}
struct Refunds;
impl Topic for Refunds {
    const NAME: &'static str = "refunds";
}

#[child(multiple, instance = T::NAME)]
async fn consumer<T: Topic>(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(consumer<Orders>))]
async fn router(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct App {
    refunds: consumer<Refunds>,
    router: router,
}

fn main() {}
