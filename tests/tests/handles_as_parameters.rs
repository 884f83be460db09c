//! Children that talk to others: the handles they take as parameters.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::prelude::*;
use rust_supervisor::state::Lifecycle;
use tokio::sync::mpsc;

type Sockets = mpsc::Receiver<u64>;

#[derive(SharedState)]
struct AppState {
    sockets: Lendable<Sockets>,
    sum: Arc<AtomicUsize>,
}

#[child(restart(temporary))]
async fn session(ctx: TaskContext, Args(socket): Args<u64>, State(sum): State<Arc<AtomicUsize>>) {
    sum.fetch_add(usize::try_from(socket).unwrap(), Ordering::SeqCst);
    ctx.stopped().await;
}

/// The commonest service: it accepts, and somebody else serves.
#[child]
async fn listener(
    ctx: TaskContext,
    mut sockets: Lease<Sockets>,
    sessions: Pool<session>,
) -> std::io::Result<()> {
    while let Some(Some(socket)) = ctx.until_stopped(sockets.recv()).await {
        sessions.spawn_next(socket).await?;
    }
    Ok(())
}

#[supervisor(state = AppState)]
struct App {
    sessions: Pool<session>,
    listener: listener,
}

async fn settled() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

fn why() -> (&'static str, &'static str) {
    ("test", "to see it")
}

#[tokio::test(start_paused = true)]
async fn a_listener_spawns_into_the_pool_that_the_compiler_found() {
    let (sender, receiver) = mpsc::channel(8);
    let sum = Arc::<AtomicUsize>::default();
    let state = AppState { sockets: Lendable::new(receiver), sum: Arc::clone(&sum) };
    let app = App::start(state).await.unwrap();
    for socket in [1, 20, 300] {
        sender.send(socket).await.unwrap();
    }

    settled().await;

    assert_eq!(sum.load(Ordering::SeqCst), 321);
    let members = app.sessions.members().await.unwrap();
    let paths: Vec<_> = members.iter().map(|member| member.path().as_str()).collect();
    assert_eq!(paths, ["/root/sessions/1", "/root/sessions/2", "/root/sessions/3"]);
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_pool_in_the_hand_of_a_child_keeps_no_tree_alive() {
    let (_sender, receiver) = mpsc::channel(8);
    let state = AppState { sockets: Lendable::new(receiver), sum: Arc::default() };
    let mut builder = App::builder(state);
    let mut events = builder.subscribe_events();
    let app = builder.start().await.unwrap();

    drop(app);

    // To its end, which only comes when the tree is gone.
    while events.next().await.is_some() {}
}

#[child]
async fn shard(ctx: TaskContext, Args(_): Args<usize>) {
    ctx.stopped().await;
}

/// Restarts one of many, and stops when that is done.
#[child(restart(transient))]
async fn balancer(
    _: TaskContext,
    shards: Many<shard>,
    State(seen): State<Arc<AtomicUsize>>,
) -> Result<(), SupervisorError> {
    seen.store(shards.len(), Ordering::SeqCst);
    let Some(third) = shards.get(2) else { return Ok(()) };
    third.restart(("the balancer", "it has too much")).await?;
    Ok(())
}

#[supervisor(requires(Many<shard>))]
struct Inner {
    balancer: balancer,
}

#[supervisor]
struct Store {
    #[child(count = 4)]
    shards: Many<shard>,
    inner: Inner,
}

#[tokio::test(start_paused = true)]
async fn a_child_has_the_handles_of_many_that_stand_further_up() {
    let seen = Arc::<AtomicUsize>::default();
    let app = Store::start(Arc::clone(&seen)).await.unwrap();

    settled().await;

    assert_eq!(seen.load(Ordering::SeqCst), 4);
    for (index, generation) in [1, 1, 2, 1].into_iter().enumerate() {
        assert_eq!(app.shards[index].state().await.unwrap().generation.0, generation);
    }
    assert!(app.shutdown(why()).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn started_alone_a_tree_has_none_of_the_many_that_it_requires() {
    let seen = Arc::new(AtomicUsize::new(7));
    let app = Inner::start(Arc::clone(&seen)).await.unwrap();

    settled().await;

    assert_eq!(seen.load(Ordering::SeqCst), 0);
    assert_eq!(app.balancer.state().await.unwrap().lifecycle, Lifecycle::Down);
}

#[supervisor(requires(Pool<session>))]
struct Alone {
    spawner: spawner,
}

/// Says how a spawn failed.
#[child(restart(temporary))]
async fn spawner(_: TaskContext, sessions: Pool<session>, State(seen): State<Arc<AtomicUsize>>) {
    let error = sessions.spawn("a", 1).await.unwrap_err();
    assert!(matches!(error, SpawnError::Other(_) | SpawnError::ShuttingDown), "{error:?}");
    seen.fetch_add(1, Ordering::SeqCst);
}

#[tokio::test(start_paused = true)]
async fn started_alone_a_tree_cannot_spawn_into_the_pool_that_it_requires() {
    let seen = Arc::<AtomicUsize>::default();
    let _app = Alone::start(Arc::clone(&seen)).await.unwrap();

    settled().await;

    assert_eq!(seen.load(Ordering::SeqCst), 1);
}
