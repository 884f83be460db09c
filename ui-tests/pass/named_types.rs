//! `type = Name`: wherever a child is named, it is by that name.
#![deny(warnings)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::prelude::*;

type Count = Arc<AtomicUsize>;

// The lower-case names are taken.
mod session {}
mod shard {}

#[child(type = Session, restart(temporary))]
async fn run_session(ctx: TaskContext, Args(by): Args<usize>, State(count): State<Count>) {
    count.fetch_add(by, Ordering::SeqCst);
    ctx.stopped().await;
}

#[child(type = Shard)]
async fn run_shard(ctx: TaskContext, Args(index): Args<usize>, State(count): State<Count>) {
    count.fetch_add(index, Ordering::SeqCst);
    ctx.stopped().await;
}

#[child(type = Pump)]
async fn pump(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(type = Consumer, multiple, instance = T::NAME)]
async fn consume<T: Topic>(ctx: TaskContext) {
    ctx.stopped().await;
}

trait Topic: Send + 'static {
    const NAME: &'static str;
}

struct Orders;

impl Topic for Orders {
    const NAME: &'static str = "orders";
}

#[child(depends_on(Pump, Consumer<Orders>), restart(transient))]
async fn spawner(_: TaskContext, sessions: Pool<Session>, shards: Many<Shard>, _: Handle<Pump>) {
    assert_eq!(shards.len(), 3);
    assert!(sessions.spawn("a", 1_000).await.is_ok());
}

#[supervisor]
struct App {
    sessions: Pool<Session>,
    #[child(count = 3)]
    shards: Many<Shard>,
    #[child(args = 100)]
    shard: Shard,
    pump: Pump,
    orders: Consumer<Orders>,
    spawner: spawner,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), SupervisorError> {
    let count = Count::default();
    let app = App::start(Arc::clone(&count)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(count.load(Ordering::SeqCst), 1 + 2 + 100 + 1_000);
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
