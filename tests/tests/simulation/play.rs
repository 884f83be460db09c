//! One simulation, from its seed to its end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::config::environment::Environment;
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::outcome::CommandOutcome;
use rust_supervisor::control::stream::{EventFilter, EventStream};
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::id::ChildPath;
use rust_supervisor::report::ShutdownReport;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::NodeSpec;
use supervisor_tests::dice::Dice;
use supervisor_tests::{BY, WHY, ms, poll_then_drop};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, timeout};

use crate::child::jitter;
use crate::draw::{Drawn, draw};
use crate::faults::Fault;
use crate::fold::Life;
use crate::reload::{File, Gate};
use crate::threads;
use crate::world::{End, Entry, Said, Sim, Verb, What, below, text_of};

/// What one simulation came to.
pub(crate) struct Outcome {
    pub(crate) log: Vec<Entry>,
    pub(crate) seen: BTreeMap<&'static str, u64>,
    pub(crate) faults: u64,
    pub(crate) broken: Option<String>,
}

/// How a simulation is brought to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finish {
    Shutdown,
    Now,
    LastHandle,
    DropRuntime,
}

const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn play(seed: u64) -> Outcome {
    let mut dice = Dice::new(seed);
    let has_file = dice.one_in(8);
    let drawn = draw(&mut dice, has_file);
    let gate = Arc::new(Gate::default());
    let sim = Sim::new(seed, drawn.natures.clone(), Arc::clone(&gate));
    let (opens, shuts) = (Arc::clone(&gate), gate);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(move || opens.set_open(true))
        .on_thread_unpark(move || shuts.set_open(false))
        .build()
        .expect("a runtime");
    let conduct = Conductor {
        sim: Arc::clone(&sim),
        dice,
        drawn,
        file: None,
        centuries: 4,
        tasks: JoinSet::new(),
    };
    let played = catch_unwind(AssertUnwindSafe(|| runtime.block_on(conduct.play(has_file))));
    // What could not be read any more may be read now.
    sim.gate.set_open(true);
    let is_dropped = matches!(played, Ok(Finish::DropRuntime));
    drop(runtime);
    if is_dropped {
        sim.end(&End { report: None, is_dropped });
    }
    let mut world = sim.world();
    if let Err(panic) = played {
        world.break_law("the harness", &text_of(&*panic));
    }
    Outcome {
        log: std::mem::take(&mut world.log),
        seen: std::mem::take(&mut world.seen),
        faults: world.faults,
        broken: world.broken.take(),
    }
}

struct Conductor {
    sim: Arc<Sim>,
    dice: Dice,
    drawn: Drawn,
    file: Option<File>,
    /// How many of them the clock may still go on by.
    centuries: u64,
    /// Commands that are on their way, and readers.
    tasks: JoinSet<()>,
}

impl Conductor {
    async fn play(mut self, has_file: bool) -> Finish {
        let sim = Arc::clone(&self.sim);
        let mut builder = Supervisor::builder(self.drawn.root.root(&sim))
            .seed(sim.seed)
            .event_capacity(1 << 12)
            .disordered(sim.seed);
        if has_file {
            let file = File::new(&sim.gate);
            builder = builder.config_file(&file.path).environment(Environment::none());
            self.file = Some(file);
        }
        sim.begin(builder.subscribe_events());
        tokio::spawn(threads::watch(Arc::clone(&sim), builder.subscribe_events()));
        for _ in 0..self.drawn.extremes {
            sim.fault(Fault::ExtremeTime);
        }
        // Whoever has for ever to stop is only ended by somebody who has a handle left.
        let is_bounded = self.drawn.extremes == 0;
        let started = if !has_file && is_bounded && self.dice.one_in(20) {
            let polls = usize::try_from(1 + self.dice.below(12)).expect("small");
            let started = poll_then_drop(builder.start(), polls).await;
            if started.is_none() {
                sim.fault(Fault::CancelledFuture);
            }
            started
        } else {
            Some(builder.start().await)
        };
        let handle = match started {
            Some(Ok(handle)) => handle,
            Some(Err(error @ (SupervisorError::Spec(_) | SupervisorError::Config(_)))) => {
                panic!("what was drawn is no tree: {error}")
            }
            Some(Err(error)) => {
                sim.see("a tree that does not start");
                self.step(format!("no start: {error}"));
                return self.ended(None).await;
            }
            None => return self.ended(None).await,
        };
        self.over(&handle).await;
        let steps = 20 + self.dice.below(160);
        for _ in 0..steps {
            Box::pin(self.one_step(&handle)).await;
            jitter(&mut self.dice).await;
            let Ok(state) = handle.current_state().await else { break };
            sim.state(&state);
            if sim.is_broken() || sim.world().facts.fold.has_ended {
                break;
            }
        }
        self.finish(handle).await
    }

    fn step(&self, text: String) {
        self.sim.note(What::Step(text));
    }

    /// What is known right after the start.
    async fn over(&self, handle: &SupervisorHandle) {
        if let Ok(state) = handle.current_state().await {
            self.sim.state(&state);
        }
    }

    async fn one_step(&mut self, handle: &SupervisorHandle) {
        match self.dice.below(100) {
            0..38 => sleep(self.dice.millis(0, 1_000)).await,
            38..40 => sleep(self.dice.millis(0, 5_000)).await,
            40..64 => {
                let command = self.command(handle);
                self.tasks.spawn(command);
            }
            64..68 => {
                self.sim.fault(Fault::CommandStorm);
                for _ in 0..8 + self.dice.below(24) {
                    let command = self.command(handle);
                    self.tasks.spawn(command);
                }
            }
            68..75 => {
                let polls = usize::try_from(self.dice.below(6)).expect("small");
                let command = self.command(handle);
                if Box::pin(poll_then_drop(command, polls)).await.is_none() {
                    self.sim.fault(Fault::CancelledFuture);
                }
            }
            75..80 => self.reader(handle),
            80..84 => {
                self.sim.fault(Fault::DroppedHandle);
                let other = handle.clone();
                self.tasks.spawn(async move {
                    sleep(ms(7)).await;
                    drop(other);
                });
            }
            84..88 => self.jump().await,
            88..92 => self.reload(handle).await,
            92..97 => {
                let patience = self.dice.millis(0, 1_000);
                drop(timeout(patience, handle.wait_until_settled()).await);
            }
            97 if self.dice.one_in(5) => {
                let end =
                    async |handle: SupervisorHandle| drop(handle.shutdown_tree(BY, WHY).await);
                self.sim.fault(Fault::Shutdown);
                self.tasks.spawn(end(handle.clone()));
            }
            98 if self.dice.one_in(12) => {
                let end = async |handle: SupervisorHandle| drop(handle.shutdown_now(BY, WHY).await);
                self.sim.fault(Fault::ForcedShutdown);
                self.tasks.spawn(end(handle.clone()));
            }
            _ => self.step("nothing".to_owned()),
        }
    }

    async fn jump(&mut self) {
        let by = match self.dice.below(6) {
            0 => Duration::from_nanos(1),
            // A tree that is older than 584 years no longer knows its heartbeats to the nanosecond.
            1 if self.centuries > 0 => {
                self.centuries -= 1;
                Duration::from_secs(3_600 * 24 * 365 * (1 + self.dice.below(100)))
            }
            2 => Duration::from_secs(3_600 * self.dice.below(24)),
            _ => self.dice.millis(1, 2_000),
        };
        self.sim.fault(Fault::ClockJump);
        let from = Instant::now();
        // Noted first, because what follows from it is seen before we are.
        self.sim.jump(by);
        advance(by).await;
        assert_eq!(from.elapsed(), by, "the clock went on by itself");
    }

    /// Somebody who reads the events, at his own pace, and may have enough of it.
    fn reader(&mut self, handle: &SupervisorHandle) {
        let mut dice = Dice::new(self.dice.below(1 << 60));
        let sim = Arc::clone(&self.sim);
        let number = sim.next_number();
        let filter = if dice.one_in(2) {
            EventFilter::ALL.from_sequence(1 + dice.below(100))
        } else {
            EventFilter::ALL
        };
        let mut events: EventStream = handle.subscribe(filter);
        self.tasks.spawn(async move {
            let pause = if dice.one_in(2) { dice.millis(1, 200) } else { Duration::ZERO };
            if pause > Duration::ZERO {
                sim.fault(Fault::SlowSubscriber);
            }
            let patience = if dice.one_in(2) { 1 + dice.below(60) } else { u64::MAX };
            for _ in 0..patience {
                let Some(event) = events.next().await else { return };
                sim.note(What::Read(number, event, events.missed()));
                jitter(&mut dice).await;
                if pause > Duration::ZERO {
                    sleep(pause).await;
                }
            }
            sim.fault(Fault::DroppedSubscriber);
        });
    }

    async fn reload(&mut self, handle: &SupervisorHandle) {
        let Some(file) = &self.file else {
            return sleep(self.dice.millis(0, 50)).await;
        };
        // Whatever was being read before is read by now: until then the clock stands still.
        sleep(ms(1)).await;
        if self.dice.one_in(4) {
            self.sim.fault(Fault::BadReload);
            file.say_wrong();
        } else {
            self.sim.fault(Fault::Reload);
            let said = file.draw(&mut self.dice, &self.drawn.natures);
            self.step(said);
        }
        let asked = ask(&self.sim, handle.clone(), Verb::Reload, ChildPath::root(), Ask::Nothing);
        if self.dice.one_in(4) {
            let polls = usize::try_from(self.dice.below(5)).expect("small");
            if poll_then_drop(asked, polls).await.is_none() {
                self.sim.fault(Fault::CancelledFuture);
            }
        } else if self.dice.one_in(2) {
            self.tasks.spawn(asked);
        } else {
            asked.await;
        }
    }

    /// Something that is asked of the tree, with time for others before.
    fn command(&mut self, handle: &SupervisorHandle) -> impl Future<Output = ()> + Send + use<> {
        let dice = &mut self.dice;
        let paths: Vec<_> = self.drawn.natures.keys().collect();
        let mut path = (*dice.pick(&paths)).clone();
        let verb = *dice.pick(&[
            Verb::Start,
            Verb::Start,
            Verb::Stop,
            Verb::Stop,
            Verb::Restart,
            Verb::Restart,
            Verb::Delete,
            Verb::Remove,
            Verb::Pause,
            Verb::Pause,
            Verb::Quarantine,
            Verb::Resume,
            Verb::Resume,
            Verb::Resume,
            Verb::ResetBudget,
            Verb::Add,
            Verb::Add,
            Verb::Spawn,
            Verb::Spawn,
            Verb::WaitReady,
            Verb::WaitSettled,
            Verb::StateOf,
            Verb::Why,
            Verb::Readiness,
        ]);
        let mut verb = verb;
        if dice.one_in(2) {
            // Mostly there are some that do not run: without this they would be more and more.
            let world = self.sim.world();
            let is_down = |path: &&&ChildPath| {
                let above = path.parent().map(|above| world.facts.fold.life(&above));
                above == Some(Life::Up) && world.facts.fold.life(path) == Life::Gone
            };
            let down: Vec<_> = paths.iter().filter(is_down).collect();
            if !down.is_empty() {
                path = (**dice.pick(&down)).clone();
                verb = *dice.pick(&[Verb::Resume, Verb::Restart, Verb::Start]);
            }
        }
        let mut what = Ask::Nothing;
        match verb {
            Verb::Add => {
                let (parent, plan) = dice.pick(&self.drawn.additions);
                path = parent.clone();
                what = Ask::Add(Box::new(plan.spec(&self.sim)));
            }
            Verb::Spawn => {
                let is_pool = |path: &&&ChildPath| {
                    let group = self.drawn.natures[**path].group.as_ref();
                    group.is_some_and(|group| group.members.is_some())
                };
                let pools: Vec<_> = paths.iter().filter(is_pool).collect();
                if !pools.is_empty() {
                    path = (**dice.pick(&pools)).clone();
                }
                let name = ["a", "b"][usize::from(dice.one_in(2))];
                what = Ask::Spawn((!dice.one_in(3)).then_some(name));
            }
            _ if dice.one_in(25) => path = below(&path, "nobody"),
            _ if self.drawn.natures[&path].group.as_ref().is_some_and(|g| g.members.is_some()) => {
                path = below(&path, dice.pick::<&str>(&["a", "b", "1", "2"]));
            }
            _ => {}
        }
        let mut own = Dice::new(dice.below(1 << 60));
        let asked = ask(&self.sim, handle.clone(), verb, path, what);
        async move {
            jitter(&mut own).await;
            asked.await;
        }
    }

    async fn finish(mut self, handle: SupervisorHandle) -> Finish {
        let sim = Arc::clone(&self.sim);
        let finish = match self.dice.below(10) {
            0..6 => Finish::Shutdown,
            6 => Finish::Now,
            7 | 8 if self.drawn.extremes == 0 => Finish::LastHandle,
            7 | 8 => Finish::Now,
            _ => Finish::DropRuntime,
        };
        self.step(format!("{finish:?}"));
        let handle = match finish {
            Finish::DropRuntime => {
                sim.fault(Fault::RuntimeDropped);
                sim.world().is_going = true;
                return finish;
            }
            Finish::LastHandle => {
                self.tasks.abort_all();
                while self.tasks.join_next().await.is_some() {}
                sim.fault(Fault::LastHandle);
                drop(handle);
                None
            }
            Finish::Shutdown => {
                sim.fault(Fault::Shutdown);
                self.spawn_end(&handle, Verb::Shutdown);
                Some(handle)
            }
            Finish::Now => {
                sim.fault(Fault::ForcedShutdown);
                self.spawn_end(&handle, Verb::ShutdownNow);
                Some(handle)
            }
        };
        self.ended(handle).await
    }

    fn spawn_end(&mut self, handle: &SupervisorHandle, verb: Verb) {
        let asked = ask(&self.sim, handle.clone(), verb, ChildPath::root(), Ask::Nothing);
        self.tasks.spawn(asked);
    }

    /// Waits for the end of the tree, which has been asked for, or has come by itself.
    async fn ended(mut self, handle: Option<SupervisorHandle>) -> Finish {
        let sim = Arc::clone(&self.sim);
        let has_ended = async || {
            let waits = async {
                while !sim.world().facts.fold.has_ended && !sim.is_broken() {
                    sleep(ms(50)).await;
                    sim.look();
                }
            };
            timeout(Duration::from_secs(20), waits).await.is_ok()
        };
        if !has_ended().await {
            // Threads that do not listen are waited for as long as is said, which may be for ever.
            sim.see("a shutdown that needs help");
            sim.threads.release();
            if let Some(handle) = &handle {
                sim.fault(Fault::ForcedShutdown);
                // Says nothing: who of several is told of the end first is nobody's law.
                let handle = handle.clone();
                self.tasks.spawn(async move { drop(handle.shutdown_now(BY, WHY).await) });
            }
            if !has_ended().await {
                sim.world().break_law("L44", "a shutdown does not end the tree");
            }
        }
        if sim.is_broken() {
            return Finish::Shutdown;
        }
        let report = match &handle {
            Some(handle) => self.report(handle).await,
            None => None,
        };
        drop(handle);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(HOUR, all).await.is_err() {
            sim.world().break_law("L32", "somebody waits for an answer after the end of the tree");
        }
        sim.end(&End { report, is_dropped: false });
        sim.threads.release();
        let mut met = sim.threads.met.subscribe();
        drop(timeout(HOUR, met.wait_for(|&met| met == 0)).await);
        sleep(ms(1)).await;
        let alive = Handle::current().metrics().num_alive_tasks();
        if alive > 0 {
            sim.world().break_law("L44", &format!("{alive} tasks are left"));
        }
        Finish::Shutdown
    }

    async fn report(&self, handle: &SupervisorHandle) -> Option<ShutdownReport> {
        let joined = timeout(HOUR, handle.join()).await;
        match joined {
            Ok(Ok(report)) => Some(report),
            other => {
                let how = format!("the end has come and there is no report: {other:?}");
                self.sim.world().break_law("L44", &how);
                None
            }
        }
    }
}

/// What goes with a command.
enum Ask {
    Nothing,
    Add(Box<NodeSpec>),
    Spawn(Option<&'static str>),
}

/// Asks for something and says how it was answered.
fn ask(
    sim: &Arc<Sim>,
    handle: SupervisorHandle,
    verb: Verb,
    path: ChildPath,
    what: Ask,
) -> impl Future<Output = ()> + Send + use<> {
    let sim = Arc::clone(sim);
    async move {
        let number = sim.next_number();
        let mut guard = Asked { sim: Arc::clone(&sim), number, is_answered: false };
        sim.note(What::Asked(number, verb, path.clone()));
        let p = &path;
        let done = |result: Result<CommandOutcome, SupervisorError>| result.map(Some);
        let result = match (verb, what) {
            (Verb::Start, _) => done(handle.start_child(p, BY, WHY).await),
            (Verb::Stop, _) => done(handle.stop_child(p, BY, WHY).await),
            (Verb::Restart, _) => done(handle.restart_child(p, BY, WHY).await),
            (Verb::Delete, _) => done(handle.delete_child(p, BY, WHY).await),
            (Verb::Remove, _) => done(handle.remove_child(p, BY, WHY).await),
            (Verb::Pause, _) => done(handle.pause_child(p, BY, WHY).await),
            (Verb::Quarantine, _) => done(handle.quarantine_child(p, BY, WHY).await),
            (Verb::Resume, _) => done(handle.resume_child(p, BY, WHY).await),
            (Verb::ResetBudget, _) => done(handle.reset_budget(p, BY, WHY).await),
            (Verb::Add, Ask::Add(spec)) => done(handle.add_child(p, *spec, BY, WHY).await),
            (Verb::Spawn, Ask::Spawn(Some(id))) => {
                done(handle.spawn_member(p, id, 1_u64, BY, WHY).await)
            }
            (Verb::Add | Verb::Spawn, _) => done(handle.spawn_next_member(p, 1_u64, BY, WHY).await),
            (Verb::WaitReady, _) => done(handle.wait_until_ready(p).await),
            (Verb::WaitSettled, _) => handle.wait_until_settled().await.map(|()| None),
            (Verb::StateOf, _) => handle.state_of(p).await.map(|_| None),
            (Verb::Why, _) => handle.why(p).await.map(|why| {
                drop(why.to_string());
                None
            }),
            (Verb::Readiness, _) => {
                drop((handle.readiness().await, handle.liveness().await));
                Ok(None)
            }
            (Verb::Reload, _) => handle.reload(BY, WHY).await.map(|_| None),
            (Verb::Shutdown, _) => handle.shutdown_tree(BY, WHY).await.map(|_| None),
            (Verb::ShutdownNow, _) => handle.shutdown_now(BY, WHY).await.map(|_| None),
        };
        guard.is_answered = true;
        let said = match result {
            Ok(Some(outcome)) => Said::Done(Box::new(outcome)),
            Ok(None) => Said::Yes,
            Err(error) => Said::No(Arc::new(error)),
        };
        sim.note(What::Answered(number, verb, path, said));
    }
}

/// Says that nobody waits any more, if that is so.
struct Asked {
    sim: Arc<Sim>,
    number: usize,
    is_answered: bool,
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.is_answered {
            self.sim.note(What::Abandoned(self.number));
        }
    }
}
