//! The engine: inputs and the time go in, actions come out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, Fact};
use super::deadline::{Deadlines, Due};
use super::hold::Hold;
use super::input::{Input, News, RunEnd};
use super::key::{NodeKey, RunKey};
use super::nodes::{Body, Node, Nodes};
use super::report::Ledger;
use super::start::Outcome;
use super::state::{After, Origin, State};
use super::supervisor::{Phase, Step, Supervisor};
use super::time::Uptime;
use super::waiters::Waiters;
use crate::control::command::Reply;
use crate::event::{EventKind, ForceCause};
use crate::id::{ChildPath, CommandId, CorrelationId, Generation};
use crate::policy::Policy;
use crate::spec::plan::{ChildPlan, PlanKind};
use crate::spec::validate::ValidSpec;
use crate::state::ExitRecord;
#[cfg(any(test, fuzzing, feature = "metrics"))]
use crate::state::Lifecycle;
use crate::task::exit::{Deadline, Exit};
use crate::task::result::TaskResult;

/// The whole tree, and everything that is decided about it.
///
/// # Invariants
///
/// 1. A node has at most one live run, and `Action::Start` is given only for a node without one.
/// 2. Every state that waits for time is in `deadlines`, once, under the time it waits for.
/// 3. Between two inputs `todo` is empty.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) nodes: Nodes,
    pub(super) root: NodeKey,
    pub(super) now: Uptime,
    pub(super) rng: fastrand::Rng,
    pub(super) deadlines: Deadlines,
    pub(super) waiters: Waiters,
    /// What follows from the input in hand and has not been done yet.
    pub(super) todo: VecDeque<Todo>,
    pub(super) out: Vec<Action>,
    /// How many nodes and queued commands are still to come to rest.
    pub(super) unsettled: usize,
    /// Declared children that an operator removed for good.
    pub(super) removed: BTreeSet<ChildPath>,
    /// Who is kept out of restarts and rounds. At most one for each declared or known path.
    pub(super) holds: BTreeMap<ChildPath, Hold>,
    pub(super) ledger: Ledger,
    pub(super) last_exits: usize,
    /// How many facts there have been.
    pub(super) facts: u64,
    /// The chain that what is being done belongs to; none where the next fact begins one.
    pub(super) chain: Option<CorrelationId>,
}

/// What an engine is told beside the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Seeds the generator that draws the jitter.
    pub(crate) seed: u64,
    /// How many exits are kept with each child.
    pub(crate) last_exits: usize,
    /// How many forgotten paths keep their generation.
    pub(crate) remembered_paths: usize,
}

/// A consequence inside the tree.
#[derive(Debug)]
pub(super) enum Todo {
    /// A supervisor may be able to go on with its step.
    Advance(NodeKey),
    /// What waits in a supervisor's queue may have its turn.
    Drain(NodeKey),
    /// A start phase is over.
    Started(NodeKey, Outcome),
    /// A node ended by itself, and its supervisor is free to decide.
    Died { key: NodeKey, exit: Exit, ready_for: Duration },
    /// What a node depends on is ready, or part of it.
    DependencyReady(NodeKey),
    /// What a node depends on is not ready any more.
    /// `chain` is that of its end: the node itself may be gone.
    DependencyLost { dependant: NodeKey, dependency: ChildPath, chain: Option<CorrelationId> },
}

impl Engine {
    /// A tree that has not been started. The same seed and inputs give the same actions.
    pub(crate) fn new(spec: &ValidSpec, options: Options) -> Self {
        let mut nodes = Nodes::new(options.remembered_paths);
        let kind = PlanKind::Supervisor(Arc::clone(&spec.root));
        let root = nodes.insert(None, ChildPath::root(), &kind, true, Uptime::ZERO);
        let mut engine = Self {
            nodes,
            root,
            now: Uptime::ZERO,
            rng: fastrand::Rng::with_seed(options.seed),
            deadlines: Deadlines::default(),
            waiters: Waiters::default(),
            todo: VecDeque::new(),
            out: Vec::new(),
            unsettled: 0,
            removed: BTreeSet::new(),
            holds: BTreeMap::new(),
            ledger: Ledger::default(),
            last_exits: options.last_exits,
            facts: 0,
            chain: None,
        };
        engine.build_children(root);
        engine
    }

    /// Advances the tree by one input and appends what the driver must do to `out`. When the tree has
    /// ended nothing is decided any more, and only commands are answered.
    pub(crate) fn handle(&mut self, now: Uptime, input: Input, out: &mut Vec<Action>) {
        // One that had been given up may end after all.
        let is_command = matches!(input, Input::Command(..));
        if self.ledger.is_over() && !is_command && !cfg!(plant_bug = "decides_after_the_end") {
            return;
        }
        std::mem::swap(&mut self.out, out);
        self.now = now.max(self.now);
        self.chain = match &input {
            // A run that was up is done with what brought it there: its end is a new story.
            Input::Ended(run, _) if self.is_up(run.node) => None,
            Input::Spawned(run) | Input::Ready(run) | Input::Ended(run, _) => {
                self.chain_of(run.node)
            }
            Input::Start
            | Input::Pulse { .. }
            | Input::Command(..)
            | Input::Abandoned(_)
            | Input::News(_)
            | Input::Tick => None,
        };
        match input {
            Input::Start => self.start_node(self.root, Origin::Init),
            Input::Spawned(run) => self.spawned(run),
            Input::Ready(run) => self.ready(run),
            Input::Ended(run, end) => self.run_ended(run, end),
            Input::Pulse { run, last } => self.pulse(run, last),
            Input::Command(id, command) => self.command(id, command),
            Input::Abandoned(ids) => self.abandon(&ids),
            Input::News(news) => self.news(news),
            Input::Tick => self.tick(),
        }
        self.settle_todo();
        std::mem::swap(&mut self.out, out);
    }

    /// When `Input::Tick` will next have an effect. The driver sleeps until then, no longer.
    pub(crate) fn next_deadline(&self) -> Option<Uptime> {
        self.deadlines.next()
    }

    /// Whether nothing is starting, stopping, delayed or queued anywhere in the tree.
    pub(crate) fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    /// How many children are in each state that there has been, the root included.
    #[cfg(any(test, fuzzing, feature = "metrics"))]
    pub(crate) fn census(&self) -> &[(Lifecycle, u32)] {
        self.nodes.census()
    }

    /// How many nodes there is room for.
    pub(crate) fn places(&self) -> usize {
        self.nodes.places()
    }

    /// Whether the end of the tree has begun.
    pub(crate) fn has_begun_to_end(&self) -> bool {
        self.ledger.has_begun()
    }

    /// What a run consists of, unless it is over.
    pub(crate) fn run(&self, run: RunKey) -> Option<(&ChildPath, &Arc<ChildPlan>)> {
        let node = self.nodes.of_run(run)?;
        match &node.body {
            Body::Child(plan) => Some((&node.path, plan)),
            Body::Supervisor(_) => None,
        }
    }

    fn settle_todo(&mut self) {
        while let Some(todo) = self.todo.pop_front() {
            match todo {
                Todo::Advance(key) => self.advance(key),
                Todo::Drain(key) => self.drain(key),
                Todo::Started(key, outcome) => self.started(key, outcome),
                Todo::Died { key, exit, ready_for } => {
                    self.go_on_with(key);
                    self.died(key, &exit, ready_for);
                }
                Todo::DependencyReady(key) => {
                    // What made it wait, and not what it waited for.
                    self.go_on_with(key);
                    self.dependency_ready(key);
                }
                Todo::DependencyLost { dependant, dependency, chain } => {
                    self.chain = chain;
                    self.dependency_lost(dependant, dependency);
                }
            }
        }
    }

    fn advance(&mut self, key: NodeKey) {
        match self.supervisor(key).map(|supervisor| &supervisor.step) {
            None | Some(Step::None) => {}
            Some(Step::Starting { .. }) => self.advance_start(key),
            Some(Step::Round(round)) => match round.phase {
                Phase::Stopping => self.advance_round_stop(key),
                Phase::Waiting => {}
                Phase::Starting => self.advance_round_start(key),
            },
            Some(Step::Ending(_)) => self.advance_end(key),
        }
    }

    fn tick(&mut self) {
        while let Some((due, key)) = self.deadlines.pop(self.now) {
            match due {
                Due::Pulse => self.begin_a_chain(),
                Due::State | Due::Round | Due::Budget => self.go_on_with(key),
            }
            match due {
                Due::State => self.state_due(key),
                Due::Pulse => self.pulse_due(key),
                Due::Round => self.round_due(key),
                Due::Budget => self.force_all(ForceCause::BudgetSpent),
            }
            self.settle_todo();
        }
    }

    fn state_due(&mut self, key: NodeKey) {
        match self.nodes.get(key).map(|node| node.state) {
            Some(State::Starting { origin, .. }) => {
                self.stop_node(key, After::StartTimedOut(origin));
            }
            Some(State::Stopping(stopping)) => self.harder(key, stopping),
            Some(State::Restarting { .. }) => self.start_node(key, Origin::Restart),
            Some(State::Quarantined { .. }) => self.probe_due(key),
            Some(
                State::Idle
                | State::Waiting { .. }
                | State::Up
                | State::Ended { .. }
                | State::Down
                | State::Disabled
                | State::Paused
                | State::Unjoinable { .. },
            )
            | None => {}
        }
    }

    /// Nothing follows from it; it is said in its place among the facts.
    fn news(&mut self, news: News) {
        if self.ledger.is_over() {
            return;
        }
        let kind = match news {
            News::AuditFailing(because) => EventKind::AuditFailing { because },
            News::AuditRestored { missing } => EventKind::AuditRestored { missing },
            News::RecordingEnded(because) => EventKind::RecordingEnded { because },
        };
        self.note(self.root, kind);
    }

    /// The node that a run speaks of. Whatever speaks of an earlier run is stale.
    fn node_of(&self, run: RunKey) -> Option<&Node> {
        // seen by: cargo test -p supervisor-tests --test model
        let any = if cfg!(plant_bug = "no_fencing") { self.nodes.get(run.node) } else { None };
        self.nodes.of_run(run).or(any)
    }

    fn spawned(&mut self, run: RunKey) {
        let Some(node) = self.node_of(run) else { return };
        let is_immediate = node.policy().readiness == crate::policy::restart::Readiness::Immediate;
        if is_immediate && matches!(node.state, State::Starting { .. }) {
            self.started(run.node, Outcome::Ready);
        }
    }

    fn ready(&mut self, run: RunKey) {
        let Some(node) = self.node_of(run) else { return };
        if matches!(node.state, State::Starting { .. }) {
            self.started(run.node, Outcome::Ready);
        }
    }

    /// A run is over. Read it as a table: what the node was doing on the left, what it means on
    /// the right.
    fn run_ended(&mut self, run: RunKey, end: RunEnd) {
        let Some(node) = self.node_of(run) else { return };
        let (key, ready_for) = (run.node, self.now.since(node.since));
        match node.state {
            State::Starting { .. } => match end {
                RunEnd::Returned(TaskResult::Ignored) if !cfg!(plant_bug = "ignore_fails") => {
                    self.started(key, Outcome::Ignored);
                }
                end => {
                    let exit = unasked(end);
                    self.started(key, Outcome::Failed(exit));
                }
            },
            State::Up => {
                let exit = unasked(end);
                self.record(key, &exit);
                self.note(key, EventKind::Exited { exit: exit.clone() });
                self.ended_by_itself(key, exit, ready_for);
            }
            State::Stopping(stopping) => {
                let exit = match stopping.after {
                    After::StartTimedOut(_) => Exit::TimedOut(Deadline::Start),
                    _ if stopping.is_stuck && !cfg!(plant_bug = "stuck_may_end_well") => {
                        Exit::TimedOut(Deadline::Heartbeat)
                    }
                    _ => asked(end, stopping.is_aborted),
                };
                self.finish_stop(key, stopping.after, exit);
            }
            State::Unjoinable { after: after @ After::StartTimedOut(_) } => {
                self.finish_stop(key, after, Exit::TimedOut(Deadline::Start));
            }
            State::Unjoinable { after: after @ After::Stuck { .. } } => {
                self.finish_stop(key, after, Exit::TimedOut(Deadline::Heartbeat));
            }
            State::Unjoinable { after } => self.finish_stop(key, after, asked(end, true)),
            // The run of this generation has ended already.
            State::Idle
            | State::Waiting { .. }
            | State::Ended { .. }
            | State::Restarting { .. }
            | State::Down
            | State::Disabled
            | State::Paused
            | State::Quarantined { .. } => {}
        }
    }

    /// Moves a node to another state, and everything that follows from the state with it.
    pub(super) fn set_state(&mut self, key: NodeKey, state: State) {
        let now = self.now;
        let Some(node) = self.nodes.get_mut(key) else { return };
        let before = std::mem::replace(&mut node.state, state);
        if let State::Down | State::Paused | State::Quarantined { .. } = state {
            node.is_on_trial = false;
        }
        let (from, to) = (before.lifecycle(), state.lifecycle());
        if from != to {
            node.since = now;
        }
        let (parent, is_significant) = (node.parent, node.policy().significant);
        let has_pulse = node.pulse_due().is_some();
        let has_dependants = node.dependants().is_some();
        if before.due() != state.due() {
            if let Some(at) = before.due() {
                self.deadlines.remove_state(at, key, node.timer);
            }
            if let Some(at) = state.due() {
                node.timer = self.deadlines.add_state(at, key);
            }
        }
        // It is up as long as it has one.
        if has_pulse {
            self.forget_pulse(key);
        }
        self.nodes.recount(Some(from), Some(to));
        count(&mut self.unsettled, !before.is_settled(), !state.is_settled());
        if has_dependants && before.is_ready() != state.is_ready() {
            self.tell_dependants(key, state.is_ready());
        }
        // Its supervisor may have waited for this start only, whoever interrupts it.
        // seen by: cargo test -p supervisor-tests --test regressions
        if before.is_in_start()
            && !state.is_in_start()
            && matches!(state, State::Stopping(_))
            && !cfg!(plant_bug = "interrupted_start_waited_for")
        {
            self.todo.extend(parent.map(Todo::Advance));
        }
        let Some(above) = parent.and_then(|parent| self.supervisor_mut(parent)) else { return };
        let is_stopping = |state: &State| matches!(state, State::Stopping(_));
        let is_unjoinable = |state: &State| matches!(state, State::Unjoinable { .. });
        count(&mut above.starting, before.is_in_start(), state.is_in_start());
        count(&mut above.stopping, is_stopping(&before), is_stopping(&state));
        count(&mut above.unjoinable, is_unjoinable(&before), is_unjoinable(&state));
        if is_significant {
            count(&mut above.significant, before.is_to_go_on(), state.is_to_go_on());
        }
    }

    pub(super) fn note(&mut self, key: NodeKey, kind: EventKind) {
        self.note_for(key, None, kind);
    }

    pub(super) fn note_for(&mut self, key: NodeKey, command: Option<CommandId>, kind: EventKind) {
        let Some(node) = self.nodes.get_mut(key) else { return };
        self.facts += 1;
        let sequence = self.facts;
        let chain = *self.chain.get_or_insert(CorrelationId(sequence));
        node.set_chain(chain);
        let (path, generation) = (node.path.clone(), node.generation);
        let fact = Fact { sequence, correlation: chain, path, generation, command, kind };
        self.out.push(Action::Note(fact));
    }

    /// What comes now belongs to the chain that the node is in.
    pub(super) fn go_on_with(&mut self, key: NodeKey) {
        self.chain = self.chain_of(key);
    }

    /// What comes now has nothing to do with what came before.
    pub(super) fn begin_a_chain(&mut self) {
        self.chain = None;
    }

    fn chain_of(&self, key: NodeKey) -> Option<CorrelationId> {
        self.nodes.get(key)?.chain().filter(|_| !cfg!(plant_bug = "chain_forgotten"))
    }

    pub(super) fn reply(&mut self, id: CommandId, reply: Reply) {
        self.out.push(Action::Reply(id, reply));
    }

    /// Remembers how a run ended, with the child.
    pub(super) fn record(&mut self, key: NodeKey, exit: &Exit) {
        let (at, kept) = (self.now.elapsed(), self.last_exits);
        let Some(node) = self.nodes.get_mut(key) else { return };
        let record = ExitRecord { generation: node.generation, at, exit: exit.clone() };
        node.history_mut().record(record, kept);
    }

    pub(super) fn policy(&self, key: NodeKey) -> Arc<Policy> {
        let policy = self.nodes.get(key).map(|node| Arc::clone(node.policy()));
        policy.unwrap_or_else(|| Arc::new(Policy::DEFAULT))
    }

    /// Its latest run.
    pub(super) fn generation_of(&self, key: NodeKey) -> Generation {
        self.nodes.get(key).map(|node| node.generation).unwrap_or_default()
    }

    pub(super) fn state_of(&self, key: NodeKey) -> Option<State> {
        self.nodes.get(key).map(|node| node.state)
    }

    pub(super) fn is_up(&self, key: NodeKey) -> bool {
        self.nodes.get(key).is_some_and(|node| matches!(node.state, State::Up))
    }

    pub(super) fn path_of(&self, key: NodeKey) -> ChildPath {
        self.nodes.get(key).map_or_else(ChildPath::root, |node| node.path.clone())
    }

    pub(super) fn parent_of(&self, key: NodeKey) -> Option<NodeKey> {
        self.nodes.get(key)?.parent
    }

    pub(super) fn prev_of(&self, key: NodeKey) -> Option<NodeKey> {
        self.nodes.get(key)?.prev
    }

    pub(super) fn next_of(&self, key: NodeKey) -> Option<NodeKey> {
        self.nodes.get(key)?.next
    }

    pub(super) fn supervisor(&self, key: NodeKey) -> Option<&Supervisor> {
        self.nodes.get(key).and_then(Node::supervisor)
    }

    pub(super) fn supervisor_mut(&mut self, key: NodeKey) -> Option<&mut Supervisor> {
        self.nodes.get_mut(key).and_then(Node::supervisor_mut)
    }

    pub(super) fn run_of(&self, key: NodeKey) -> Option<RunKey> {
        self.nodes.get(key).map(|node| RunKey { node: key, generation: node.generation })
    }
}

/// Keeps a count of what something is true of.
pub(super) fn count<N>(number: &mut N, before: bool, after: bool)
where
    N: std::ops::AddAssign + std::ops::SubAssign + From<bool>,
{
    *number += N::from(after);
    *number -= N::from(before);
}

/// The exit of a run that nobody had asked to end.
fn unasked(end: RunEnd) -> Exit {
    match end {
        RunEnd::Returned(TaskResult::Succeeded | TaskResult::Ignored) => Exit::Succeeded,
        RunEnd::Returned(TaskResult::Shutdown) => Exit::Shutdown,
        RunEnd::Returned(TaskResult::Failed(failure)) | RunEnd::NotSpawned(failure) => {
            Exit::Failed(failure)
        }
        RunEnd::Panicked(message) => Exit::Panicked(message),
        RunEnd::Dropped => Exit::Lost,
    }
}

/// The exit of a run that its supervisor had asked to end.
fn asked(end: RunEnd, is_aborted: bool) -> Exit {
    match end {
        RunEnd::Returned(TaskResult::Succeeded | TaskResult::Ignored | TaskResult::Shutdown) => {
            Exit::Shutdown
        }
        RunEnd::Dropped if is_aborted => Exit::Aborted,
        end => unasked(end),
    }
}
