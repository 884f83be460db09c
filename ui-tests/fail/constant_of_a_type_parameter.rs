use rust_supervisor::prelude::*;

trait Topic: Send + 'static {
    const JITTER: f64;
}

struct Orders;

impl Topic for Orders {
    const JITTER: f64 = 0.5;
}

struct Refunds;

impl Topic for Refunds {
    const JITTER: f64 = 1.5;
}

#[child(multiple, backoff(jitter = T::JITTER))]
async fn consumer<T: Topic>(_: TaskContext) {}

#[supervisor]
struct App {
    orders: consumer<Orders>,
    refunds: consumer<Refunds>,
    #[child(count = 2)]
    many: Many<consumer<Refunds>>,
}

fn main() {}
