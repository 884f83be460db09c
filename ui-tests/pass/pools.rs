//! Pools, manies and arguments: what they are in the types, and what they do in a tree.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::prelude::*;

/// Not one of ours, though it is called the same.
mod others {
    pub struct Args<T>(pub T);
}

#[derive(Clone)]
struct Session {
    user: u64,
}

#[derive(Clone, SharedState)]
struct AppState {
    seen: Arc<AtomicUsize>,
    first: usize,
}

mod children {
    use super::*;
    use rust_supervisor::tree::args::Args as Given;

    /// A member with arguments, under another name.
    #[child(restart(temporary))]
    pub async fn session(
        ctx: TaskContext,
        Given(session): Given<Session>,
        State(seen): State<Arc<AtomicUsize>>,
    ) {
        seen.fetch_add(session.user as usize, Ordering::SeqCst);
        ctx.stopped().await;
    }

    #[child]
    pub async fn shard(State(seen): State<Arc<AtomicUsize>>, Given(index): Given<usize>, ctx: TaskContext) {
        seen.fetch_add(index, Ordering::SeqCst);
        ctx.stopped().await;
    }

    #[child]
    pub async fn plain(ctx: TaskContext) {
        let _ = super::others::Args(1).0;
        ctx.stopped().await;
    }

    /// Generic, also in what it is given.
    #[child]
    pub async fn consumer<T: Clone + Send + Sync>(ctx: TaskContext, Given(_): Given<Vec<T>>) -> Result<(), T>
    where
        T: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        ctx.stopped().await;
        Ok(())
    }

    #[child(blocking)]
    pub fn crunch(ctx: BlockingContext, Given((from, to)): Given<(u32, u32)>) {
        assert!(from < to);
        while ctx.sleep(Duration::from_millis(1)) {}
    }
}

use children::{consumer, crunch, plain, session, shard};

const MOST: u32 = 2;

#[supervisor(state = AppState, strategy(one_for_all))]
struct App {
    #[child(max_children = MOST, intensity(max = 3, within = "1s"), meltdown(shutdown), restart(transient))]
    sessions: Pool<session>,
    /// Without a limit, and of what takes nothing.
    any: Pool<plain>,
    #[child(intensity(max = 3, within = "1s"))]
    some: Pool<crunch>,
    #[child(count = 3, shutdown(grace = "1s"))]
    shards: Many<shard>,
    #[child(count = MOST + 1)]
    plains: Many<plain>,
    #[child(args = 10)]
    ten: shard,
    #[child(args = |state: &AppState| state.first, restart(transient))]
    first: shard,
    #[child(args = { let from = 1; (from, 2) })]
    crunch: crunch,
    #[cfg(any())]
    #[child(args = "nothing")]
    absent: nowhere,
    #[cfg(any())]
    #[child(max_children = 7)]
    nobody: Pool<nowhere>,
    #[child(args = vec![String::from("a")])]
    words: consumer<String>,
    consumers: Pool<consumer<&'static str>>,
    #[cfg(all())]
    present: Pool<plain>,
    inner: Inner,
}

/// Under any state that has what is needed.
#[supervisor]
struct Inner {
    #[child(args = 5)]
    five: shard,
    #[child(count = 1)]
    one: Many<shard>,
    members: Pool<session>,
    #[cfg(all())]
    #[child(args = 6)]
    six: shard,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seen = Arc::new(AtomicUsize::new(0));
    let app = App::start(AppState { seen: Arc::clone(&seen), first: 100 }).await?;
    app.supervisor_is_settled().await?;
    assert_eq!(seen.load(Ordering::SeqCst), 1 + 2 + 10 + 100 + 5 + 6);

    let ada: Handle<session> = app.sessions.spawn("ada", Session { user: 1_000 }).await?;
    assert_eq!(ada.path().as_str(), "/root/sessions/ada");
    let first = app.sessions.spawn_next(Session { user: 1_000 }).await?;
    assert_eq!(first.path().as_str(), "/root/sessions/1");
    let full = app.sessions.spawn(String::from("bob"), Session { user: 0 }).await;
    assert!(matches!(full, Err(SpawnError::Full { max_children: 2, .. })), "{full:?}");
    assert_eq!(app.sessions.get("ada").await, Some(ada));
    assert_eq!(app.sessions.get("eve").await, None);
    assert_eq!(app.sessions.members().await?.len(), 2);
    app.any.spawn("a", ()).await?;
    app.some.spawn_next((1, 2)).await?;
    app.consumers.spawn("c", vec!["orders"]).await?;
    app.inner.members.spawn_next(Session { user: 1 }).await?;
    assert!(app.present.is_empty().await?);

    assert_eq!(app.shards.len(), 3);
    assert_eq!(app.shards[2].path().as_str(), "/root/shards/2");
    assert_eq!(app.shards.get(3), None);
    assert_eq!(app.shards.iter().count(), 3);
    for plain in &app.plains {
        plain.wait_until_ready().await?;
    }
    app.shards[0].restart(by("a test").because("it can")).await?;
    app.restart(App::SHARDS.member(1), by("a test").because("it can")).await?;
    app.restart(App::INNER.at(Inner::ONE).member(0), by("a test").because("it can")).await?;
    app.restart(App::SESSIONS.member("ada")?, by("a test").because("it can")).await?;
    app.restart(App::SESSIONS, by("a test").because("it can")).await?;
    assert!(app.sessions.is_empty().await?);
    assert_eq!(app.clone().sessions, app.sessions);
    app.shutdown(by("a test").because("it is over")).await?;
    Ok(())
}

impl App {
    async fn supervisor_is_settled(&self) -> Result<(), SupervisorError> {
        self.handle().wait_until_settled().await?;
        // Everybody has had a turn.
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(())
    }
}
