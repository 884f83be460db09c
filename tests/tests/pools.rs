//! Pools, many of one, and what a child is given: through the public API, on a paused clock.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::restart::{AutoShutdown, Restart};
use rust_supervisor::prelude::*;
use rust_supervisor::report::RowEnd;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::exit::Exit;
use rust_supervisor::task::member::{blocking_member_fn, member_fn};
use supervisor_tests::{BY, WHY, ms, poll_once};
use tokio::time::sleep;

/// What each child was given, run by run.
#[derive(Clone, Default)]
struct Given(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl Given {
    fn note(&self, ctx: &TaskContext, what: &impl ToString) {
        let mut given = self.0.lock().unwrap();
        given.entry(ctx.path().to_string()).or_default().push(what.to_string());
    }

    fn of(&self, path: &str) -> Vec<String> {
        self.0.lock().unwrap().get(path).cloned().unwrap_or_default()
    }
}

#[derive(SharedState)]
struct AppState {
    given: Given,
    calls: Arc<AtomicU32>,
}

impl AppState {
    fn new() -> (Self, Given) {
        let given = Given::default();
        (Self { given: given.clone(), calls: Arc::default() }, given)
    }
}

#[derive(Clone)]
struct Session {
    user: String,
}

fn user(name: &str) -> Session {
    Session { user: name.to_owned() }
}

/// Fails in its first run.
#[child(restart(transient), backoff(initial = "1s", max = "1s", jitter = 0))]
async fn session(
    ctx: TaskContext,
    Args(session): Args<Session>,
    State(given): State<Given>,
) -> Result<(), &'static str> {
    given.note(&ctx, &session.user);
    if ctx.generation().0 == 1 {
        ctx.sleep(ms(100)).await.then_some(()).ok_or("stopped")?;
        return Err("line is bad");
    }
    ctx.stopped().await;
    Ok(())
}

#[child(restart(temporary))]
async fn guest(ctx: TaskContext) {
    ctx.stopped().await;
}

/// Hangs up after a second.
#[child(restart(transient))]
async fn call(ctx: TaskContext) {
    let _ = ctx.sleep(ms(1_000)).await;
}

/// Does not care when it is asked to stop.
#[child(shutdown(grace = "2s"))]
async fn stubborn(_: TaskContext) {
    std::future::pending::<()>().await;
}

#[child(readiness(explicit), restart(temporary))]
async fn picky(ctx: TaskContext, Args(wish): Args<&'static str>) -> Result<TaskResult, String> {
    match wish {
        "fail" => return Err("no".into()),
        "ignore" => return Ok(TaskResult::Ignored),
        _ => {}
    }
    let _ = ctx.sleep(ms(500)).await;
    ctx.ready();
    ctx.stopped().await;
    Ok(TaskResult::Succeeded)
}

#[child(restart(permanent))]
async fn shard(ctx: TaskContext, Args(index): Args<usize>, State(given): State<Given>) {
    given.note(&ctx, &index);
    ctx.stopped().await;
}

#[supervisor]
struct Inner {
    members: Pool<guest>,
    #[child(count = 2)]
    shards: Many<shard>,
}

#[supervisor(state = AppState)]
struct App {
    #[child(max_children = 3)]
    sessions: Pool<session>,
    #[child(max_children = 1)]
    calls: Pool<call>,
    deaf: Pool<stubborn>,
    picky: Pool<picky>,
    #[child(count = 3)]
    shards: Many<shard>,
    #[child(args = 7)]
    seven: shard,
    #[child(args = |state: &AppState| state.calls.fetch_add(1, Ordering::SeqCst) as usize)]
    counted: shard,
    inner: Inner,
}

async fn app() -> (App, Given) {
    let (state, given) = AppState::new();
    (App::start(state).await.unwrap(), given)
}

async fn end(app: &App) -> ShutdownReport {
    app.shutdown((BY, WHY)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_restart_gets_its_arguments_again() {
    let (app, given) = app().await;
    let ada = app.sessions.spawn("ada", user("Ada")).await.unwrap();
    let one = app.sessions.spawn_next(user("Eve")).await.unwrap();
    sleep(ms(2_000)).await;
    assert_eq!(given.of("/root/sessions/ada"), ["Ada", "Ada"]);
    assert_eq!(given.of("/root/sessions/1"), ["Eve", "Eve"]);
    ada.restart((BY, WHY)).await.unwrap();
    sleep(ms(1)).await;
    assert_eq!(given.of("/root/sessions/ada"), ["Ada", "Ada", "Ada"]);
    assert_eq!(one.state().await.unwrap().generation.0, 2);
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_field_gives_is_made_anew_for_every_run() {
    let (app, given) = app().await;
    sleep(ms(1)).await;
    assert_eq!(given.of("/root/seven"), ["7"]);
    for _ in 0..2 {
        app.counted.restart((BY, WHY)).await.unwrap();
        sleep(ms(1)).await;
    }
    assert_eq!(given.of("/root/counted"), ["0", "1", "2"]);
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_pool_says_how_many_it_may_have_and_has_room_again_when_a_life_is_over() {
    let (app, _) = app().await;
    let first = app.calls.spawn_next(()).await.unwrap();
    let error = app.calls.spawn_next(()).await.unwrap_err();
    assert!(matches!(error, SpawnError::Full { max_children: 1, .. }));
    assert_eq!(error.to_string(), "`/root/calls` is full: it has its `max_children`, 1");
    // The call is over, it is transient, and nothing is kept of it.
    sleep(ms(1_500)).await;
    assert!(app.calls.is_empty().await.unwrap());
    let error = first.state().await.unwrap_err();
    assert!(matches!(error, SupervisorError::UnknownPath { .. }), "{error}");
    let second = app.calls.spawn_next(()).await.unwrap();
    assert_eq!(second.path().as_str(), "/root/calls/2");
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_spawned_says_why_and_leaves_nothing() {
    let (app, _) = app().await;
    app.sessions.spawn("ada", user("Ada")).await.unwrap();
    let error = app.sessions.spawn("ada", user("Ada")).await.unwrap_err();
    assert!(matches!(error, SpawnError::AlreadyStarted { .. }));
    assert_eq!(error.to_string(), "`/root/sessions/ada` is already started");
    sleep(ms(500)).await;
    let error = app.sessions.spawn("ada", user("Ada")).await.unwrap_err();
    assert!(matches!(error, SpawnError::AlreadyPresent { .. }), "it waits for its restart");
    for id in ["", "a/b", "a b", &"x".repeat(129)] {
        let error = app.sessions.spawn(id, user("Ada")).await.unwrap_err();
        assert!(matches!(error, SpawnError::BadId { .. }), "{id}: {error}");
        assert_eq!(error.to_string(), "`/root/sessions` cannot have a member of this name");
        assert!(std::error::Error::source(&error).is_some());
    }
    let error = app.picky.spawn("no", "fail").await.unwrap_err();
    assert_eq!(error.to_string(), "`/root/picky/no` failed to start");
    app.picky.spawn("nothing", "ignore").await.unwrap();
    assert!(app.picky.is_empty().await.unwrap());
    app.picky.spawn("yes", "be ready").await.unwrap();
    assert_eq!(app.picky.len().await.unwrap(), 1);
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn members_are_found_by_id_and_in_the_order_in_which_they_were_spawned() {
    let (app, _) = app().await;
    for id in ["b", "a"] {
        app.deaf.spawn(id, ()).await.unwrap();
    }
    app.deaf.spawn_next(()).await.unwrap();
    let paths: Vec<_> = app.deaf.members().await.unwrap();
    let paths: Vec<_> = paths.iter().map(|member| member.path().as_str()).collect();
    assert_eq!(paths, ["/root/deaf/b", "/root/deaf/a", "/root/deaf/1"]);
    assert_eq!(app.deaf.len().await.unwrap(), 3);
    let found = app.deaf.get("a").await.unwrap();
    assert_eq!(found.state().await.unwrap().path.as_str(), "/root/deaf/a");
    assert_eq!(app.deaf.get("c").await, None);
    assert_eq!(app.deaf.get("no id").await, None);
    app.deaf.get("a").await.unwrap().remove((BY, WHY)).await.unwrap();
    assert_eq!(app.deaf.get("a").await, None);
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn members_are_stopped_together_and_each_has_its_row_in_the_report() {
    let (app, _) = app().await;
    for _ in 0..10 {
        app.deaf.spawn_next(()).await.unwrap();
    }
    let mut events = app.handle().subscribe_events();
    let report = end(&app).await;
    let mut kinds = Vec::new();
    while let Some(event) = events.next().await {
        if event.path.as_str().starts_with("/root/deaf/") {
            kinds.push(event.kind.name());
        }
    }
    // All are asked before the patience with any of them is over.
    let first_abort = kinds.iter().position(|kind| *kind == "aborted").unwrap();
    let asked = kinds[..first_abort].iter().filter(|kind| **kind == "stop_requested").count();
    assert_eq!(asked, 10, "{kinds:?}");
    let rows: Vec<_> =
        report.rows.iter().filter(|row| row.path.as_str().starts_with("/root/deaf/")).collect();
    assert_eq!(rows.len(), 10, "{report}");
    for row in rows {
        assert!(matches!(row.end, RowEnd::Ended(Exit::Aborted)) && row.was_aborted, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn many_come_back_with_their_supervisor_and_members_do_not() {
    let (app, given) = app().await;
    app.inner.members.spawn("a", ()).await.unwrap();
    app.inner.shards[1].stop((BY, WHY)).await.unwrap();
    app.restart(App::INNER, (BY, WHY)).await.unwrap();
    assert!(app.inner.members.is_empty().await.unwrap());
    assert_eq!(app.inner.members.get("a").await, None);
    for (index, shard) in app.inner.shards.iter().enumerate() {
        shard.wait_until_ready().await.unwrap();
        let path = format!("/root/inner/shards/{index}");
        assert_eq!(shard.path().as_str(), path);
        sleep(ms(1)).await;
        assert_eq!(given.of(&path), [index.to_string(), index.to_string()]);
    }
    // The pool is there for others.
    app.inner.members.spawn("a", ()).await.unwrap();
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_is_named_by_a_typed_place() {
    let (app, given) = app().await;
    app.restart(App::SHARDS.member(2), (BY, WHY)).await.unwrap();
    app.restart(App::INNER.at(Inner::SHARDS).member(0), (BY, WHY)).await.unwrap();
    sleep(ms(1)).await;
    assert_eq!(given.of("/root/shards/2"), ["2", "2"]);
    assert_eq!(given.of("/root/inner/shards/0"), ["0", "0"]);
    app.deaf.spawn("a", ()).await.unwrap();
    let outcome = app.restart(App::DEAF.member("a").unwrap(), (BY, WHY)).await.unwrap();
    assert_eq!(outcome.generation.0, 2);
    let error = app.restart(App::SHARDS.member(3), (BY, WHY)).await.unwrap_err();
    assert!(matches!(error, SupervisorError::UnknownPath { .. }), "{error}");
    assert!(App::DEAF.member("a b").is_err());
    end(&app).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "index out of bounds: the len is 3 but the index is 3")]
async fn an_index_beyond_the_last_panics_as_that_of_a_slice_does() {
    let (app, _) = app().await;
    let _ = &app.shards[3];
}

#[tokio::test(start_paused = true)]
async fn nobody_is_spawned_when_the_end_has_begun() {
    let (app, _) = app().await;
    app.deaf.spawn_next(()).await.unwrap();
    let mut ending = pin!(app.shutdown((BY, WHY)));
    assert!(poll_once(ending.as_mut()).is_pending());
    let error = app.sessions.spawn("ada", user("Ada")).await.unwrap_err();
    assert!(matches!(error, SpawnError::ShuttingDown), "{error}");
    ending.await.unwrap();
    let error = app.sessions.spawn_next(user("Ada")).await.unwrap_err();
    assert!(matches!(error, SpawnError::ShuttingDown), "{error}");
    assert_eq!(app.sessions.get("ada").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_supervisor_is_down_says_so() {
    let (app, _) = app().await;
    app.handle().stop_child("/root/inner", BY, WHY).await.unwrap();
    let error = app.inner.members.spawn("a", ()).await.unwrap_err();
    assert!(matches!(error, SpawnError::Other(SupervisorError::SupervisorDown { .. })), "{error}");
    assert!(error.to_string().ends_with("is down"), "{error}");
    end(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_spawn_whose_future_is_dropped_is_carried_out_all_the_same() {
    let (app, _) = app().await;
    {
        let mut spawning = pin!(app.picky.spawn("a", "be ready"));
        assert!(poll_once(spawning.as_mut()).is_pending());
    }
    sleep(ms(1_000)).await;
    let member = app.picky.get("a").await.unwrap();
    member.wait_until_ready().await.unwrap();
    // One that was never polled has never been asked for.
    drop(app.picky.spawn("b", "be ready"));
    sleep(ms(1_000)).await;
    assert_eq!(app.picky.get("b").await, None);
    assert!(end(&app).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_child_can_spawn_and_keeps_the_tree_alive_in_doing_so_for_nobody() {
    let ended = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&ended);
    let members = member_fn(move |ctx: TaskContext, depth: u32| {
        let seen = Arc::clone(&seen);
        async move {
            let tree = ctx.supervisor();
            if depth > 0 {
                tree.spawn_next_member("/root/pool", depth - 1, BY, WHY).await?;
            }
            ctx.stopped().await;
            let late = tree.spawn_next_member("/root/pool", 0_u32, BY, WHY).await;
            assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
            seen.fetch_add(1, Ordering::SeqCst);
            Ok::<_, SupervisorError>(())
        }
    });
    let pool = SupervisorSpec::pool("pool").members(members);
    let handle = Supervisor::start(SupervisorSpec::root().child(pool)).await.unwrap();
    handle.spawn_member("/root/pool", "first", 3_u32, BY, WHY).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(handle.current_state().await.unwrap().children_of("/root/pool").count(), 4);
    drop(handle);
    sleep(ms(10)).await;
    assert_eq!(ended.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn arguments_of_another_type_are_refused() {
    let pool = SupervisorSpec::pool("pool").members(blocking_member_fn(|_, _: u64| ()));
    let tree = SupervisorSpec::root().child(pool).child(SupervisorSpec::pool("bare"));
    let handle = Supervisor::start(tree).await.unwrap();
    let error = handle.spawn_member("/root/pool", "a", "1", BY, WHY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing can be spawned in `/root/pool`: its members take a `u64`, and were to be given a \
         `&str`"
    );
    let error = handle.spawn_member("/root/bare", "a", 1_u64, BY, WHY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/root/bare` is no pool with `members`, so nothing can be spawned in it"
    );
    handle.shutdown_tree(BY, WHY).await.unwrap();
}

#[test]
fn what_is_wrong_with_a_pool_or_a_many_is_said_before_the_start() {
    let mut transient = PolicyPatch::NONE;
    transient.significant = Some(true);
    transient.restart = Some(Restart::Transient);
    let unit = || member_fn(async |_: TaskContext, (): ()| ());
    let index = || member_fn(async |_: TaskContext, _: usize| ());
    let mut never_waits = PolicyPatch::NONE;
    never_waits.backoff.factor = Some(0.5);
    let tree = SupervisorSpec::root()
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(SupervisorSpec::pool("none").members(unit()).max_children(0))
        .child(SupervisorSpec::pool("counts").members(unit()).member_policy(transient))
        .child(SupervisorSpec::pool("shrinks").members(unit()).member_policy(never_waits))
        .child(SupervisorSpec::many("nobody", 0, index()))
        .child(SupervisorSpec::many("too_many", 65_537, index()))
        .child(SupervisorSpec::many("given", 2, unit()))
        .child(SupervisorSpec::many("alike", 9, index()).member_policy(never_waits))
        .child(SupervisorSpec::many("bounded", 1, index()).max_children(1))
        .child(SupervisorSpec::new("plain").count(3).max_children(1).member_policy(never_waits))
        .child(SupervisorSpec::pool("counted").count(1));
    let error = tree.validate().unwrap_err();
    let lines: Vec<_> = error.violations().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "`/root/none`: `max_children` is 0: the pool could hold nobody",
            "`/root/counts`: it is significant, but the members of a pool are all alike",
            "`/root/shrinks`: backoff `factor` is 0.5; it is at least 1, or the wait would shrink",
            "`/root/nobody`: `count` is 0; a many has from 1 to 65536 children",
            "`/root/too_many`: `count` is 65537; a many has from 1 to 65536 children",
            "`/root/given`: a many gives each child its index: its members take a `()`, and were \
             to be given a `usize`",
            "`/root/alike/0`: backoff `factor` is 0.5; it is at least 1, or the wait would shrink",
            "`/root/bounded`: `max_children` means nothing here: only a pool has it",
            "`/root/plain`: `max_children` means nothing here: only a pool has it",
            "`/root/plain`: `count` means nothing here: only a many has it",
            "`/root/plain`: `member_policy` means nothing here: only a pool or a many has it",
            "`/root/counted`: `count` means nothing here: only a many has it",
        ]
    );
}
