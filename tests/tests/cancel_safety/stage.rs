//! The tree that calls are dropped in, and the states it is in then.

use std::sync::{Arc, Mutex};

use rust_supervisor::config::environment::Environment;
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::prelude::*;
use rust_supervisor::state::{Lifecycle, TreeState};
use supervisor_tests::{BY, Lives, WHY, ms, poll_then_drop, until};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

/// What the children share with the test.
#[derive(Clone, Default, SharedState)]
pub(crate) struct World {
    pub(crate) lives: Lives,
    /// What the first child was given, so that a tree can be called while it starts.
    pub(crate) doors: Doors,
    /// Lets `fuse` fail.
    pub(crate) fire: Arc<Notify>,
}

#[derive(Clone, Default)]
pub(crate) struct Doors(Arc<Mutex<Option<Subject>>>);

#[child]
async fn door(
    ctx: TaskContext,
    State(lives): State<Lives>,
    State(doors): State<Doors>,
    sessions: Pool<session>,
    up: Handle<up>,
) {
    let _life = lives.live(ctx.path().as_str());
    let handle = ctx.supervisor();
    *doors.0.lock().unwrap() = Some(Subject { handle, sessions, up, app: None });
    ctx.stopped().await;
}

/// Takes a while to be ready.
#[child(readiness(explicit))]
pub(crate) async fn late(ctx: TaskContext, State(lives): State<Lives>) {
    let _life = lives.live(ctx.path().as_str());
    if ctx.sleep(ms(12)).await {
        ctx.ready();
        ctx.stopped().await;
    }
}

#[child]
pub(crate) async fn up(ctx: TaskContext, State(lives): State<Lives>) {
    let _life = lives.live(ctx.path().as_str());
    ctx.stopped().await;
}

#[child]
async fn follower(ctx: TaskContext, State(lives): State<Lives>) {
    let _life = lives.live(ctx.path().as_str());
    ctx.stopped().await;
}

/// Takes a while to end.
#[child(shutdown(grace = "1s"))]
async fn slow(ctx: TaskContext, State(lives): State<Lives>) {
    let _life = lives.live(ctx.path().as_str());
    ctx.stopped().await;
    sleep(ms(10)).await;
}

/// Ready the second time.
#[child(readiness(explicit), backoff(initial = "10s", max = "10s", jitter = 0))]
async fn flaky(ctx: TaskContext, State(lives): State<Lives>) -> Result<(), &'static str> {
    let _life = lives.live(ctx.path().as_str());
    ctx.ready();
    if ctx.generation().0 == 1 {
        yield_now().await;
        return Err("no luck");
    }
    ctx.stopped().await;
    Ok(())
}

#[child(restart(transient))]
async fn down(ctx: TaskContext, State(lives): State<Lives>) {
    let _life = lives.live(ctx.path().as_str());
}

/// Fails once too often at once.
#[child(restart_limit(max = 0, within = "1h"), on_limit(quarantine))]
async fn broken(ctx: TaskContext, State(lives): State<Lives>) -> Result<(), &'static str> {
    let _life = lives.live(ctx.path().as_str());
    if ctx.generation().0 == 1 {
        return Err("it never works the first time");
    }
    ctx.stopped().await;
    Ok(())
}

/// Fails when it is told to.
#[child(backoff(initial = "1ms", max = "1ms", jitter = 0))]
async fn fuse(
    ctx: TaskContext,
    State(lives): State<Lives>,
    State(fire): State<Arc<Notify>>,
) -> Result<(), &'static str> {
    let _life = lives.live(ctx.path().as_str());
    match ctx.until_stopped(fire.notified()).await {
        Some(()) => Err("it is blown"),
        None => Ok(()),
    }
}

#[child(restart(temporary), shutdown(grace = "1s"))]
pub(crate) async fn session(ctx: TaskContext, Args(_): Args<u64>, State(lives): State<Lives>) {
    let _life = lives.live(ctx.path().as_str());
    ctx.stopped().await;
}

#[supervisor(strategy(one_for_all))]
pub(crate) struct Inner {
    #[child(readiness(explicit))]
    late: late,
    fuse: fuse,
}

#[supervisor(intensity(max = 1_000, within = "1s"))]
pub(crate) struct App {
    door: door,
    late: late,
    pub(crate) up: up,
    slow: slow,
    flaky: flaky,
    #[child(depends_on(flaky), on_dependency_restart(restart))]
    follower: follower,
    down: down,
    broken: broken,
    pub(crate) inner: Inner,
    #[child(max_children = 4, from_config)]
    pub(crate) sessions: Pool<session>,
}

/// A running tree, by every handle there is.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) handle: SupervisorHandle,
    pub(crate) sessions: Pool<session>,
    pub(crate) up: Handle<up>,
    /// Not from inside.
    pub(crate) app: Option<Arc<App>>,
}

/// What the tree is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its second child is not ready yet.
    Starting,
    /// A child waits for its restart, and another for that one; a third is in quarantine.
    BackingOff,
    /// Everything is up that will be.
    Steady,
    /// A child and a supervisor are paused, and a child is in quarantine by command.
    HeldOut,
    /// A child is being stopped by command.
    Stopping,
    /// A group restart has stopped its members and waits for the first to be ready.
    Round,
    /// A supervisor is being restarted by command.
    Restarting,
    ShuttingDown,
    Ended,
}

pub(crate) const STAGES: [Stage; 9] = [
    Stage::Starting,
    Stage::BackingOff,
    Stage::Steady,
    Stage::HeldOut,
    Stage::Stopping,
    Stage::Round,
    Stage::Restarting,
    Stage::ShuttingDown,
    Stage::Ended,
];

/// A tree in a stage.
pub(crate) struct Play {
    pub(crate) world: World,
    pub(crate) subject: Subject,
    /// Its start, where that is still to come back.
    starting: Option<tokio::task::JoinHandle<Result<App, SupervisorError>>>,
}

impl Play {
    pub(crate) async fn begin(stage: Stage, config: Option<&std::path::Path>) -> Self {
        let world = World::default();
        let mut builder = App::builder(world.clone()).environment(Environment::none());
        // Full soon, so that it can be seen whether anything else grows.
        builder = builder.remembered_paths(64).journal_capacity(64);
        if let Some(config) = config {
            builder = builder.config_file(config);
        }
        let starting = tokio::spawn(builder.start());
        let mut play = if stage == Stage::Starting {
            until("the first child runs", || world.doors.0.lock().unwrap().is_some()).await;
            let subject = world.doors.0.lock().unwrap().clone().unwrap();
            Self { world, subject, starting: Some(starting) }
        } else {
            let app = Arc::new(starting.await.unwrap().unwrap());
            let (handle, sessions, up) =
                (app.handle().clone(), app.sessions.clone(), app.up.clone());
            let subject = Subject { handle, sessions, up, app: Some(app) };
            Self { world, subject, starting: None }
        };
        // It has handles of the tree in it, which say nothing about this tree any more.
        play.world.doors.0.lock().unwrap().take();
        play.bring_to(stage).await;
        play
    }

    async fn bring_to(&mut self, stage: Stage) {
        let handle = &self.subject.handle;
        if !matches!(stage, Stage::Starting | Stage::BackingOff) {
            sleep(ms(60_000)).await;
        }
        if stage != Stage::Starting {
            self.subject.sessions.spawn("ada", 1).await.unwrap();
        }
        match stage {
            Stage::Starting => self.is("/root/late", Lifecycle::Starting).await,
            Stage::BackingOff => {
                self.is("/root/flaky", Lifecycle::Restarting).await;
                self.is("/root/follower", Lifecycle::Waiting).await;
                self.is("/root/broken", Lifecycle::Quarantined).await;
            }
            Stage::Steady => self.is("/root/follower", Lifecycle::Up).await,
            Stage::HeldOut => {
                handle.pause_child("/root/up", BY, WHY).await.unwrap();
                handle.pause_child("/root/inner", BY, WHY).await.unwrap();
                handle.quarantine_child("/root/slow", BY, WHY).await.unwrap();
            }
            Stage::Stopping => {
                poll_then_drop(handle.stop_child("/root/slow", BY, WHY), 1).await;
                self.is("/root/slow", Lifecycle::Stopping).await;
            }
            Stage::Round => {
                self.world.fire.notify_one();
                self.is("/root/inner/fuse", Lifecycle::Restarting).await;
                sleep(ms(2)).await;
                self.is("/root/inner/late", Lifecycle::Starting).await;
            }
            Stage::Restarting => {
                poll_then_drop(handle.restart_child("/root/inner", BY, WHY), 1).await;
                self.is("/root/inner", Lifecycle::Starting).await;
            }
            Stage::ShuttingDown => {
                poll_then_drop(handle.shutdown_tree(BY, WHY), 1).await;
                self.is("/root", Lifecycle::Stopping).await;
            }
            Stage::Ended => drop(handle.shutdown_tree(BY, WHY).await.unwrap()),
        }
    }

    /// Without a moment that passes meanwhile.
    async fn is(&self, path: &str, lifecycle: Lifecycle) {
        for _ in 0..100 {
            let state = self.subject.handle.state_of(path).await;
            if state.is_ok_and(|state| state.lifecycle == lifecycle) {
                return;
            }
            yield_now().await;
        }
        panic!("`{path}` is not {lifecycle}");
    }

    /// What has become of the tree, a good while later: everybody, in what state, in which run.
    pub(crate) async fn outcome(&mut self) -> String {
        if let Some(starting) = self.starting.take() {
            // The end may have come before it was up.
            if let Ok(app) = starting.await.unwrap() {
                self.subject.handle = app.handle().clone();
                self.subject.app = Some(Arc::new(app));
            }
        }
        sleep(ms(60_000)).await;
        let state = self.subject.handle.current_state().await;
        state.map_or_else(|error| error.to_string(), |state| line_of(&state))
    }

    /// The tree still does what it is told, and comes to an end.
    pub(crate) async fn end(self, about: &str) {
        let handle = self.subject.handle.clone();
        let root =
            handle.state_of("/root").await.unwrap_or_else(|error| panic!("{about}: {error}"));
        if root.lifecycle == Lifecycle::Up {
            handle.wait_until_settled().await.expect(about);
            let lives = self.world.lives.clone();
            let child = rust_supervisor::spec::child::ChildSpec::new("after", lives.parked());
            handle.add_child("/root", child, BY, WHY).await.expect(about);
            let after = handle.stop_child("/root/after", BY, WHY).await.expect(about);
            assert_eq!(after.lifecycle, Some(Lifecycle::Down), "{about}");
        }
        let report = timeout(ms(60_000), handle.shutdown_tree(BY, WHY)).await;
        let report = report.unwrap_or_else(|_| panic!("{about}: it does not end"));
        // From inside the end cannot be waited for.
        if let Ok(report) = report {
            assert!(report.unjoinable().next().is_none(), "{about}: {report}");
        }
    }
}

fn line_of(state: &TreeState) -> String {
    let row = |child: &rust_supervisor::state::ChildState| {
        format!("{} {} {}", child.path, child.lifecycle, child.generation)
    };
    let rows: Vec<_> = state.children.iter().map(row).collect();
    rows.join("\n")
}
