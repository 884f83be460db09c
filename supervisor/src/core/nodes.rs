//! The nodes of the tree: an arena, the order of siblings, and the index by path.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use super::deadline::Timer;
use super::index::{Forgotten, Hash, Index, PathHasher};
use super::key::{NodeKey, RunKey};
use super::report::RowNumber;
use super::spent::Spent;
use super::state::State;
use super::supervisor::Supervisor;
use super::time::Uptime;
use super::view::Seen;
use crate::id::{ChildPath, CorrelationId, Generation};
use crate::policy::Policy;
use crate::policy::decision::RestartDecision;
use crate::spec::plan::{ChildPlan, PlanKind};
use crate::spec::tags::Tags;
use crate::state::{CommandRecord, ExitRecord, Lifecycle};

#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<NodeKey>,
    pub(super) prev: Option<NodeKey>,
    pub(super) next: Option<NodeKey>,
    /// Grows along the list of siblings.
    pub(super) order: u64,
    /// Where its timer is, while its state waits for time; see `Deadlines`.
    pub(super) timer: Timer,
    /// Where its row is in what is written down about the end; see `Ledger`.
    pub(super) row: Option<RowNumber>,
    pub(super) path: ChildPath,
    pub(super) generation: Generation,
    pub(super) state: State,
    /// Since when it has been in this state.
    pub(super) since: Uptime,
    pub(super) is_declared: bool,
    /// How many of its dependencies are not ready.
    pub(super) unready: u32,
    /// What most nodes have nothing of. Made only for one that has.
    rare: Option<Box<Rare>>,
    /// Whether it runs, or is about to, as a probe of what was quarantined.
    pub(super) is_on_trial: bool,
    /// Shared with whoever has asked for the state since it changed.
    pub(super) history: Option<Arc<History>>,
    /// The number of the latest chain of facts it was part of.
    chain: Option<NonZeroU64>,
    pub(super) body: Body,
}

#[derive(Debug, Default)]
struct Rare {
    /// When it is looked at next, while it is up and has to send heartbeats.
    pulse_due: Option<Uptime>,
    /// Who depends on it.
    dependants: BTreeSet<NodeKey>,
    /// What has been charged to budgets of its own.
    spent: Option<Spent>,
}

#[derive(Debug)]
pub(super) enum Body {
    Child(Arc<ChildPlan>),
    Supervisor(Box<Supervisor>),
}

/// What is remembered of a child's past.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    latest: Option<ExitRecord>,
    /// Those before it, the oldest first. Most children end only once: then it has no heap.
    earlier: VecDeque<ExitRecord>,
    pub(super) decision: Option<RestartDecision>,
    pub(super) decided_at: Uptime,
    /// How often it was restarted.
    pub(super) restarts: u64,
    /// Restarts in a row, for the wait before the next.
    pub(super) streak: u32,
    /// The latest abnormal one of those that there is no room for any more.
    older_failure: Option<Box<ExitRecord>>,
    pub(super) command: Option<CommandRecord>,
}

impl History {
    /// Adds an exit, and lets go of those that are too many; at least the latest is kept.
    pub(super) fn record(&mut self, exit: ExitRecord, kept: usize) {
        self.earlier.extend(self.latest.replace(exit));
        while self.earlier.len() >= kept.max(1)
            && let Some(oldest) = self.earlier.pop_front()
        {
            if oldest.exit.is_abnormal() && !cfg!(plant_bug = "failure_falls_out") {
                match &mut self.older_failure {
                    Some(older) => **older = oldest,
                    older => *older = Some(Box::new(oldest)),
                }
            }
        }
    }

    /// The exits that are kept, the oldest first.
    pub(super) fn exits(&self) -> impl DoubleEndedIterator<Item = &ExitRecord> {
        self.earlier.iter().chain(&self.latest)
    }

    pub(super) fn last_exit(&self) -> Option<&ExitRecord> {
        self.latest.as_ref()
    }

    /// The latest abnormal exit, though many others may have come after it.
    pub(super) fn failure(&self) -> Option<&ExitRecord> {
        let latest = self.exits().rev().find(|record| record.exit.is_abnormal());
        latest.or(self.older_failure.as_deref())
    }
}

impl Body {
    fn policy(&self) -> &Arc<Policy> {
        match self {
            Self::Child(plan) => &plan.policy,
            Self::Supervisor(supervisor) => &supervisor.plan.policy,
        }
    }
}

impl Node {
    pub(super) fn policy(&self) -> &Arc<Policy> {
        self.body.policy()
    }

    pub(super) fn chain(&self) -> Option<CorrelationId> {
        self.chain.map(|number| CorrelationId(number.get()))
    }

    pub(super) fn set_chain(&mut self, chain: CorrelationId) {
        self.chain = NonZeroU64::new(chain.0);
    }

    /// When it is looked at next, while it is up and has to send heartbeats.
    pub(super) fn pulse_due(&self) -> Option<Uptime> {
        self.rare.as_ref()?.pulse_due
    }

    /// Changes when it is looked at next, and says when it would have been.
    pub(super) fn set_pulse_due(&mut self, due: Option<Uptime>) -> Option<Uptime> {
        match (&mut self.rare, due) {
            (None, None) => None,
            (rare, due) => std::mem::replace(&mut rare.get_or_insert_default().pulse_due, due),
        }
    }

    /// What has been charged to budgets of its own, if anything has.
    pub(super) fn spent(&self) -> Option<&Spent> {
        self.rare.as_ref()?.spent.as_ref()
    }

    /// The same, to be charged.
    pub(super) fn spent_mut(&mut self) -> &mut Spent {
        self.rare.get_or_insert_default().spent.get_or_insert_default()
    }

    /// The same, to be made less, and the policy that says how.
    pub(super) fn charged_mut(&mut self) -> Option<(&mut Spent, &Policy)> {
        let spent = self.rare.as_mut()?.spent.as_mut()?;
        Some((spent, self.body.policy()))
    }

    /// Nothing has been charged any more.
    pub(super) fn forget_spent(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.spent = None;
        }
    }

    /// Who depends on it, if anybody does.
    pub(super) fn dependants(&self) -> Option<&BTreeSet<NodeKey>> {
        self.rare.as_ref().map(|rare| &rare.dependants).filter(|nodes| !nodes.is_empty())
    }

    /// Starts the row of restarts anew, for the wait before the next.
    pub(super) fn end_row(&mut self) {
        if self.history.as_ref().is_some_and(|past| past.streak != 0) {
            self.history_mut().streak = 0;
        }
    }

    /// Its past, to be added to.
    pub(super) fn history_mut(&mut self) -> &mut History {
        Arc::make_mut(self.history.get_or_insert_default())
    }

    pub(super) fn dependencies(&self) -> &[ChildPath] {
        match &self.body {
            Body::Child(plan) => plan.dependencies(),
            Body::Supervisor(supervisor) => &supervisor.plan.dependencies,
        }
    }

    pub(super) fn tags(&self) -> &Tags {
        match &self.body {
            Body::Child(plan) => plan.tags(),
            Body::Supervisor(supervisor) => &supervisor.plan.tags,
        }
    }

    pub(super) fn supervisor(&self) -> Option<&Supervisor> {
        match &self.body {
            Body::Child(_) => None,
            Body::Supervisor(supervisor) => Some(supervisor),
        }
    }

    pub(super) fn supervisor_mut(&mut self) -> Option<&mut Supervisor> {
        match &mut self.body {
            Body::Child(_) => None,
            Body::Supervisor(supervisor) => Some(supervisor),
        }
    }

    pub(super) fn is_blocking(&self) -> bool {
        matches!(&self.body, Body::Child(plan) if plan.task.is_blocking())
    }
}

/// How many states there are.
const LIFECYCLES: usize = Lifecycle::Unjoinable as usize + 1;

#[derive(Debug, Default)]
pub(super) struct Nodes {
    slots: Vec<Slot>,
    free: Vec<u32>,
    hasher: PathHasher,
    index: Index,
    /// Who depends on what is not known, or not any more.
    unmet: BTreeMap<ChildPath, BTreeSet<NodeKey>>,
    next_order: u64,
    forgotten: Forgotten,
    /// How many nodes are in each state that there has been. A handful.
    census: Vec<(Lifecycle, u32)>,
    /// Where each state is among them, from 1; 0 where there has been none.
    census_at: [u8; LIFECYCLES],
    /// What was said of the nodes when somebody last asked; see `view`.
    pub(super) seen: Seen,
    /// How often a node was looked at.
    #[cfg(any(test, fuzzing))]
    looks: std::cell::Cell<u64>,
}

#[derive(Debug)]
struct Slot {
    version: NonZeroU32,
    node: Option<Node>,
}

/// The paths of the nodes in the arena, for the index.
fn path_in(slots: &[Slot], index: u32) -> &ChildPath {
    let node = slots.get(index as usize).and_then(|slot| slot.node.as_ref());
    &node.expect("what is in the index is in the arena").path
}

/// Their hashes.
fn hash_in<'a>(hasher: &'a PathHasher, slots: &'a [Slot]) -> impl Fn(u32) -> Hash {
    |index| hasher.hash(path_in(slots, index))
}

impl Nodes {
    pub(super) fn new(remembered_paths: usize) -> Self {
        Self { forgotten: Forgotten::new(remembered_paths), ..Self::default() }
    }

    /// How many forgotten paths keep their generation from now on.
    pub(super) fn remember(&mut self, paths: usize) {
        self.forgotten.resize(paths);
    }

    /// Makes room for so many more nodes, so that a large tree is not kept in an arena of up to
    /// twice its size.
    pub(super) fn reserve(&mut self, more: usize) {
        self.slots.reserve(more.saturating_sub(self.free.len()));
        self.index.reserve(more, hash_in(&self.hasher, &self.slots));
    }

    pub(super) fn get(&self, key: NodeKey) -> Option<&Node> {
        #[cfg(any(test, fuzzing))]
        self.looks.set(self.looks.get() + 1);
        let slot = self.slots.get(key.index as usize)?;
        slot.node.as_ref().filter(|_| slot.version == key.version)
    }

    pub(super) fn get_mut(&mut self, key: NodeKey) -> Option<&mut Node> {
        #[cfg(any(test, fuzzing))]
        self.looks.set(self.looks.get() + 1);
        self.seen.forget(key.index);
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.node.as_mut().filter(|_| slot.version == key.version)
    }

    /// How many nodes are in each state that there has been.
    #[cfg(any(test, fuzzing, feature = "metrics"))]
    pub(super) fn census(&self) -> &[(Lifecycle, u32)] {
        &self.census
    }

    /// A node has come into a state, or left it.
    pub(super) fn recount(&mut self, from: Option<Lifecycle>, to: Option<Lifecycle>) {
        if from == to {
            return;
        }
        if let Some(from) = from {
            let at = usize::from(self.census_at[from as usize]);
            if let Some((_, count)) = at.checked_sub(1).and_then(|at| self.census.get_mut(at)) {
                *count -= 1;
            }
        }
        let Some(to) = to else { return };
        let at = usize::from(self.census_at[to as usize]);
        if let Some((_, count)) = at.checked_sub(1).and_then(|at| self.census.get_mut(at)) {
            *count += 1;
        } else {
            self.census.push((to, 1));
            self.census_at[to as usize] = u8::try_from(self.census.len()).unwrap_or(0);
        }
    }

    /// The nodes of a part of the arena, each at its place.
    pub(super) fn part(&self, from: usize, to: usize) -> impl Iterator<Item = Option<NodeKey>> {
        let part = self.slots.get(from..to.min(self.slots.len())).unwrap_or_default();
        part.iter().enumerate().map(move |(n, slot)| {
            let index = u32::try_from(from + n).ok()?;
            slot.node.as_ref().map(|_| NodeKey { index, version: slot.version })
        })
    }

    /// How many nodes there are.
    pub(super) fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// How many places the arena has.
    pub(super) fn places(&self) -> usize {
        self.slots.len()
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn looks(&self) -> u64 {
        self.looks.get()
    }

    pub(super) fn find(&self, path: &ChildPath) -> Option<NodeKey> {
        let hash = self.hasher.hash(path);
        let index = self.index.find(hash, |index| path_in(&self.slots, index) == path)?;
        Some(NodeKey { index, version: self.slots.get(index as usize)?.version })
    }

    /// The node of a run, unless that run is over and another has begun.
    pub(super) fn of_run(&self, run: RunKey) -> Option<&Node> {
        self.get(run.node).filter(|node| node.generation == run.generation)
    }

    /// Makes a node and appends it to its parent's children. Its generation goes on where its
    /// path's ended.
    pub(super) fn insert(
        &mut self,
        parent: Option<NodeKey>,
        path: ChildPath,
        kind: &PlanKind,
        is_declared: bool,
        now: Uptime,
    ) -> NodeKey {
        let body = match kind {
            PlanKind::Child(plan) => Body::Child(Arc::clone(plan)),
            PlanKind::Supervisor(plan) => {
                Body::Supervisor(Box::new(Supervisor::new(Arc::clone(plan))))
            }
        };
        let hash = self.hasher.hash(&path);
        let node = Node {
            parent: None,
            prev: None,
            next: None,
            order: 0,
            timer: Timer::default(),
            row: None,
            generation: self.forgotten.recall(hash),
            path,
            state: State::Idle,
            since: now,
            is_declared,
            unready: 0,
            rare: None,
            is_on_trial: false,
            history: None,
            chain: None,
            body,
        };
        let key = if let Some(index) = self.free.pop() {
            let slot = &mut self.slots[index as usize];
            slot.node = Some(node);
            NodeKey { index, version: slot.version }
        } else {
            let index = u32::try_from(self.slots.len()).expect("fewer than 2^32 children");
            self.slots.push(Slot { version: NonZeroU32::MIN, node: Some(node) });
            NodeKey { index, version: NonZeroU32::MIN }
        };
        self.seen.forget(key.index);
        self.recount(None, Some(State::Idle.lifecycle()));
        self.index.insert(hash, key.index, hash_in(&self.hasher, &self.slots));
        self.tie(key);
        if let Some(parent) = parent {
            self.append(parent, key);
        }
        key
    }

    /// Makes `key` the youngest child of `parent`.
    pub(super) fn append(&mut self, parent: NodeKey, key: NodeKey) {
        self.next_order += 1;
        let order = self.next_order;
        let supervisor = self.get_mut(parent).and_then(Node::supervisor_mut);
        let Some(supervisor) = supervisor else { return };
        let before = supervisor.last.replace(key);
        if before.is_none() {
            supervisor.first = Some(key);
        }
        if let Some(before) = before.and_then(|before| self.get_mut(before)) {
            before.next = Some(key);
        }
        if let Some(node) = self.get_mut(key) {
            (node.parent, node.prev, node.next, node.order) = (Some(parent), before, None, order);
        }
    }

    /// Takes `key` out of its parent's list. It keeps its place in the arena.
    pub(super) fn unlink(&mut self, key: NodeKey) {
        let Some(node) = self.get(key) else { return };
        let (parent, prev, next) = (node.parent, node.prev, node.next);
        if let Some(prev) = prev.and_then(|prev| self.get_mut(prev)) {
            prev.next = next;
        }
        if let Some(next) = next.and_then(|next| self.get_mut(next)) {
            next.prev = prev;
        }
        let above = parent.and_then(|parent| self.get_mut(parent)).and_then(Node::supervisor_mut);
        if let Some(supervisor) = above {
            if supervisor.first == Some(key) {
                supervisor.first = next;
            }
            if supervisor.last == Some(key) {
                supervisor.last = prev;
            }
        }
        if let Some(node) = self.get_mut(key) {
            (node.prev, node.next) = (None, None);
        }
    }

    /// Drops a node. Its generation is remembered with its path.
    pub(super) fn remove(&mut self, key: NodeKey) {
        if let Some((hash, node)) = self.take(key) {
            self.forgotten.remember(hash, node.generation);
        }
    }

    /// Drops a node whose path does not come back.
    pub(super) fn remove_for_good(&mut self, key: NodeKey) {
        drop(self.take(key));
    }

    fn take(&mut self, key: NodeKey) -> Option<(Hash, Node)> {
        let slot = self.slots.get(key.index as usize)?;
        let node = slot.node.as_ref().filter(|_| slot.version == key.version)?;
        let hash = self.hasher.hash(&node.path);
        self.index.remove(hash, key.index);
        self.untie(key);
        let slot = self.slots.get_mut(key.index as usize)?;
        let node = slot.node.take()?;
        self.seen.forget(key.index);
        slot.version = slot.version.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.free.push(key.index);
        self.recount(Some(node.state.lifecycle()), None);
        Some((hash, node))
    }
}

/// Dependencies: each node knows who depends on it, so that what becomes of it costs those alone.
impl Nodes {
    /// Ties a new node to what it depends on, and to those who depend on it already.
    fn tie(&mut self, key: NodeKey) {
        let Some(node) = self.get(key) else { return };
        if node.dependencies().is_empty() && self.unmet.is_empty() {
            return;
        }
        let path = node.path.clone();
        let mut unready = 0;
        for dependency in node.dependencies().to_vec() {
            if let Some(on) = self.find(&dependency).and_then(|on| self.get_mut(on)) {
                unready += u32::from(!on.state.is_ready());
                on.rare.get_or_insert_default().dependants.insert(key);
            } else {
                unready += 1;
                self.unmet.entry(dependency).or_default().insert(key);
            }
        }
        let dependants = self.unmet.remove(&path).unwrap_or_default();
        if let Some(node) = self.get_mut(key) {
            node.unready = unready;
            if !dependants.is_empty() {
                node.rare.get_or_insert_default().dependants = dependants;
            }
        }
    }

    /// Forgets that a node depends on anything. Those who depend on it wait for its path.
    fn untie(&mut self, key: NodeKey) {
        let Some(node) = self.get_mut(key) else { return };
        let dependants = node.rare.as_mut().map(|rare| std::mem::take(&mut rare.dependants));
        if let Some(dependants) = dependants.filter(|dependants| !dependants.is_empty()) {
            let path = node.path.clone();
            self.unmet.insert(path, dependants);
        }
        let Some(node) = self.get(key) else { return };
        for dependency in node.dependencies().to_vec() {
            if let Some(on) = self.find(&dependency).and_then(|on| self.get_mut(on)) {
                if let Some(rare) = &mut on.rare {
                    rare.dependants.remove(&key);
                }
            } else if let Some(dependants) = self.unmet.get_mut(&dependency) {
                dependants.remove(&key);
                if dependants.is_empty() {
                    self.unmet.remove(&dependency);
                }
            }
        }
    }

    /// Who depends on a node, siblings in the order of declaration.
    pub(super) fn dependants(&self, key: NodeKey) -> Vec<NodeKey> {
        let dependants = self.get(key).and_then(Node::dependants);
        let mut dependants: Vec<_> = dependants.into_iter().flatten().copied().collect();
        // The key says nothing: one that was added may have the place of one that is gone.
        if !cfg!(plant_bug = "dependants_in_any_order") {
            dependants.sort_by_key(|&key| self.get(key).map(|node| (node.parent, node.order)));
        }
        dependants
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::time::Duration;

    use super::*;
    use crate::policy::failure::TaskFailureKind;
    use crate::task::exit::{Exit, TaskFailure};

    #[test]
    fn the_latest_failure_is_known_though_many_exits_have_come_after_it() {
        let failed = || Exit::Failed(TaskFailure::new(TaskFailureKind::Recoverable, fmt::Error));
        let mut history = History::default();
        let mut end = |number, exit| {
            let record = ExitRecord { generation: Generation(number), at: Duration::ZERO, exit };
            history.record(record, 3);
            history.failure().map(|record| record.generation.0)
        };
        assert_eq!(end(1, Exit::Succeeded), None);
        assert_eq!(end(2, failed()), Some(2));
        assert_eq!(end(3, failed()), Some(3));
        let later: Vec<_> = (4..20).map(|number| end(number, Exit::Succeeded)).collect();
        assert_eq!(later, [Some(3); 16]);
        assert_eq!(end(20, failed()), Some(20));
        assert_eq!(history.exits().count(), 3);
    }
}
