//! What has happened so far, in one order: what our own children, threads, commands and readers
//! did, and what the tree said. Each entry is shown to every invariant.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rust_supervisor::control::outcome::CommandOutcome;
use rust_supervisor::control::stream::EventStream;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::{Event, EventKind};
use rust_supervisor::id::{ChildId, ChildPath};
use rust_supervisor::report::ShutdownReport;
use rust_supervisor::state::TreeState;
use tokio::time::Instant;

use crate::faults::Fault;
use crate::fold::Fold;
use crate::invariants::{self, Invariant};
use crate::nature::Nature;
use crate::threads::Threads;

/// More than this in one history is a circle that no clock ends.
const MOST_ENTRIES: usize = 400_000;

/// Which run of which child.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Run {
    pub(crate) path: ChildPath,
    pub(crate) generation: u64,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.path, self.generation)
    }
}

/// How a run is about to end, by its own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    Succeeded,
    Shutdown,
    Ignored,
    Failed,
    Panicked,
}

/// What was asked, and how it was answered.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Done(Box<CommandOutcome>),
    /// Something other than a command was answered.
    Yes,
    No(Arc<SupervisorError>),
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// The tree said so.
    Event(Arc<Event>),
    /// A run has begun: its future is there, or its thread. Said by itself.
    Begun(Run),
    /// A run says that it is ready.
    Ready(Run),
    /// It sends a heartbeat.
    Beat(Run),
    /// It has been told to stop, and does something about it.
    Heard(Run),
    /// It does not listen any more, or not for a while.
    Deaf(Run),
    /// It ends so, or a part of it does. A run may say so more than once: the main part returns,
    /// and a destructor panics.
    Did(Run, Did),
    /// The last destructor of its main part was called.
    Over(Run),
    HelperBegun(Run),
    HelperOver(Run),
    Fault(Fault),
    Asked(usize, Verb, ChildPath),
    Answered(usize, Verb, ChildPath, Said),
    /// Nobody waits for the answer any more.
    Abandoned(usize),
    /// The clock was at the first time, and is at the second.
    Jumped(Duration, Duration),
    /// What is done next to the tree.
    Step(String),
    /// A subscriber has read this.
    Read(usize, Arc<Event>, u64),
}

/// What can be asked of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Start,
    Stop,
    Restart,
    Delete,
    Remove,
    Pause,
    Quarantine,
    Resume,
    ResetBudget,
    Add,
    Spawn,
    WaitReady,
    WaitSettled,
    StateOf,
    Why,
    Readiness,
    Reload,
    Shutdown,
    ShutdownNow,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// On the clock of the tree.
    pub(crate) at: Duration,
    pub(crate) what: What,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.as_micros();
        write!(f, "{:>8}.{:03} ", micros / 1000, micros % 1000)?;
        match &self.what {
            What::Event(event) => {
                let Event { sequence, path, generation, correlation, kind, .. } = &**event;
                write!(f, "       {sequence:>5} {path} {generation} [{correlation}] {kind}")?;
                event.command.map_or(Ok(()), |id| write!(f, " by {id}"))
            }
            What::Begun(run) => write!(f, "  {run} has begun"),
            What::Ready(run) => write!(f, "  {run} says it is ready"),
            What::Beat(run) => write!(f, "  {run} beats"),
            What::Heard(run) => write!(f, "  {run} is told to stop"),
            What::Deaf(run) => write!(f, "  {run} does not listen"),
            What::Did(run, did) => write!(f, "  {run} {did:?}"),
            What::Over(run) => write!(f, "  {run} is over"),
            What::HelperBegun(run) => write!(f, "  {run} has a helper more"),
            What::HelperOver(run) => write!(f, "  {run} has a helper less"),
            What::Fault(fault) => write!(f, "  ! {}", fault.name()),
            What::Asked(n, verb, path) => write!(f, "? {n} {verb:?} {path}"),
            What::Answered(n, verb, path, said) => {
                write!(f, "= {n} {verb:?} {path}: ")?;
                match said {
                    Said::Done(outcome) => {
                        let life = outcome.lifecycle.map(|life| life.to_string());
                        write!(f, "{} {life:?}", outcome.generation)
                    }
                    Said::Yes => f.write_str("yes"),
                    // It names the file, which is another one each time.
                    Said::No(error) if matches!(**error, SupervisorError::Config(_)) => {
                        f.write_str("no, the configuration cannot be used")
                    }
                    Said::No(error) => write!(f, "no, {error}"),
                }
            }
            What::Abandoned(n) => write!(f, "x {n}"),
            What::Jumped(from, to) => write!(f, "the clock jumps from {from:?} to {to:?}"),
            What::Step(text) => write!(f, "-- {text}"),
            What::Read(n, event, missed) => {
                write!(f, "  reader {n}: {} and {missed} missed", event.sequence)
            }
        }
    }
}

/// The parts of a run that are alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alive {
    pub(crate) is_main: bool,
    pub(crate) helpers: usize,
}

/// What is known without asking the library, but for `fold`, which is what its events amount to.
pub(crate) struct Facts {
    pub(crate) natures: BTreeMap<ChildPath, Nature>,
    /// Our own runs, by path and generation, with all that is still there of them.
    pub(crate) lives: BTreeMap<ChildPath, BTreeMap<u64, Alive>>,
    pub(crate) fold: Fold,
    pub(crate) jumps: Vec<(Duration, Duration)>,
    /// Who may have been given other values than those of its nature.
    pub(crate) reconfigured: BTreeSet<ChildPath>,
}

impl Facts {
    /// What we have drawn for a path. A member of a pool is what its pool says.
    pub(crate) fn nature(&self, path: &ChildPath) -> &Nature {
        if let Some(nature) = self.natures.get(path) {
            return nature;
        }
        let pool = path.parent().and_then(|pool| self.natures.get(&pool));
        let group = pool.and_then(|pool| pool.group.as_ref());
        let members = group.and_then(|group| group.members.as_ref());
        &members.unwrap_or_else(|| panic!("nobody has drawn {path}")).0
    }

    /// The group of a supervisor.
    pub(crate) fn group(&self, path: &ChildPath) -> &crate::nature::Group {
        self.nature(path).group.as_ref().unwrap_or_else(|| panic!("{path} is no supervisor"))
    }

    /// The paths at or below this one at which something of ours is alive.
    pub(crate) fn alive_within<'a>(
        &'a self,
        path: &'a ChildPath,
    ) -> impl Iterator<Item = &'a ChildPath> {
        let from = self.lives.range(path.clone()..);
        from.take_while(move |(at, _)| at.as_str().starts_with(path.as_str()))
            .filter(move |(at, _)| at.is_within(path))
            .map(|(at, _)| at)
    }

    /// Whether something that was due has been done in time: timers are exact to the millisecond, rounded up,
    /// and what falls into a jump of the clock is late by as much.
    pub(crate) fn is_in_time(&self, due: Duration, at: Duration) -> bool {
        let slack = Duration::from_millis(2);
        let latest = due.saturating_add(slack);
        at <= latest
            || self.jumps.iter().any(|&(from, to)| from <= latest && at <= to.saturating_add(slack))
    }

    fn apply(&mut self, entry: &Entry) {
        match &entry.what {
            What::Event(event) => {
                // One that is not there now has other values when it comes back.
                if let EventKind::Commanded { command: "reload", .. } = event.kind {
                    self.reconfigured.extend(self.natures.keys().cloned());
                }
                self.fold.apply(event);
            }
            What::Begun(run) => self.part(run, |alive| alive.is_main = true),
            What::Over(run) => self.part(run, |alive| alive.is_main = false),
            What::HelperBegun(run) => self.part(run, |alive| alive.helpers += 1),
            What::HelperOver(run) => self.part(run, |alive| alive.helpers -= 1),
            What::Jumped(from, to) => self.jumps.push((*from, *to)),
            _ => {}
        }
    }

    fn part(&mut self, run: &Run, change: impl FnOnce(&mut Alive)) {
        let lives = self.lives.entry(run.path.clone()).or_default();
        let alive = lives.entry(run.generation).or_default();
        change(alive);
        if *alive == Alive::default() {
            lives.remove(&run.generation);
            if lives.is_empty() {
                self.lives.remove(&run.path);
            }
        }
    }
}

/// How it ended.
pub(crate) struct End {
    /// Nothing where the tree is gone without one.
    pub(crate) report: Option<ShutdownReport>,
    /// Whether its runtime was dropped.
    pub(crate) is_dropped: bool,
}

pub(crate) struct World {
    pub(crate) facts: Facts,
    pub(crate) log: Vec<Entry>,
    /// Whether its runtime is being dropped.
    pub(crate) is_going: bool,
    /// How often each thing has been seen.
    pub(crate) seen: BTreeMap<&'static str, u64>,
    pub(crate) faults: u64,
    /// The first law that was broken, and how.
    pub(crate) broken: Option<String>,
    events: Option<EventStream>,
    invariants: Vec<Box<dyn Invariant>>,
    asked: usize,
    epoch: Option<Instant>,
}

impl World {
    fn push(&mut self, at: Duration, what: What) {
        if self.broken.is_some() {
            return;
        }
        let entry = Entry { at, what };
        let Self { facts, invariants, .. } = self;
        let mut broken = None;
        for invariant in &mut *invariants {
            let law = invariant.law();
            hold(law, &mut broken, || invariant.entry(facts, &entry));
        }
        self.broken = broken;
        self.facts.apply(&entry);
        self.see(&entry);
        // In which order many are dropped at once is Tokio's business.
        if !self.is_going && !matches!(entry.what, What::Abandoned(_)) {
            self.log.push(entry);
        }
        if self.log.len() > MOST_ENTRIES {
            self.break_law("what happens comes to an end", "it goes on and on");
        }
    }

    fn see(&mut self, entry: &Entry) {
        let mut see = |what| *self.seen.entry(what).or_default() += 1;
        match &entry.what {
            What::Event(event) => {
                see(event.kind.name());
                match &event.kind {
                    EventKind::Exited { exit } | EventKind::StartFailed { exit } => {
                        see(exit.word());
                    }
                    EventKind::Decided { decision } => see(decision.rule().name()),
                    _ => {}
                }
            }
            What::Fault(fault) => {
                self.faults += 1;
                see(fault.name());
            }
            _ => {}
        }
    }

    pub(crate) fn break_law(&mut self, law: &str, how: &str) {
        self.broken.get_or_insert_with(|| format!("{law}: {how}"));
    }

    /// Takes in what the tree has said so far. So what it says and what our own runs say is in
    /// one order.
    fn sync(&mut self) {
        let Some(mut events) = self.events.take() else { return };
        while let Some(event) = events.try_next() {
            let at = event.uptime;
            self.push(at, What::Event(event));
        }
        if events.missed() > 0 {
            self.break_law("the harness", "it has missed events");
        }
        self.events = Some(events);
    }

    fn now(&self) -> Duration {
        self.epoch.map_or(Duration::ZERO, |epoch| epoch.elapsed())
    }
}

/// Notes in `broken` if `law` does not hold.
fn hold(law: &str, broken: &mut Option<String>, check: impl FnOnce()) {
    if broken.is_none()
        && let Err(panic) = catch_unwind(AssertUnwindSafe(check))
    {
        *broken = Some(format!("{law}: {}", text_of(&*panic)));
    }
}

/// What a panic said.
pub(crate) fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default()
}

/// One simulation, as everybody in it sees it.
pub(crate) struct Sim {
    pub(crate) seed: u64,
    pub(crate) threads: Threads,
    pub(crate) gate: Arc<crate::reload::Gate>,
    world: Mutex<World>,
}

impl Sim {
    pub(crate) fn new(
        seed: u64,
        natures: BTreeMap<ChildPath, Nature>,
        gate: Arc<crate::reload::Gate>,
    ) -> Arc<Self> {
        let facts = Facts {
            natures,
            lives: BTreeMap::new(),
            fold: Fold::default(),
            jumps: Vec::new(),
            reconfigured: BTreeSet::new(),
        };
        let world = World {
            facts,
            log: Vec::new(),
            is_going: false,
            seen: BTreeMap::new(),
            faults: 0,
            broken: None,
            events: None,
            invariants: invariants::all(),
            asked: 0,
            epoch: None,
        };
        Arc::new(Self { seed, threads: Threads::default(), gate, world: Mutex::new(world) })
    }

    /// The clock of the tree begins now.
    pub(crate) fn begin(&self, events: EventStream) {
        let mut world = self.world();
        world.events = Some(events);
        world.epoch = Some(Instant::now());
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, what: What) {
        let mut world = self.world();
        world.sync();
        let now = world.now();
        world.push(now, what);
    }

    /// Takes in what the tree has said.
    pub(crate) fn look(&self) {
        self.world().sync();
    }

    /// The clock is about to go on by so much, at once.
    pub(crate) fn jump(&self, by: Duration) {
        let now = self.world().now();
        self.note(What::Jumped(now, now.saturating_add(by)));
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.note(What::Fault(fault));
    }

    /// The number of the next thing that is asked.
    pub(crate) fn next_number(&self) -> usize {
        let mut world = self.world();
        world.asked += 1;
        world.asked
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.world().broken.is_some()
    }

    /// Counts something that is not a fault.
    pub(crate) fn see(&self, what: &'static str) {
        *self.world().seen.entry(what).or_default() += 1;
    }

    /// Shows the state of the tree to the invariants, if nothing has been said since.
    pub(crate) fn state(&self, state: &TreeState) {
        let mut world = self.world();
        world.sync();
        if state.sequence != world.facts.fold.sequence() {
            *world.seen.entry("a state that is old already").or_default() += 1;
            return;
        }
        *world.seen.entry("a state to compare").or_default() += 1;
        for child in &state.children {
            *world.seen.entry(state_name(child.lifecycle)).or_default() += 1;
        }
        let World { facts, invariants, broken, .. } = &mut *world;
        for invariant in invariants {
            let law = invariant.law();
            hold(law, broken, || invariant.state(facts, state));
        }
    }

    /// Shows the end to the invariants.
    pub(crate) fn end(&self, end: &End) {
        let mut world = self.world();
        world.sync();
        let World { facts, invariants, broken, .. } = &mut *world;
        for invariant in invariants {
            let law = invariant.law();
            hold(law, broken, || invariant.end(facts, end));
        }
    }
}

fn state_name(lifecycle: rust_supervisor::state::Lifecycle) -> &'static str {
    use rust_supervisor::state::Lifecycle;
    match lifecycle {
        Lifecycle::Waiting => "state waiting",
        Lifecycle::Starting => "state starting",
        Lifecycle::Up => "state up",
        Lifecycle::Stopping => "state stopping",
        Lifecycle::Restarting => "state restarting",
        Lifecycle::Down => "state down",
        Lifecycle::Disabled => "state disabled",
        Lifecycle::Paused => "state paused",
        Lifecycle::Quarantined => "state quarantined",
        Lifecycle::Unjoinable => "state unjoinable",
        _ => "state unknown",
    }
}

/// The path of a child below another.
pub(crate) fn below(path: &ChildPath, id: &str) -> ChildPath {
    path.join(&ChildId::new(id).unwrap_or_else(|error| panic!("{id}: {error}")))
}
