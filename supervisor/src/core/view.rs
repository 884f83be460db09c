//! The state of the tree as a value.
//!
//! Nobody who asks is to delay the tree. So the nodes are seen in chunks that are shared with
//! those who asked, and only the chunks in which something has changed since are made anew; see
//! [`Seen`]. What is left, the order of the tree and what time alone changes, is worked out by
//! who asks ([`Snapshot::tree`]), and not by the driver.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::engine::Engine;
use super::key::{NodeKey, RunKey};
use super::nodes::History;
use super::state::{After, State};
use super::supervisor::{Phase, Step};
use super::time::Uptime;
use crate::error::types::SupervisorError;
use crate::id::{ChildPath, Generation};
use crate::policy::Policy;
use crate::policy::health::Health;
use crate::policy::intensity::{Limit, Window};
use crate::policy::on_failure::FailureClass;
use crate::spec::tags::Tags;
use crate::state::{
    ChildHealth, ChildState, HealthStatus, HeldBy, Lifecycle, LimitState, TreeState,
};
use crate::summary::Outline;

/// How many nodes are seen together.
const CHUNK: usize = 64;

/// What was said of the nodes when somebody last asked, by their places in the arena. A chunk is
/// forgotten when one of its nodes is touched.
#[derive(Debug, Default)]
pub(super) struct Seen(Vec<Option<Arc<[Option<Row>]>>>);

impl Seen {
    /// Something about the node at this place may change. Costs next to nothing while nobody asks.
    pub(super) fn forget(&mut self, index: u32) {
        if cfg!(plant_bug = "stale_state") {
            return;
        }
        if let Some(chunk) = self.0.get_mut(index as usize / CHUNK) {
            *chunk = None;
        }
    }
}

/// One node: what its state is made of by whoever asks. Cheap to make, because the tree waits for it,
/// and small, because at the end of a tree there is one of each of its children.
#[derive(Clone, Debug)]
pub(super) struct Row {
    path: ChildPath,
    generation: Generation,
    since: Uptime,
    history: Option<Arc<History>>,
    policy: Arc<Policy>,
    parent: Option<NodeKey>,
    first: Option<NodeKey>,
    next: Option<NodeKey>,
    lifecycle: Lifecycle,
    is_supervisor: bool,
    is_aborted: bool,
    is_stuck: bool,
    /// Made only for one that has any of it.
    rare: Option<Box<RareRow>>,
}

/// What most nodes have nothing of.
#[derive(Clone, Debug, Default)]
struct RareRow {
    tags: Tags,
    due: Option<Uptime>,
    waits_for: Vec<ChildPath>,
    depends_on: Vec<ChildPath>,
    held_by: Option<HeldBy>,
    /// Of a supervisor.
    intensity: Option<(Window, Limit)>,
    limits: Vec<(Option<FailureClass>, Window, Limit)>,
    /// For a supervisor: when the round that waits starts.
    round_start: Option<Uptime>,
    /// The run that is to send heartbeats.
    watched: Option<RunKey>,
}

static NOTHING_RARE: RareRow = RareRow {
    tags: Tags::NONE,
    due: None,
    waits_for: Vec::new(),
    depends_on: Vec::new(),
    held_by: None,
    intensity: None,
    limits: Vec::new(),
    round_start: None,
    watched: None,
};

impl Row {
    fn rare(&self) -> &RareRow {
        self.rare.as_deref().unwrap_or(&NOTHING_RARE)
    }

    fn watched(&self) -> Option<RunKey> {
        self.rare.as_ref()?.watched
    }

    fn restarts(&self) -> u64 {
        self.history.as_ref().map_or(0, |past| past.restarts)
    }

    /// The child as it is now, and when the round starts for which its supervisor waits.
    fn at(&self, now: Uptime, round_start: Option<Uptime>) -> ChildState {
        let used =
            |window: &Window, limit| u32::try_from(window.count(now, limit)).unwrap_or(u32::MAX);
        let rare = self.rare();
        let intensity = rare.intensity.as_ref().map(|(window, limit)| (window, *limit));
        let limits = rare.limits.iter().map(|(class, window, limit)| LimitState {
            class: *class,
            used: used(window, *limit),
            limit: *limit,
        });
        let waits_for_round = self.lifecycle == Lifecycle::Restarting;
        let round_start = round_start.filter(|_| waits_for_round);
        let past = self.history.as_ref();
        let decided = past.filter(|past| past.decision.is_some());
        let health = self.policy.health.map(|Health { heartbeat, stale_after }| ChildHealth {
            status: if self.is_stuck { HealthStatus::Stale } else { HealthStatus::Unknown },
            last_heartbeat: None,
            heartbeat,
            stale_after,
        });
        ChildState {
            path: self.path.clone(),
            is_supervisor: self.is_supervisor,
            tags: rare.tags.clone(),
            lifecycle: self.lifecycle,
            generation: self.generation,
            restarts: self.restarts(),
            since: self.since.elapsed(),
            due: rare.due.or(round_start).map(Uptime::elapsed),
            waits_for: rare.waits_for.clone(),
            depends_on: rare.depends_on.clone(),
            is_aborted: self.is_aborted,
            last_exits: past.map(|past| past.exits().cloned().collect()).unwrap_or_default(),
            last_decision: past.and_then(|past| past.decision),
            last_decision_at: decided.map(|past| past.decided_at.elapsed()),
            last_failure: past.and_then(|past| past.failure().cloned()),
            last_command: past.and_then(|past| past.command.clone()),
            held_by: rare.held_by.clone(),
            criticality: self.policy.criticality,
            intensity: intensity.map(|(window, limit)| LimitState {
                class: None,
                used: used(window, limit),
                limit,
            }),
            limits: limits.collect(),
            health,
        }
    }
}

/// The whole tree at one moment, cheap to make.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    now: Uptime,
    sequence: u64,
    root: NodeKey,
    chunks: Vec<Arc<[Option<Row>]>>,
    heartbeats: BTreeMap<RunKey, Uptime>,
}

impl Snapshot {
    /// The runs that are to send heartbeats.
    pub(crate) fn watched(&self) -> Vec<RunKey> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.iter())
            .flatten()
            .filter_map(Row::watched)
            .collect()
    }

    /// Puts in when a run has sent its latest heartbeat.
    pub(crate) fn hear(&mut self, run: RunKey, at: Uptime) {
        self.heartbeats.insert(run, at);
    }

    /// The state, parents before children, siblings in their order.
    pub(crate) fn tree(&self) -> TreeState {
        // As many as there are places at most: who is moved again and again costs as much as who is made.
        let mut children = Vec::with_capacity(self.chunks.iter().map(|chunk| chunk.len()).sum());
        children.extend(self.rows().map(|row| self.child(row)));
        TreeState { uptime: self.now.elapsed(), sequence: self.sequence, children }
    }

    /// What a summary says of it.
    pub(crate) fn outline(&self) -> Outline {
        let mut outline = Outline::default();
        for row in self.rows() {
            let failure = row.history.as_ref().and_then(|past| past.failure());
            outline.add(row.restarts(), &row.path, failure, || self.child(row));
        }
        outline
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        let mut stack = vec![self.root];
        std::iter::from_fn(move || {
            let row = self.row(stack.pop()?)?;
            stack.extend(row.next);
            stack.extend(row.first);
            Some(row)
        })
    }

    fn child(&self, row: &Row) -> ChildState {
        let above = row.parent.and_then(|parent| self.row(parent));
        let mut child = row.at(self.now, above.and_then(|above| above.rare().round_start));
        if let Some(health) = &mut child.health {
            health.hear(
                row.watched().and_then(|run| self.heartbeats.get(&run)).map(|at| at.elapsed()),
            );
        }
        child
    }

    fn row(&self, key: NodeKey) -> Option<&Row> {
        let index = key.index as usize;
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)?.as_ref()
    }
}

impl Engine {
    /// Tells the time, for what is asked next. Nothing else follows from it.
    pub(crate) fn at(&mut self, now: Uptime) -> &mut Self {
        self.now = self.now.max(now);
        self
    }

    /// Every child, as it is now; see [`Snapshot`]. What it knows of heartbeats is with the runs.
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        let mut seen = std::mem::take(&mut self.nodes.seen.0);
        seen.resize(self.nodes.places().div_ceil(CHUNK), None);
        for (n, chunk) in seen.iter_mut().enumerate() {
            if chunk.is_none() {
                let part = self.nodes.part(n * CHUNK, (n + 1) * CHUNK);
                *chunk = Some(part.map(|key| key.and_then(|key| self.row(key))).collect());
            }
        }
        let chunks = seen.iter().flatten().cloned().collect();
        self.nodes.seen.0 = seen;
        Snapshot {
            now: self.now,
            sequence: self.facts,
            root: self.root,
            chunks,
            heartbeats: BTreeMap::new(),
        }
    }

    /// Every child, as it is now, put together at once: what the snapshot has to come to.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn state(&self) -> TreeState {
        let children = self.depth_first().into_iter().filter_map(|key| self.child_state(key));
        TreeState { uptime: self.now.elapsed(), sequence: self.facts, children: children.collect() }
    }

    /// What a summary says of one node and everything below it.
    pub(crate) fn outline_below(&self, path: &ChildPath) -> Outline {
        let below = self.nodes.find(path).map(|key| self.depth_first_from(key));
        let mut outline = Outline::default();
        for key in below.unwrap_or_default() {
            let Some(row) = self.row(key) else { continue };
            let failure = row.history.as_ref().and_then(|past| past.failure());
            outline.add(row.restarts(), &row.path, failure, || self.child_of(&row));
        }
        outline
    }

    /// The sequence of the latest event; 0 before the first.
    #[cfg(all(feature = "ipc", unix))]
    pub(crate) fn sequence(&self) -> u64 {
        self.facts
    }

    /// One child, as it is now.
    pub(crate) fn state_at(&self, path: &ChildPath) -> Result<ChildState, SupervisorError> {
        let state = self.nodes.find(path).and_then(|key| self.child_state(key));
        state.ok_or_else(|| self.unknown(path))
    }

    /// The run of a child that is live.
    pub(crate) fn run_at(&self, path: &ChildPath) -> Option<RunKey> {
        let key = self.nodes.find(path)?;
        self.state_of(key).filter(State::is_live)?;
        self.run_of(key)
    }

    fn child_state(&self, key: NodeKey) -> Option<ChildState> {
        Some(self.child_of(&self.row(key)?))
    }

    fn child_of(&self, row: &Row) -> ChildState {
        let round_start = row.parent.and_then(|parent| self.round_start(parent));
        row.at(self.now, round_start)
    }

    /// When the round starts for which a supervisor waits.
    fn round_start(&self, key: NodeKey) -> Option<Uptime> {
        match &self.supervisor(key)?.step {
            Step::Round(round) if round.phase == Phase::Waiting => Some(round.start_at),
            _ => None,
        }
    }

    fn row(&self, key: NodeKey) -> Option<Row> {
        let node = self.nodes.get(key)?;
        let due = match node.state {
            State::Restarting { due } | State::Quarantined { due } => due,
            _ => None,
        };
        let waits_for = match node.state {
            // Those become ready and unready: the node is touched when one does.
            State::Waiting { .. } => self.unready_dependencies(key),
            _ => Vec::new(),
        };
        let supervisor = node.supervisor();
        let is_aborted = match node.state {
            State::Stopping(stopping) => stopping.is_aborted,
            State::Unjoinable { .. } => true,
            _ => false,
        };
        let is_stuck = match node.state {
            State::Stopping(stopping) => stopping.is_stuck,
            State::Unjoinable { after } => matches!(after, After::Stuck { .. }),
            _ => false,
        };
        let policy = node.policy();
        let is_watched = policy.health.is_some() && node.state.is_live();
        let limits = policy.limits().map(|(class, limit)| {
            let window = node.spent().and_then(|spent| spent.charged(class));
            (class, window.cloned().unwrap_or_default(), limit)
        });
        let limits: Vec<_> = limits.collect();
        let (tags, held_by) = (node.tags(), self.held_by(key));
        let depends_on = node.dependencies();
        let is_plain = supervisor.is_none()
            && due.is_none()
            && waits_for.is_empty()
            && depends_on.is_empty()
            && limits.is_empty()
            && tags.is_empty()
            && held_by.is_none()
            && !is_watched;
        let rare = (!is_plain).then(|| {
            Box::new(RareRow {
                tags: tags.clone(),
                due,
                waits_for,
                depends_on: depends_on.to_vec(),
                held_by,
                intensity: supervisor.map(|above| (above.window.clone(), above.plan.intensity)),
                limits,
                round_start: self.round_start(key),
                watched: is_watched.then_some(RunKey { node: key, generation: node.generation }),
            })
        });
        Some(Row {
            path: node.path.clone(),
            generation: node.generation,
            since: node.since,
            history: node.history.clone(),
            policy: Arc::clone(policy),
            parent: node.parent,
            first: supervisor.and_then(|above| above.first),
            next: node.next,
            lifecycle: node.state.lifecycle(),
            is_supervisor: supervisor.is_some(),
            is_aborted,
            is_stuck,
            rare,
        })
    }
}
