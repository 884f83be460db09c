//! The driver and the world, played to an engine: runs that obey, that do not, and that never end.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::notation;
use crate::control::command::{By, Command, Reply, Verb};
use crate::core::action::{Action, Fact};
use crate::core::engine::{Engine, Options};
use crate::core::input::{Input, RunEnd};
use crate::core::key::RunKey;
use crate::core::reconfigure::Kept;
use crate::core::time::Uptime;
use crate::error::types::SupervisorError;
use crate::event::ValueChange;
use crate::id::{ChildPath, CommandId, Generation};
use crate::policy::Policy;
use crate::policy::on_failure::FailureClass;
use crate::report::RowEnd;
use crate::spec::plan::{NodePlan, PlanKind, SupervisorPlan};
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::validate::ValidSpec;
use crate::state::LimitState;

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
    history: BTreeMap<String, Vec<RunKey>>,
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

/// Plays a script to a tree and compares what the engine did.
///
/// The tree is written as in `rest_for_one intensity=3/10s { a, b explicit, s { c, d temporary } }`
/// (see [`notation`]). Runs are obedient and restarts wait for nothing unless the tree or the
/// script say otherwise. Each step of the script that makes the engine do something gives a line,
/// each moment of a wait one of its own.
#[track_caller]
pub(super) fn check(tree: &str, script: &str, expected: &str) {
    let actual = play(tree, script);
    let clean = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (actual, expected) = (clean(&actual), clean(expected));
    assert!(
        actual == expected,
        "{tree}\n{script}\n--- expected\n{}\n--- actual\n{}\n---",
        expected.join("\n"),
        actual.join("\n"),
    );
}

fn play(tree: &str, script: &str) -> String {
    let spec = notation::tree(tree).validate().unwrap_or_else(|errors| panic!("{errors}"));
    let mut player = Player { world: World::new(&spec), shown: Vec::new(), lines: Vec::new() };
    for step in script.split(';').map(str::trim).filter(|step| !step.is_empty()) {
        player.step(step);
    }
    player.lines.join("\n")
}

struct Player {
    world: World,
    /// The kinds of facts that are printed.
    shown: Vec<String>,
    lines: Vec<String>,
}

impl Player {
    fn step(&mut self, step: &str) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let before = self.world.log.len();
        match (word, rest) {
            ("start", "") => self.world.send(Input::Start),
            ("ready", name) => self.world.send(Input::Ready(self.world.run(name))),
            ("spawned", name) => self.world.send(Input::Spawned(self.world.run(name))),
            ("beat", name) => self.world.beat(self.world.run(name)),
            ("pulse", name) => {
                let run = self.world.run(name);
                self.world.send(Input::Pulse { run, last: None });
            }
            ("exit", rest) => {
                let (name, how) = rest.split_once(' ').expect("`exit NAME HOW`");
                self.world.send(Input::Ended(self.world.run(name), notation::end(how)));
            }
            ("wait", time) => self.world.wait(notation::time(time)),
            ("obedient", name) => self.manner(name, Manner::Obedient),
            ("stubborn", name) => self.manner(name, Manner::Stubborn),
            ("immortal", name) => self.manner(name, Manner::Immortal),
            ("unborn", name) => self.manner(name, Manner::Unborn),
            ("reload", tree) => {
                self.world.reload("reload", notation::tree(tree), Vec::new());
            }
            ("show", kinds) => self.shown.extend(kinds.split(' ').map(str::to_owned)),
            ("state", name) => self.state(name),
            ("report", _) => self.report(),
            ("settled", _) => self.say(format!("settled: {}", self.world.engine.is_settled())),
            ("deadline", _) => {
                let due = self.world.engine.next_deadline().map(|due| due.0);
                self.say(format!("deadline: {due:?}"));
            }
            ("cause", _) => {
                let report = self.world.engine.report().expect("the tree has ended");
                self.say(format!("{} (exit code {})", report.cause, report.exit_code()));
            }
            ("why", name) => {
                let state = self.world.engine.state_at(&path(name)).expect("a known path");
                let decision = state.last_decision.map(|decision| decision.to_string());
                let exit = state.last_exit().map(ToString::to_string);
                let none = || "nothing".to_owned();
                let (exit, decision) = (exit.unwrap_or_else(none), decision.unwrap_or_else(none));
                self.say(format!("{name}: {exit}; {decision}"));
            }
            ("limits", name) => {
                let state = self.world.engine.state_at(&path(name)).expect("a known path");
                let limits: Vec<_> = state
                    .limits
                    .iter()
                    .map(|LimitState { class, used, limit }| {
                        let class = class.map_or("its own", FailureClass::word);
                        format!("{class} {used} of {limit}")
                    })
                    .collect();
                self.say(format!("{name}: {}", limits.join(", ")));
            }
            ("wait_ready", name) => self.world.command(step, Command::WaitReady(path(name))),
            ("shutdown", _) => self.world.command(step, Command::Shutdown(by())),
            ("shutdown_now", _) => self.world.command(step, Command::ShutdownNow(by())),
            (verb, name) => {
                let verb = match verb {
                    "start" => Verb::Start(path(name)),
                    "stop" => Verb::Stop(path(name)),
                    "restart" => Verb::Restart(path(name)),
                    "delete" => Verb::Delete(path(name)),
                    "remove" => Verb::Remove(path(name)),
                    "pause" => Verb::Pause(path(name)),
                    "resume" => Verb::Resume(path(name)),
                    "quarantine" => Verb::Quarantine(path(name)),
                    "reset" => Verb::ResetBudget(path(name)),
                    "add" => notation::add(name),
                    "spawn" => notation::spawn(name),
                    _ => panic!("no step `{step}`"),
                };
                self.world.command(step, Command::Do(verb, by()));
            }
        }
        let mut at = None;
        let mut words: Vec<String> = Vec::new();
        for (time, action) in &self.world.log[before..] {
            let Some(word) = self.word(action) else { continue };
            if at.is_some_and(|at| at != *time) {
                self.lines.push(line(at, &words));
                words.clear();
            }
            at = Some(*time);
            words.push(word);
        }
        if !words.is_empty() {
            self.lines.push(line(at, &words));
        }
    }

    fn manner(&mut self, name: &str, manner: Manner) {
        self.world.manners.insert(name.to_owned(), manner);
        for run in self.world.runs.values_mut().filter(|run| run.path == name) {
            run.manner = manner;
        }
    }

    fn word(&self, action: &Action) -> Option<String> {
        let name = |run: &RunKey| {
            let runs = &self.world.history;
            let path = runs.iter().find(|(_, runs)| runs.contains(run)).map(|(path, _)| path);
            format!("{}{}", path.map_or("?", String::as_str), run.generation)
        };
        Some(match action {
            Action::Start(run) => format!("start {}", name(run)),
            Action::Cancel(run) => format!("cancel {}", name(run)),
            Action::Abort(run) => format!("abort {}", name(run)),
            // The world answers it; nobody else is concerned.
            Action::CheckPulse(_) => return None,
            Action::Reply(id, reply) => {
                let command = &self.world.commands[usize::try_from(id.0).expect("an index") - 1];
                format!("[{command}: {}]", answer(reply))
            }
            Action::Note(fact) => return self.fact(fact),
            Action::Up => "up".to_owned(),
            Action::End => "end".to_owned(),
        })
    }

    fn fact(&self, fact: &Fact) -> Option<String> {
        let kind = fact.kind.name();
        self.shown
            .iter()
            .any(|shown| shown == kind)
            .then(|| format!("({}{} {})", short(&fact.path), fact.generation, fact.kind))
    }

    fn state(&mut self, name: &str) {
        let state = self.world.engine.state();
        let children = state.children.iter().filter(|child| {
            if name.is_empty() { !child.path.is_root() } else { short(&child.path) == name }
        });
        let words: Vec<_> = children
            .map(|child| format!("{} {}{}", short(&child.path), child.lifecycle, child.generation))
            .collect();
        self.say(words.join(", "));
    }

    fn report(&mut self) {
        let report = self.world.engine.report().expect("the tree has ended");
        let clean = if report.is_clean() { "clean" } else { "not clean" };
        let rows: Vec<_> = report
            .rows
            .iter()
            .map(|row| {
                let mut text = format!("{}{} ", short(&row.path), row.generation);
                match &row.end {
                    RowEnd::Ended(exit) => text.push_str(exit.word()),
                    RowEnd::NotRunning => text.push_str("not running"),
                    RowEnd::Unjoinable => text.push_str("unjoinable"),
                }
                if row.was_cancelled {
                    text = format!("{text} after {:?}", row.took);
                }
                if row.was_aborted {
                    text.push_str(", aborted");
                }
                text
            })
            .collect();
        let forced = if report.was_forced { ", forced" } else { "" };
        self.say(format!("{clean}{forced} in {:?}: {}", report.took, rows.join("; ")));
    }

    fn say(&mut self, text: String) {
        self.lines.push(text);
    }
}

fn line(at: Option<Uptime>, words: &[String]) -> String {
    format!("{}ms: {}", at.unwrap_or_default().0.as_millis(), words.join(", "))
}

/// A reply in a word or two.
pub(super) fn answer(reply: &Reply) -> String {
    let error = match reply {
        Ok(outcome) if outcome.is_ignored => return "ok, ignored".to_owned(),
        Ok(_) => return "ok".to_owned(),
        Err(error) => error,
    };
    match error {
        SupervisorError::Spec(_) => "spec",
        SupervisorError::AnotherTree => "another_tree",
        SupervisorError::StartFailed { .. } => "start_failed",
        SupervisorError::UnknownPath { .. } => "not_found",
        SupervisorError::NotASupervisor { .. } => "not_a_supervisor",
        SupervisorError::SupervisorDown { .. } => "supervisor_down",
        SupervisorError::IsRoot => "is_root",
        SupervisorError::AlreadyStarted { .. } => "already_started",
        SupervisorError::AlreadyPresent { .. } => "already_present",
        SupervisorError::Running { .. } => "running",
        SupervisorError::Restarting { .. } => "restarting",
        SupervisorError::Waiting { .. } => "waiting",
        SupervisorError::Disabled { .. } => "disabled",
        SupervisorError::Paused { .. } => "paused",
        SupervisorError::Quarantined { .. } => "quarantined",
        SupervisorError::Unjoinable { .. } => "unjoinable",
        SupervisorError::Stopped { .. } => "stopped",
        SupervisorError::Removed { .. } => "removed",
        SupervisorError::ShuttingDown => "shutting_down",
        SupervisorError::PoolFull { .. } => "full",
        SupervisorError::NotAPool { .. } => "not_a_pool",
        SupervisorError::WrongArguments { .. } => "wrong_arguments",
        other => panic!("the engine never answers {other:?}"),
    }
    .to_owned()
}
