//! What a child does: each run is drawn from the seed, its path and its generation, so that it is
//! the same whatever happens beside it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use rust_supervisor::task::member::{MemberFactory, member_fn};
use rust_supervisor::task::result::TaskResult;
use supervisor_tests::dice::Dice;
use supervisor_tests::{BY, WHY, ms};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::faults::Fault;
use crate::world::{Did, Run, Sim, What};

/// What kind of life the runs of a child have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mood {
    /// How often it sends heartbeats, where it has to.
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) stale_after: Option<Duration>,
    /// Of a hundred runs, how many end by themselves.
    pub(crate) restless: u64,
}

/// Gives everybody else a turn, or some.
pub(crate) async fn jitter(dice: &mut Dice) {
    for _ in 0..dice.below(5).saturating_sub(1) {
        yield_now().await;
    }
}

/// Alive as long as it is not dropped.
struct Life {
    sim: Arc<Sim>,
    run: Run,
    is_helper: bool,
}

impl Life {
    fn main(sim: &Arc<Sim>, run: &Run) -> Self {
        sim.note(What::Begun(run.clone()));
        Self { sim: Arc::clone(sim), run: run.clone(), is_helper: false }
    }

    fn helper(sim: &Arc<Sim>, run: &Run) -> Self {
        sim.note(What::HelperBegun(run.clone()));
        Self { sim: Arc::clone(sim), run: run.clone(), is_helper: true }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let run = self.run.clone();
        self.sim.note(if self.is_helper { What::HelperOver(run) } else { What::Over(run) });
    }
}

/// Panics when it is dropped, unless something panics already.
struct Bomb {
    sim: Arc<Sim>,
    run: Run,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            throw(&self.sim, &self.run, Fault::PanicInDrop);
        }
    }
}

/// An error whose own code panics.
#[derive(Debug)]
struct Nasty;

impl fmt::Display for Nasty {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("sim: no words for it")
    }
}

impl Error for Nasty {}

impl Drop for Nasty {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "sim: not going quietly");
    }
}

/// Says so, and panics.
fn throw(sim: &Sim, run: &Run, fault: Fault) -> ! {
    sim.fault(fault);
    sim.note(What::Did(run.clone(), Did::Panicked));
    panic!("sim: {}", fault.name());
}

/// The last thing a run says.
fn done(sim: &Sim, run: &Run, result: TaskResult) -> TaskResult {
    let did = match result {
        TaskResult::Succeeded => Did::Succeeded,
        TaskResult::Shutdown => Did::Shutdown,
        TaskResult::Ignored => Did::Ignored,
        _ => Did::Failed,
    };
    sim.note(What::Did(run.clone(), did));
    result
}

/// Says what goes wrong, and gives back what follows.
fn with(sim: &Sim, fault: Fault, result: TaskResult) -> TaskResult {
    sim.fault(fault);
    result
}

/// An error of some class.
pub(crate) fn failure(dice: &mut Dice) -> (Fault, TaskResult) {
    let kind = match dice.below(20) {
        0 => TaskFailureKind::FatalConfig,
        1 => TaskFailureKind::FatalBug,
        2..5 => TaskFailureKind::ExternalDependency,
        5..8 => TaskFailureKind::Timeout,
        8 => TaskFailureKind::Cancelled,
        9 => {
            return (Fault::NastyError, TaskResult::Failed(TaskFailure::new(kind_of(dice), Nasty)));
        }
        _ => TaskFailureKind::Recoverable,
    };
    let fault = if kind.is_fatal() { Fault::FatalError } else { Fault::Error };
    (fault, TaskResult::Failed(TaskFailure::new(kind, "sim: out of luck")))
}

fn kind_of(dice: &mut Dice) -> TaskFailureKind {
    *dice.pick(&[TaskFailureKind::Recoverable, TaskFailureKind::Timeout])
}

pub(crate) fn task(sim: &Arc<Sim>, mood: Mood) -> TaskFactory {
    let sim = Arc::clone(sim);
    service_fn(move |ctx: TaskContext| make(&sim, mood, ctx))
}

/// The members of a pool: they are given a number that says nothing.
pub(crate) fn members(sim: &Arc<Sim>, mood: Mood) -> MemberFactory {
    let sim = Arc::clone(sim);
    member_fn(move |ctx: TaskContext, _: u64| make(&sim, mood, ctx))
}

/// The factory: called on the driver's own task.
fn make(sim: &Arc<Sim>, mood: Mood, ctx: TaskContext) -> impl Future<Output = TaskResult> + use<> {
    let run = Run { path: ctx.path().clone(), generation: ctx.generation().0 };
    let mut dice = Dice::of(sim.seed, (run.path.as_str(), run.generation));
    // A tree of which one fails to start the first time does not live to see more.
    let rarely = if run.generation == 1 { 6 } else { 1 };
    if dice.one_in(30 * rarely) {
        if dice.one_in(2) {
            help(sim, &ctx, &run, &mut dice);
        }
        throw(sim, &run, Fault::PanicInFactory);
    }
    let life = Life::main(sim, &run);
    let bomb = dice.one_in(25).then(|| Bomb { sim: Arc::clone(sim), run: run.clone() });
    let sim = Arc::clone(sim);
    async move {
        // Dropped in the reverse order: the bomb first.
        let _life = life;
        let _bomb = bomb;
        jitter(&mut dice).await;
        let result = Box::pin(live(&sim, mood, &ctx, &run, &mut dice)).await;
        jitter(&mut dice).await;
        done(&sim, &run, result)
    }
}

/// Spawns something beside the run, which ends with it or has to be ended.
fn help(sim: &Arc<Sim>, ctx: &TaskContext, run: &Run, dice: &mut Dice) {
    let mut dice = Dice::new(dice.below(1 << 60));
    let life = Life::helper(sim, run);
    let (sim, run, context) = (Arc::clone(sim), run.clone(), ctx.clone());
    ctx.spawn(async move {
        let _life = life;
        jitter(&mut dice).await;
        match dice.below(6) {
            0 => {
                if context.sleep(dice.millis(0, 600)).await {
                    throw(&sim, &run, Fault::PanicInHelper);
                }
            }
            1 => {
                sim.fault(Fault::LastingHelper);
                std::future::pending::<()>().await;
            }
            2 => sleep(dice.millis(0, 900)).await,
            _ => context.stopped().await,
        }
        jitter(&mut dice).await;
    });
}

async fn live(
    sim: &Arc<Sim>,
    mood: Mood,
    ctx: &TaskContext,
    run: &Run,
    dice: &mut Dice,
) -> TaskResult {
    if dice.one_in(3) && !ctx.sleep(dice.millis(0, 350)).await {
        return stop(sim, run, dice).await;
    }
    let rarely = if run.generation == 1 { 6 } else { 1 };
    match dice.below(40 * rarely) {
        0..3 => {
            let (_, error) = failure(dice);
            return with(sim, Fault::StartFailure, error);
        }
        3 => return with(sim, Fault::StartIgnore, TaskResult::Ignored),
        4 => throw(sim, run, Fault::Panic),
        5 => {
            sim.fault(Fault::Hang);
            if dice.one_in(2) {
                ctx.stopped().await;
                return stop(sim, run, dice).await;
            }
            sim.note(What::Deaf(run.clone()));
            return std::future::pending().await;
        }
        _ => {}
    }
    sim.note(What::Ready(run.clone()));
    ctx.ready();
    if dice.one_in(5) {
        help(sim, ctx, run, dice);
    }
    if dice.one_in(60) {
        sim.note(What::Deaf(run.clone()));
        order(sim, ctx, dice).await;
    }
    let ends = dice.below(100) < mood.restless;
    let lasts = if ends { dice.millis(0, 500) } else { Duration::MAX };
    if !work(sim, mood, ctx, run, dice, lasts).await {
        return stop(sim, run, dice).await;
    }
    jitter(dice).await;
    match dice.below(20) {
        0..7 => {
            let (fault, error) = failure(dice);
            with(sim, fault, error)
        }
        7..10 => throw(sim, run, Fault::Panic),
        10..13 => {
            // It waits for something of its own, which somebody else ends.
            let inner = tokio::spawn(std::future::pending::<()>());
            sim.fault(Fault::ExternalAbort);
            inner.abort();
            assert!(inner.await.is_err(), "it never ends");
            let kind = TaskFailureKind::Recoverable;
            TaskResult::Failed(TaskFailure::new(kind, "sim: somebody aborted it"))
        }
        13 => with(sim, Fault::EarlyShutdown, TaskResult::Shutdown),
        // After it was ready that is a success.
        14 => with(sim, Fault::EarlySuccess, TaskResult::Ignored),
        _ => with(sim, Fault::EarlySuccess, TaskResult::Succeeded),
    }
}

/// Works for so long, with the heartbeats that are expected, or without. `false` when it is asked
/// to stop.
async fn work(
    sim: &Arc<Sim>,
    mood: Mood,
    ctx: &TaskContext,
    run: &Run,
    dice: &mut Dice,
    lasts: Duration,
) -> bool {
    let Some(heartbeat) = mood.heartbeat else {
        return if lasts == Duration::MAX {
            ctx.stopped().await;
            false
        } else {
            ctx.sleep(lasts).await
        };
    };
    let mut left = lasts;
    // Some hundred beats are as good as for ever.
    for beat in 0..200 {
        sim.note(What::Beat(run.clone()));
        ctx.heartbeat();
        if beat > 0 && dice.one_in(12) {
            sim.fault(Fault::MissedHeartbeat);
            let silence = mood.stale_after.unwrap_or_default() + dice.millis(1, 2_000);
            return ctx.sleep(silence).await;
        }
        if left <= heartbeat {
            return ctx.sleep(left).await;
        }
        if left != Duration::MAX {
            left -= heartbeat;
        }
        if !ctx.sleep(heartbeat).await {
            return false;
        }
    }
    true
}

/// It is asked to stop.
async fn stop(sim: &Arc<Sim>, run: &Run, dice: &mut Dice) -> TaskResult {
    sim.note(What::Heard(run.clone()));
    jitter(dice).await;
    match dice.below(24) {
        0..2 => {
            sim.fault(Fault::IgnoresStop);
            std::future::pending().await
        }
        2..6 => {
            sim.fault(Fault::SlowStop);
            sleep(dice.millis(1, 700)).await;
            TaskResult::Succeeded
        }
        6..8 => {
            let (_, error) = failure(dice);
            with(sim, Fault::FailsOnStop, error)
        }
        8 => throw(sim, run, Fault::FailsOnStop),
        9 => TaskResult::Shutdown,
        10 => TaskResult::Ignored,
        _ => TaskResult::Succeeded,
    }
}

/// A child that gives orders, to itself too. It waits for the answer for a while.
async fn order(sim: &Arc<Sim>, ctx: &TaskContext, dice: &mut Dice) {
    sim.fault(Fault::OrderFromInside);
    let handle = ctx.supervisor();
    let above = ctx.path().parent();
    let path = if dice.one_in(2) { ctx.path() } else { above.as_ref().unwrap_or(ctx.path()) };
    let wait = ms(dice.below(200));
    let patience = tokio::time::timeout(wait, async {
        match dice.below(7) {
            0 => drop(handle.restart_child(path, BY, WHY).await),
            1 => drop(handle.stop_child(path, BY, WHY).await),
            2 => drop(handle.state_of(path).await),
            3 => drop(handle.wait_until_settled().await),
            4 => drop(handle.quarantine_child(path, BY, WHY).await),
            5 => drop(handle.current_state().await),
            _ => drop(handle.reset_budget(path, BY, WHY).await),
        }
    });
    drop(patience.await);
}
