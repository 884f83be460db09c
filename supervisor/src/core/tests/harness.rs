//! The driver and the world, played to an engine: runs that obey, that do not, and that never end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::notation;
use crate::control::command::{By, Command};
use crate::core::action::Action;
use crate::core::engine::{Engine, Options};
use crate::core::input::{Input, RunEnd};
use crate::core::key::RunKey;
use crate::core::reconfigure::Kept;
use crate::core::time::Uptime;
use crate::event::ValueChange;
use crate::id::{ChildPath, CommandId, Generation};
use crate::policy::Policy;
use crate::spec::plan::{NodePlan, PlanKind, SupervisorPlan};
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::validate::ValidSpec;

/// What a run does when it is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// It ends when it is cancelled.
    Obedient,
    /// It ends when it is aborted.
    Stubborn,
    /// It ends when the script says so.
    Immortal,
    /// There is none: its factory fails.
    Unborn,
}

/// A run that was started and has not ended.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) path: String,
    pub(super) manner: Manner,
    pub(super) is_blocking: bool,
    pub(super) is_spawned: bool,
    pub(super) cancelled_at: Option<Uptime>,
    pub(super) aborted_at: Option<Uptime>,
    pub(super) beat_at: Option<Uptime>,
}

/// What was said about a child.
struct Said {
    policy: Policy,
    dependencies: Vec<ChildPath>,
    /// If it is a supervisor, what was said about what is below it.
    plan: Option<Arc<SupervisorPlan>>,
}

/// What a reload says about each child and supervisor.
pub(super) fn reloaded(input: &Input) -> BTreeMap<ChildPath, PlanKind> {
    let Input::Command(_, Command::Reload { spec, .. }) = input else { return BTreeMap::new() };
    let Ok(valid) = spec.validate() else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    let mut waiting = vec![(ChildPath::root(), PlanKind::Supervisor(valid.root))];
    while let Some((path, kind)) = waiting.pop() {
        if let PlanKind::Supervisor(plan) = &kind {
            let below = |NodePlan { path, kind }: &NodePlan| (path.clone(), kind.clone());
            waiting.extend(plan.children.iter().map(below));
        }
        all.insert(path, kind);
    }
    all
}

/// What must hold whatever happens.
pub(super) trait Invariant {
    /// Before an input.
    fn input(&mut self, _world: &World, _input: &Input) {}
    /// Before an action is done.
    fn action(&mut self, _world: &World, _action: &Action) {}
    /// After an input, with all that followed.
    fn after(&mut self, _world: &World) {}
    /// When the tree has ended.
    fn end(&mut self, _world: &World) {}
}

pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) now: Uptime,
    pub(super) runs: BTreeMap<RunKey, Run>,
    pub(super) has_ended: bool,
    /// Whether every run sends its heartbeats without being told to.
    pub(super) all_beat: bool,
    /// Everything the engine said, for those who compare.
    pub(super) log: Vec<(Uptime, Action)>,
    pub(super) manners: BTreeMap<String, Manner>,
    /// Draws the manners of runs, in a simulation.
    pub(super) rng: Option<fastrand::Rng>,
    pub(super) invariants: Vec<Box<dyn Invariant>>,
    /// What the tree is declared as, where it can be configured anew.
    pub(super) declared: Option<SupervisorSpec>,
    /// What the commands were, in their order.
    pub(super) commands: Vec<String>,
    specs: BTreeMap<ChildPath, Said>,
    /// The runs of each path, latest last.
    pub(super) history: BTreeMap<String, Vec<RunKey>>,
    feedback: VecDeque<Input>,
}

pub(super) fn by() -> By {
    By { requested_by: "ada".into(), reason: "a test".into() }
}

pub(super) fn path(name: &str) -> ChildPath {
    let text = if name == "root" { "/root".to_owned() } else { format!("/root/{name}") };
    ChildPath::parse(&text).expect("a path")
}

/// The path without `/root/`.
pub(super) fn short(path: &ChildPath) -> String {
    path.as_str().strip_prefix("/root/").unwrap_or("root").to_owned()
}

impl World {
    pub(super) fn new(spec: &ValidSpec) -> Self {
        let options = Options { seed: 7, last_exits: 8, remembered_paths: 1_000 };
        Self {
            engine: Engine::new(spec, options),
            now: Uptime::ZERO,
            runs: BTreeMap::new(),
            has_ended: false,
            all_beat: false,
            log: Vec::new(),
            manners: BTreeMap::new(),
            rng: None,
            invariants: Vec::new(),
            declared: None,
            commands: Vec::new(),
            specs: BTreeMap::new(),
            history: BTreeMap::new(),
            feedback: VecDeque::new(),
        }
    }

    /// Gives the engine an input, and does what it says, until nothing follows at once.
    pub(super) fn send(&mut self, input: Input) {
        self.feedback.push_back(input);
        for _ in 0..10_000 {
            let Some(input) = self.feedback.pop_front() else { return };
            self.handle(input);
        }
        panic!("one thing follows another, without end");
    }

    fn handle(&mut self, input: Input) {
        if self.has_ended {
            let is_command = matches!(input, Input::Command(..));
            let mut out = Vec::new();
            self.engine.handle(self.now, input, &mut out);
            assert!(is_command || out.is_empty(), "something came after the end: {out:?}");
            return;
        }
        let mut invariants = std::mem::take(&mut self.invariants);
        for invariant in &mut invariants {
            invariant.input(self, &input);
        }
        if let Input::Ended(run, _) = &input {
            self.runs.remove(run);
        }
        if let Input::Spawned(run) = &input
            && let Some(run) = self.runs.get_mut(run)
        {
            run.is_spawned = true;
        }
        let mut out = Vec::new();
        let before = self.described(&invariants);
        let is_reload = matches!(input, Input::Command(_, Command::Reload { .. }));
        self.engine.handle(self.now, input, &mut out);
        let now = self.described(&invariants);
        // The actions speak of those that were there before, also where another has taken the
        // path by now; but after a reload all is decided by what is said now.
        let (first, then) = if is_reload { (before, now) } else { (now, before) };
        self.specs.extend(first);
        self.specs.extend(then);
        for action in out {
            assert!(!self.has_ended, "something came after the end: {action:?}");
            for invariant in &mut invariants {
                invariant.action(self, &action);
            }
            self.perform(&action);
            self.log.push((self.now, action));
        }
        self.specs.extend(self.described(&invariants));
        self.engine.check_invariants();
        self.check_snapshot();
        for invariant in &mut invariants {
            invariant.after(self);
        }
        if self.has_ended {
            for invariant in &mut invariants {
                invariant.end(self);
            }
        }
        self.invariants = invariants;
    }

    /// What is shared with those who asked earlier must be what the nodes are now.
    fn check_snapshot(&mut self) {
        // To write a tree down takes Miri longer than all else.
        if cfg!(miri) {
            drop(self.engine.snapshot());
            return;
        }
        let now = format!("{:?}", self.engine.state());
        assert_eq!(format!("{:?}", self.engine.snapshot().tree()), now, "a stale row");
    }

    fn perform(&mut self, action: &Action) {
        match *action {
            Action::Start(run) => {
                let Some((path, plan)) = self.engine.run(run) else { return };
                let (path, is_blocking) = (short(path), plan.task.is_blocking());
                let manner = self.manner(&path);
                self.history.entry(path.clone()).or_default().push(run);
                let (cancelled_at, aborted_at) = (None, None);
                let is_spawned = false;
                let new = Run {
                    path,
                    manner,
                    is_blocking,
                    is_spawned,
                    cancelled_at,
                    aborted_at,
                    beat_at: None,
                };
                let before = self.runs.insert(run, new);
                assert!(before.is_none(), "{run:?} was started twice");
                self.feedback.push_back(if manner == Manner::Unborn {
                    Input::Ended(run, RunEnd::NotSpawned(notation::failure("no factory")))
                } else {
                    Input::Spawned(run)
                });
            }
            Action::Cancel(key) => {
                let now = self.now;
                let Some(run) = self.runs.get_mut(&key) else {
                    panic!("cancelled {key:?}, which is not there")
                };
                run.cancelled_at.get_or_insert(now);
                if run.manner == Manner::Obedient {
                    self.feedback.push_back(Input::Ended(key, notation::end("ok")));
                }
            }
            Action::Abort(key) => {
                let now = self.now;
                let Some(run) = self.runs.get_mut(&key) else {
                    panic!("aborted {key:?}, which is not there")
                };
                run.aborted_at.get_or_insert(now);
                if run.manner == Manner::Stubborn {
                    self.feedback.push_back(Input::Ended(key, RunEnd::Dropped));
                }
            }
            Action::CheckPulse(run) => {
                if self.all_beat {
                    self.beat(run);
                }
                let last = self.runs.get(&run).and_then(|run| run.beat_at);
                self.feedback.push_back(Input::Pulse { run, last });
            }
            Action::End => self.has_ended = true,
            Action::Reply(..) | Action::Note(_) | Action::Up => {}
        }
    }

    fn manner(&mut self, path: &str) -> Manner {
        let Some(rng) = &mut self.rng else {
            return self.manners.get(path).copied().unwrap_or(Manner::Obedient);
        };
        match rng.u8(..100) {
            0..50 => Manner::Obedient,
            50..75 => Manner::Stubborn,
            75..90 => Manner::Immortal,
            _ => Manner::Unborn,
        }
    }

    /// Lets time pass, from deadline to deadline.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.engine.next_deadline().filter(|&due| due <= until) {
            if self.has_ended {
                break;
            }
            self.now = self.now.max(due);
            self.send(Input::Tick);
            let next = self.engine.next_deadline();
            assert!(
                self.has_ended || next.is_none_or(|next| next > self.now),
                "a tick at {:?} left {next:?} behind",
                self.now
            );
        }
        self.now = until;
    }

    /// A run sends a heartbeat.
    pub(super) fn beat(&mut self, run: RunKey) {
        let now = self.now;
        if let Some(run) = self.runs.get_mut(&run) {
            run.beat_at = Some(now);
        }
    }

    pub(super) fn command(&mut self, text: &str, command: Command) {
        self.commands.push(text.to_owned());
        let id = CommandId(self.commands.len() as u64);
        self.send(Input::Command(id, command));
    }

    /// Puts `spec` in the place of what the tree is declared as.
    pub(super) fn reload(&mut self, text: &str, spec: SupervisorSpec, changes: Vec<ValueChange>) {
        self.declared = Some(spec.clone());
        let kept = Kept { last_exits: 8, remembered_paths: 1_000 };
        self.command(text, Command::Reload { spec: Box::new(spec), kept, changes, by: by() });
    }

    /// The latest run of a path, or the one that `a#3` names, alive or not.
    pub(super) fn run(&self, name: &str) -> RunKey {
        let (name, number) = name.split_once('#').unwrap_or((name, ""));
        let runs = self.history.get(name).map(Vec::as_slice).unwrap_or_default();
        let run = match number.parse() {
            Ok(number) => runs.iter().rfind(|run| run.generation == Generation(number)),
            Err(_) => runs.last(),
        };
        *run.unwrap_or_else(|| panic!("`{name}` has not run"))
    }

    /// A run there has been, at random.
    pub(super) fn any_run(&self, pick: usize) -> Option<RunKey> {
        let all: Vec<_> = self.history.values().flatten().collect();
        all.get(pick % all.len().max(1)).map(|&&run| run)
    }

    /// What was said about a child, also when it has just been forgotten.
    pub(super) fn policy(&self, path: &ChildPath) -> Option<Policy> {
        self.specs.get(path).map(|said| said.policy.clone())
    }

    /// The same of a supervisor and what is below it.
    pub(super) fn plan(&self, path: &ChildPath) -> Option<&SupervisorPlan> {
        self.specs.get(path)?.plan.as_deref()
    }

    /// Whether nothing brings a child back.
    pub(super) fn is_undeclared(&self, path: &ChildPath) -> bool {
        self.engine.is_undeclared(path)
    }

    /// What a child depends on.
    pub(super) fn dependencies(&self, path: &ChildPath) -> &[ChildPath] {
        self.specs.get(path).map_or(&[], |said| &said.dependencies)
    }

    /// What is said about whom, for `invariants` if there are any.
    fn described(&self, invariants: &[Box<dyn Invariant>]) -> Vec<(ChildPath, Said)> {
        if invariants.is_empty() {
            return Vec::new();
        }
        let nodes = self.engine.depth_first().into_iter();
        nodes
            .filter_map(|key| self.engine.nodes.get(key))
            .map(|node| {
                let plan = node.supervisor().map(|supervisor| Arc::clone(&supervisor.plan));
                let (policy, dependencies) =
                    (Policy::clone(node.policy()), node.dependencies().to_vec());
                (node.path.clone(), Said { policy, dependencies, plan })
            })
            .collect()
    }

    /// Whether a run of this path, or of one below it, is there.
    pub(super) fn is_alive(&self, path: &ChildPath) -> bool {
        let path = short(path);
        let below = format!("{path}/");
        self.runs
            .values()
            .any(|run| run.path == path || run.path.starts_with(&below) || path == "root")
    }
}
