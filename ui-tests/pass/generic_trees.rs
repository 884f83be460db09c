//! Generic children that depend on each other, stand in groups, and say their policies by type.
#![deny(warnings)]

use std::sync::{Arc, Mutex};

use rust_supervisor::prelude::*;

type Diary = Arc<Mutex<Vec<String>>>;

trait Topic: Send + 'static {
    const NAME: &'static str;
    const GRACE: Duration;
    type Key: Clone + Send + Sync + std::fmt::Debug;
}

struct Orders;

impl Topic for Orders {
    const NAME: &'static str = "orders";
    const GRACE: Duration = Duration::from_secs(1);
    type Key = u8;
}

struct Refunds;

impl Topic for Refunds {
    const NAME: &'static str = "refunds";
    const GRACE: Duration = Duration::from_secs(2);
    type Key = &'static str;
}

#[child(multiple, instance = T::NAME, shutdown(grace = T::GRACE))]
async fn consumer<T: Topic>(ctx: TaskContext, State(diary): State<Diary>) {
    diary.lock().expect("nobody panics").push(T::NAME.to_owned());
    ctx.stopped().await;
}

/// Each waits for the consumer of its own topic.
#[child(multiple, instance = T::NAME, depends_on(consumer<T>))]
async fn reader<T>(ctx: TaskContext, consumer: Handle<consumer<T>>, State(diary): State<Diary>)
where
    T: Topic,
{
    let line = format!("{} after {}", T::NAME, consumer.path());
    diary.lock().expect("nobody panics").push(line);
    ctx.stopped().await;
}

#[derive(Debug, Failure)]
#[failure(timeout)]
struct Refused<const N: usize>;

impl<const N: usize> std::fmt::Display for Refused<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused {N} times")
    }
}

impl<const N: usize> std::error::Error for Refused<N> {}

#[child(restart(temporary))]
async fn lookup<T: Topic, const N: usize>(
    ctx: TaskContext,
    Args(key): Args<T::Key>,
    State(diary): State<Diary>,
) -> Result<(), Refused<N>> {
    diary.lock().expect("nobody panics").push(format!("{key:?} of {}", T::NAME));
    ctx.stopped().await;
    Ok(())
}

#[supervisor]
struct App {
    refunds: consumer<Refunds>,
    orders: consumer<Orders>,
    of_orders: reader<Orders>,
    of_refunds: reader<Refunds>,
    #[child(count = 2)]
    more: Many<consumer<Orders>>,
    by_number: Pool<lookup<Orders, 4>>,
    by_name: Pool<lookup<Refunds, 0>>,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), SupervisorError> {
    let diary = Diary::default();
    let app = App::start(Arc::clone(&diary)).await?;
    app.by_number.spawn("a", 7).await?;
    app.by_name.spawn("b", "seven").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        *diary.lock().expect("nobody panics"),
        [
            "refunds",
            "orders",
            "orders after /root/orders",
            "refunds after /root/refunds",
            "orders",
            "orders",
            "7 of orders",
            "\"seven\" of refunds"
        ]
    );
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
