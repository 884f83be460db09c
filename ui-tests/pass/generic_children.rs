//! One generic function, a child for each of its types.
use std::fmt::Debug;

use rust_supervisor::prelude::*;

pub trait Topic: Send + 'static {
    type Error: std::error::Error + Send + Sync + 'static;
    const NAME: &'static str;
    const WAIT: Duration;
}

pub struct Orders;
pub struct Refunds;

impl Topic for Orders {
    type Error = std::io::Error;
    const NAME: &'static str = "orders";
    const WAIT: Duration = Duration::from_millis(1);
}

impl Topic for Refunds {
    type Error = std::fmt::Error;
    const NAME: &'static str = "refunds";
    const WAIT: Duration = Duration::from_millis(2);
}

#[child(backoff(initial = T::WAIT, max = "1s"))]
pub async fn consumer<T: Topic>(ctx: TaskContext) -> Result<(), T::Error> {
    println!("{}", T::NAME);
    ctx.stopped().await;
    Ok(())
}

#[child]
async fn numbered<const N: usize, T>(ctx: TaskContext, State(names): State<T>)
where
    T: Clone + Debug + Send + 'static,
{
    println!("{N}: {names:?}");
    ctx.stopped().await;
}

#[child(blocking)]
fn unsized_<T: ?Sized + 'static>(ctx: BlockingContext) {
    println!("{}", std::any::type_name::<T>());
    while ctx.sleep(Duration::from_millis(1)) {}
}

#[supervisor]
pub struct App {
    orders: consumer<Orders>,
    refunds: self::consumer<Refunds>,
    one: numbered<1, u8>,
    two: numbered<2, u8>,
    text: unsized_<str>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(7_u8).await?;
    assert_eq!(app.refunds.path().as_str(), "/root/refunds");
    let report = app.shutdown(by("test").because("done")).await?;
    assert_eq!(report.rows.len(), 5);
    Ok(())
}
