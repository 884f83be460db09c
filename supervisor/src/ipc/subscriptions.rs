//! What a client has subscribed to: events, the changes of the state that follow from them, and
//! lines of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::logs::{LogLine, LogStream};
use super::peer::Subscribed;
use super::target::Target;
use super::view;
use crate::control::stream::{EventFilter, EventStream};
use crate::dashboard::error::{DashboardError, ErrorCode, ErrorStage};
use crate::dashboard::label::SeverityLabel;
use crate::dashboard::model::{RuntimeState, StateDelta, SupervisorNode};
use crate::dashboard::protocol::{EventConditions, LogConditions};
use crate::event::{Event, EventKind, EventTag};
use crate::id::ChildPath;
use crate::state::{ChildState, HealthStatus};

/// How many events may pass before the rows that they changed are sent.
const EVENTS_BEFORE_A_DELTA: usize = 64;

/// How often a child is looked at that has to send a heartbeat and has not yet: that it does is no
/// event.
const PULSE: Duration = Duration::from_secs(1);

/// What is to be sent.
#[derive(Debug)]
pub(super) enum Push {
    Event(Arc<Event>),
    Log(Arc<LogLine>),
    /// Rows have changed: ask for the delta.
    Delta,
    Dropped {
        events: u64,
        logs: u64,
    },
}

/// The subscriptions of one connection.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    pub(super) events: Option<Events>,
    pub(super) logs: Option<Logs>,
}

impl Subscriptions {
    pub(super) fn are_none(&self) -> bool {
        self.events.is_none() && self.logs.is_none()
    }

    /// What is to be sent next, if there is something already. Events come before the changes that
    /// follow from them.
    pub(super) fn try_next(&mut self) -> Option<Push> {
        let events = self.events.as_mut().map_or(0, Events::dropped);
        let logs = self.logs.as_mut().map_or(0, Logs::dropped);
        if (events > 0 || logs > 0) && !cfg!(plant_bug = "ipc_silent_drop") {
            return Some(Push::Dropped { events, logs });
        }
        if let Some(events) = &mut self.events {
            if events.deltas.are_due() {
                return Some(Push::Delta);
            }
            if let Some(event) = events.try_next() {
                return Some(Push::Event(event));
            }
            // What was missed is told before anything else.
            let dropped = events.dropped();
            if dropped > 0 {
                return Some(Push::Dropped { events: dropped, logs: 0 });
            }
            if events.deltas.are_wanted() {
                return Some(Push::Delta);
            }
        }
        let line = self.logs.as_mut()?.try_next();
        let dropped = self.logs.as_mut()?.dropped();
        if dropped > 0 {
            // It is read again after that.
            if let (Some(line), Some(logs)) = (line, &mut self.logs) {
                logs.again = Some(line);
            }
            return Some(Push::Dropped { events: 0, logs: dropped });
        }
        line.map(Push::Log)
    }

    /// Waits until there may be something to send. Dropping the future loses nothing.
    pub(super) async fn changed(&mut self) {
        let Self { events, logs } = self;
        let pulse = events.as_ref().and_then(|events| events.deltas.pulse_at);
        tokio::select! {
            () = async { match events {
                Some(events) => events.changed().await,
                None => std::future::pending().await,
            } } => {}
            () = async { match logs {
                Some(logs) => logs.stream.changed().await,
                None => std::future::pending().await,
            } } => {}
            () = async { match pulse {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            } } => {}
        }
    }
}

/// A subscription to events.
#[derive(Debug)]
pub(super) struct Events {
    stream: EventStream,
    /// Read already, because somebody waited for it.
    next: Option<Arc<Event>>,
    has_ended: bool,
    told: u64,
    wanted: Wanted,
    pub(super) deltas: Deltas,
    _counted: Subscribed,
}

/// Which events are wanted.
#[derive(Debug)]
struct Wanted {
    paths: Vec<ChildPath>,
    kinds: BTreeSet<EventTag>,
    severities: Vec<SeverityLabel>,
}

impl Events {
    /// From this sequence on.
    pub(super) fn new(
        target: &Target,
        from: u64,
        conditions: EventConditions,
        counted: Subscribed,
    ) -> Result<Self, DashboardError> {
        let EventConditions { child_paths, event_types, severities } = conditions;
        let mut kinds = BTreeSet::new();
        for word in &event_types {
            let kind = EventTag::ALL.iter().find(|kind| kind.name() == word);
            kinds.insert(*kind.ok_or_else(|| {
                bad(format!("there are no events of the type `{word}` in `filter.event_types`"))
            })?);
        }
        let wanted =
            Wanted { paths: paths(&child_paths)?, kinds, severities: severe(&severities)? };
        let mut filter = EventFilter::ALL.from_sequence(from);
        for path in &wanted.paths {
            filter = filter.below(path.clone());
        }
        Ok(Self {
            stream: target.handle.subscribe(filter),
            next: None,
            has_ended: false,
            told: 0,
            deltas: Deltas { paths: wanted.paths.clone(), ..Deltas::default() },
            wanted,
            _counted: counted,
        })
    }

    fn try_next(&mut self) -> Option<Arc<Event>> {
        loop {
            let event = self.next.take().or_else(|| self.stream.try_next())?;
            self.deltas.touch(&event);
            let Wanted { paths: _, kinds, severities } = &self.wanted;
            let is_wanted = (kinds.is_empty() || kinds.contains(&event.kind.tag()))
                && (severities.is_empty() || severities.contains(&view::severity(&event)));
            if is_wanted || cfg!(plant_bug = "ipc_filter_ignored") {
                return Some(event);
            }
        }
    }

    /// How many have been missed since that was told last.
    fn dropped(&mut self) -> u64 {
        let missed = self.stream.missed();
        let dropped = missed - self.told;
        if dropped > 0 {
            self.told = missed;
            self.deltas.lose();
        }
        dropped
    }

    async fn changed(&mut self) {
        if self.next.is_some() {
            return;
        }
        if self.has_ended {
            return std::future::pending().await;
        }
        self.next = self.stream.next().await;
        self.has_ended = self.next.is_none();
    }
}

/// The rows that may have changed since they were sent.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    paths: Vec<ChildPath>,
    touched: BTreeMap<ChildPath, Touch>,
    /// Nobody knows which.
    is_all: bool,
    events: usize,
    /// What was sent of each, in short.
    sent: BTreeMap<ChildPath, u64>,
    /// Those that have to send a heartbeat and have not yet.
    silent: BTreeSet<ChildPath>,
    pulse_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touch {
    Changed,
    Added,
}

impl Deltas {
    fn touch(&mut self, event: &Event) {
        self.events += 1;
        let touch = match event.kind {
            EventKind::Added => Touch::Added,
            // From now on the rows of all say that the tree ends.
            EventKind::ShutdownRequested { .. } | EventKind::ShutdownForced { .. } => {
                self.is_all = true;
                Touch::Changed
            }
            _ => Touch::Changed,
        };
        let known = self.touched.entry(event.path.clone()).or_insert(touch);
        if touch == Touch::Added {
            *known = touch;
        }
    }

    fn lose(&mut self) {
        self.is_all = true;
    }

    fn are_wanted(&self) -> bool {
        let is_pulse = self.pulse_at.is_some_and(|at| at <= Instant::now());
        self.is_all || !self.touched.is_empty() || is_pulse
    }

    /// Whether they have been put off for long enough.
    fn are_due(&self) -> bool {
        self.events >= EVENTS_BEFORE_A_DELTA && self.are_wanted()
    }

    /// What has changed since it was asked last; `None` if nothing has.
    pub(super) async fn take(&mut self, target: &Target) -> Option<StateDelta> {
        self.events = 0;
        let is_pulse = self.pulse_at.is_some_and(|at| at <= Instant::now());
        let mut touched = std::mem::take(&mut self.touched);
        if is_pulse {
            self.pulse_at = None;
            for path in std::mem::take(&mut self.silent) {
                touched.entry(path).or_insert(Touch::Changed);
            }
        }
        let mut delta = if std::mem::take(&mut self.is_all) {
            self.take_all(target).await?
        } else {
            self.take_some(target, touched).await?
        };
        if self.pulse_at.is_none() && !self.silent.is_empty() {
            self.pulse_at = Some(Instant::now() + PULSE);
        }
        let StateDelta { runtime_state, removed, .. } = &delta;
        if runtime_state.is_empty() && removed.is_empty() {
            return None;
        }
        delta.generated_at_unix_nanos = view::now_unix_nanos();
        Some(delta)
    }

    async fn take_some(
        &mut self,
        target: &Target,
        touched: BTreeMap<ChildPath, Touch>,
    ) -> Option<StateDelta> {
        let paths: Vec<_> = touched.keys().cloned().collect();
        let rows = target.rows(paths).await.ok()?;
        let mut delta = StateDelta::default();
        for ((path, touch), child) in touched.into_iter().zip(&rows.children) {
            match child {
                None => self.gone(&path, &mut delta),
                Some(child) => {
                    if self.changed(child, target, &mut delta) && touch == Touch::Added {
                        // After all that were there before, in the order in which they came.
                        let order = usize::try_from(rows.sequence).unwrap_or(usize::MAX);
                        delta.edges.extend(view::edges(child, order));
                    }
                }
            }
        }
        delta.state_generation = target.generation(rows.sequence);
        Some(delta)
    }

    async fn take_all(&mut self, target: &Target) -> Option<StateDelta> {
        let tree = target.tree().await.ok()?;
        let mut delta = StateDelta::default();
        let known: BTreeSet<_> = tree.children.iter().map(|child| &child.path).collect();
        let gone: Vec<_> = self.sent.keys().filter(|path| !known.contains(path)).cloned().collect();
        for path in gone {
            self.gone(&path, &mut delta);
        }
        let mut edges = view::topology(&tree).edges;
        let mut unknown = BTreeSet::new();
        for child in &tree.children {
            if !self.sent.contains_key(&child.path) {
                unknown.insert(child.path.as_str());
            }
            self.changed(child, target, &mut delta);
        }
        edges.retain(|edge| {
            unknown.contains(&*edge.source_path) || unknown.contains(&*edge.target_path)
        });
        delta.edges = edges;
        delta.state_generation = target.generation(tree.sequence);
        Some(delta)
    }

    fn gone(&mut self, path: &ChildPath, delta: &mut StateDelta) {
        self.sent.remove(path);
        self.silent.remove(path);
        if self.is_wanted(path) {
            delta.removed.push(path.to_string());
        }
    }

    /// Puts in a row if it is not as it was sent, and says whether it is.
    fn changed(&mut self, child: &ChildState, target: &Target, delta: &mut StateDelta) -> bool {
        let path = &child.path;
        if !self.is_wanted(path) {
            return false;
        }
        let is_silent = child.lifecycle.is_live()
            && child.health.is_some_and(|health| health.status == HealthStatus::Unknown);
        if is_silent {
            self.silent.insert(path.clone());
        } else {
            self.silent.remove(path);
        }
        let (row, node) = (view::row(child, target.phase()), view::node(child));
        let short = in_short(&row, &node);
        if self.sent.insert(path.clone(), short) == Some(short) {
            return false;
        }
        target.heard(child);
        delta.runtime_state.push(row);
        delta.nodes.push(node);
        true
    }

    fn is_wanted(&self, path: &ChildPath) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|above| path.is_within(above))
    }
}

fn in_short(row: &RuntimeState, node: &SupervisorNode) -> u64 {
    let mut hasher = DefaultHasher::new();
    let RuntimeState {
        child_path: _,
        lifecycle_state,
        health,
        readiness,
        generation,
        attempt,
        restart_count,
        last_failure,
        last_policy_decision,
        shutdown_state,
    } = row;
    (lifecycle_state, health, readiness, shutdown_state).hash(&mut hasher);
    (generation, attempt, restart_count, last_failure, last_policy_decision).hash(&mut hasher);
    (&node.tags, &node.state_summary, &node.diagnostics).hash(&mut hasher);
    hasher.finish()
}

/// A subscription to lines of the log.
#[derive(Debug)]
pub(super) struct Logs {
    stream: LogStream,
    again: Option<Arc<LogLine>>,
    told: u64,
    paths: Vec<ChildPath>,
    severities: Vec<SeverityLabel>,
    _counted: Subscribed,
}

impl Logs {
    /// From this sequence on.
    pub(super) fn new(
        stream: LogStream,
        conditions: LogConditions,
        counted: Subscribed,
    ) -> Result<Self, DashboardError> {
        let LogConditions { child_paths, severities } = conditions;
        let (paths, severities) = (paths(&child_paths)?, severe(&severities)?);
        Ok(Self { stream, again: None, told: 0, paths, severities, _counted: counted })
    }

    fn try_next(&mut self) -> Option<Arc<LogLine>> {
        if let Some(line) = self.again.take() {
            return Some(line);
        }
        loop {
            let line = self.stream.try_next()?;
            let is_near = |above: &ChildPath| {
                let path = line.child_path.as_deref().and_then(|path| ChildPath::parse(path).ok());
                path.is_some_and(|path| path.is_within(above))
            };
            if (self.severities.is_empty() || self.severities.contains(&line.severity))
                && (self.paths.is_empty() || self.paths.iter().any(is_near))
            {
                return Some(line);
            }
        }
    }

    fn dropped(&mut self) -> u64 {
        let dropped = self.stream.missed() - self.told;
        self.told += dropped;
        dropped
    }
}

fn bad(message: String) -> DashboardError {
    DashboardError::new(ErrorCode::InvalidCommandParams, ErrorStage::Subscription, message)
}

fn paths(words: &[String]) -> Result<Vec<ChildPath>, DashboardError> {
    let path = |word: &String| {
        ChildPath::parse(word).map_err(|error| {
            bad(format!("{error}; in `filter.child_paths` stand whole paths, such as `/root/a`"))
        })
    };
    words.iter().map(path).collect()
}

fn severe(words: &[String]) -> Result<Vec<SeverityLabel>, DashboardError> {
    let severity = |word: &String| {
        SeverityLabel::of(word).ok_or_else(|| {
            let known: Vec<_> = SeverityLabel::ALL.iter().map(|known| known.as_str()).collect();
            bad(format!("`{word}` is no severity: there are {}", known.join(", ")))
        })
    };
    words.iter().map(severity).collect()
}
