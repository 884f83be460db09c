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

#[child(restart(temporary))]
async fn lookup<T: Topic, const N: usize>(
    ctx: TaskContext,
    Args(key): Args<T::Key>,
    State(diary): State<Diary>,
) -> Result<(), [u8; N]>
where
    [u8; N]: Into<Box<dyn std::error::Error + Send + Sync>>,
{
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
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), SupervisorError> {
    let _ = lookup::<Orders, 0>;
    let diary = Diary::default();
    let app = App::start(Arc::clone(&diary)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        *diary.lock().expect("nobody panics"),
        [
            "refunds",
            "orders",
            "orders after /root/orders",
            "refunds after /root/refunds",
            "orders",
            "orders"
        ]
    );
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
