//! The tree in the words of the wire.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::Level;

use super::logs::LogLine;
use crate::dashboard::label::{
    HealthLabel, LifecycleLabel, ReadinessLabel, SeverityLabel, ShutdownLabel,
};
use crate::dashboard::model::{
    DashboardCriticality, EventRecord, LogRecord, RuntimeState, SupervisorEdge, SupervisorEdgeKind,
    SupervisorNode, SupervisorNodeKind, SupervisorTopology,
};
use crate::event::Event;
use crate::event::form::KindForm;
use crate::id::ChildPath;
use crate::observe::log::level;
use crate::policy::failure::Criticality;
use crate::state::{ChildState, HealthStatus, Lifecycle, ReadinessStatus, TreeState};
use crate::task::exit::Exit;

/// Whether the end of the tree has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Alive,
    Ending,
}

/// 2^64 ns after 1970 is in the year 2554.
pub(super) fn unix_nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn now_unix_nanos() -> u64 {
    unix_nanos(SystemTime::now())
}

fn lifecycle(child: &ChildState) -> LifecycleLabel {
    match child.lifecycle {
        Lifecycle::Waiting => LifecycleLabel::Waiting,
        Lifecycle::Starting => LifecycleLabel::Starting,
        Lifecycle::Up => LifecycleLabel::Running,
        Lifecycle::Stopping => LifecycleLabel::Stopping,
        Lifecycle::Restarting => LifecycleLabel::Backoff,
        Lifecycle::Disabled => LifecycleLabel::Stopped,
        Lifecycle::Paused => LifecycleLabel::Paused,
        Lifecycle::Quarantined => LifecycleLabel::Quarantined,
        Lifecycle::Unjoinable => LifecycleLabel::Unjoinable,
        Lifecycle::Down => {
            let Some(last) = child.last_exits.last() else { return LifecycleLabel::Stopped };
            // Somebody has stopped it while it waited for a restart.
            let is_stopped_later = child
                .last_command
                .as_ref()
                .is_some_and(|command| command.command == "stop_child" && command.at >= last.at);
            match last.exit {
                Exit::Succeeded | Exit::Ignored => LifecycleLabel::Completed,
                Exit::Shutdown | Exit::Aborted => LifecycleLabel::Stopped,
                _ if is_stopped_later => LifecycleLabel::Stopped,
                _ => LifecycleLabel::Failed,
            }
        }
    }
}

fn shutdown(child: &ChildState, phase: Phase) -> ShutdownLabel {
    if phase == Phase::Alive {
        return ShutdownLabel::None;
    }
    match child.lifecycle {
        Lifecycle::Stopping if child.is_aborted => ShutdownLabel::Aborting,
        Lifecycle::Stopping => ShutdownLabel::Draining,
        Lifecycle::Waiting | Lifecycle::Starting | Lifecycle::Up | Lifecycle::Restarting => {
            ShutdownLabel::Requested
        }
        Lifecycle::Down
        | Lifecycle::Disabled
        | Lifecycle::Paused
        | Lifecycle::Quarantined
        | Lifecycle::Unjoinable => ShutdownLabel::Reconciled,
    }
}

/// The row of a child.
pub(super) fn row(child: &ChildState, phase: Phase) -> RuntimeState {
    let health = match child.health.map(|health| health.status) {
        None | Some(HealthStatus::Unknown) => HealthLabel::Unknown,
        Some(HealthStatus::Healthy) => HealthLabel::Healthy,
        Some(HealthStatus::Stale) => HealthLabel::Stale,
    };
    let readiness = match child.readiness() {
        ReadinessStatus::Unknown => ReadinessLabel::Unknown,
        ReadinessStatus::NotReady => ReadinessLabel::NotReady,
        ReadinessStatus::Ready => ReadinessLabel::Ready,
    };
    RuntimeState {
        child_path: child.path.to_string(),
        lifecycle_state: lifecycle(child).to_string(),
        health: health.to_string(),
        readiness: readiness.to_string(),
        generation: child.generation.0,
        attempt: if child.generation.0 == 0 { 0 } else { child.restarts + 1 },
        restart_count: child.restarts,
        last_failure: child.last_failure.as_ref().map(|record| record.exit.to_string()),
        last_policy_decision: child.last_decision.map(|decision| decision.to_string()),
        shutdown_state: shutdown(child, phase).to_string(),
    }
}

/// The node of a child.
pub(super) fn node(child: &ChildState) -> SupervisorNode {
    let is_root = child.path.is_root();
    SupervisorNode {
        node_id: child.path.to_string(),
        child_id: (!is_root).then(|| child.path.name().to_owned()),
        path: child.path.to_string(),
        name: child.path.name().to_owned(),
        kind: match (is_root, child.is_supervisor) {
            (true, _) => SupervisorNodeKind::RootSupervisor,
            (false, true) => SupervisorNodeKind::Supervisor,
            (false, false) => SupervisorNodeKind::ChildTask,
        },
        tags: child.tags.iter().map(str::to_owned).collect(),
        criticality: match child.criticality {
            Criticality::Critical => DashboardCriticality::Critical,
            Criticality::Standard => DashboardCriticality::Standard,
            Criticality::BestEffort => DashboardCriticality::BestEffort,
        },
        state_summary: lifecycle(child).to_string(),
        diagnostics: diagnostics(child),
    }
}

fn diagnostics(child: &ChildState) -> BTreeMap<String, String> {
    let mut said = BTreeMap::new();
    let mut say = |key: &str, text: String| said.insert(key.to_owned(), text);
    say("since_uptime_nanos", nanos(child.since).to_string());
    if let Some(due) = child.due {
        say("due_uptime_nanos", nanos(due).to_string());
    }
    if !child.waits_for.is_empty() {
        let paths: Vec<_> = child.waits_for.iter().map(ChildPath::as_str).collect();
        say("waits_for", paths.join(" "));
    }
    if let Some(exit) = child.last_exit() {
        say("last_exit", exit.to_string());
    }
    if let Some(held) = &child.held_by {
        let by = held.command.as_ref().map_or("its own limit", |command| &*command.requested_by);
        say("held_by", by.to_owned());
    }
    if let Some(command) = &child.last_command {
        let text = format!("{}, {}: {}", command.command, command.requested_by, command.reason);
        say("last_command", text);
    }
    if let Some(limit) = &child.intensity {
        say("intensity", limit.to_string());
    }
    if !child.limits.is_empty() {
        let limits: Vec<_> = child.limits.iter().map(ToString::to_string).collect();
        say("limits", limits.join("; "));
    }
    said
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The edges to a child from above it, and from it to what it depends on. `order` is its place
/// among its siblings.
pub(super) fn edges(child: &ChildState, order: usize) -> Vec<SupervisorEdge> {
    let edge = |kind, name: &str, source: &ChildPath, target: &ChildPath, order| SupervisorEdge {
        edge_id: format!("{name}:{source}:{target}"),
        source_path: source.to_string(),
        target_path: target.to_string(),
        kind,
        order,
    };
    let above = child.path.parent().map(|parent| {
        edge(SupervisorEdgeKind::ParentChild, "parent_child", &parent, &child.path, order)
    });
    let depends = child.depends_on.iter().enumerate().map(|(order, on)| {
        edge(SupervisorEdgeKind::Dependency, "dependency", &child.path, on, order)
    });
    above.into_iter().chain(depends).collect()
}

/// What the tree is made of.
pub(super) fn topology(tree: &TreeState) -> SupervisorTopology {
    let nodes: Vec<_> = tree.children.iter().map(node).collect();
    let mut siblings: BTreeMap<Option<ChildPath>, usize> = BTreeMap::new();
    let edges = tree.children.iter().flat_map(|child| {
        let count = siblings.entry(child.path.parent()).or_default();
        *count += 1;
        edges(child, *count - 1)
    });
    SupervisorTopology {
        edges: edges.collect(),
        declaration_order: nodes.iter().map(|node| node.path.clone()).collect(),
        // There is a root in every tree.
        root: tree.children.first().map_or_else(nothing, node),
        nodes,
    }
}

fn nothing() -> SupervisorNode {
    SupervisorNode {
        node_id: ChildPath::root().to_string(),
        child_id: None,
        path: ChildPath::root().to_string(),
        name: ChildPath::root().name().to_owned(),
        kind: SupervisorNodeKind::RootSupervisor,
        tags: Vec::new(),
        criticality: DashboardCriticality::Standard,
        state_summary: LifecycleLabel::Waiting.to_string(),
        diagnostics: BTreeMap::new(),
    }
}

/// How much an event matters.
pub(super) fn severity(event: &Event) -> SeverityLabel {
    match level(&event.kind) {
        Level::ERROR => SeverityLabel::Error,
        Level::WARN => SeverityLabel::Warning,
        Level::INFO => SeverityLabel::Info,
        _ => SeverityLabel::Debug,
    }
}

/// An event of this target.
pub(super) fn event(event: &Event, target_id: &str, config_version: &str) -> EventRecord {
    let mut payload = serde_json::to_value(KindForm::from(&event.kind)).unwrap_or_default();
    if let Some(payload) = payload.as_object_mut() {
        payload.insert("generation".to_owned(), event.generation.0.into());
        payload.insert("uptime_nanos".to_owned(), nanos(event.uptime).into());
        payload.insert("message".to_owned(), event.kind.to_string().into());
        if let Some(command) = event.command {
            payload.insert("command".to_owned(), command.0.into());
        }
    }
    EventRecord {
        target_id: target_id.to_owned(),
        sequence: event.sequence,
        correlation_id: event.correlation.to_string(),
        event_type: event.kind.name().to_owned(),
        severity: severity(event).to_string(),
        target_path: event.path.to_string(),
        child_id: (!event.path.is_root()).then(|| event.path.name().to_owned()),
        occurred_at_unix_nanos: unix_nanos(event.at),
        config_version: config_version.to_owned(),
        payload,
    }
}

/// A line of the log of this target.
pub(super) fn log(line: &Arc<LogLine>, target_id: &str) -> LogRecord {
    let mut fields = line.fields.clone();
    if let Some(path) = &line.child_path {
        fields.insert("child_path".to_owned(), path.to_string());
    }
    LogRecord {
        target_id: target_id.to_owned(),
        sequence: Some(line.sequence),
        correlation_id: line.correlation_id.clone(),
        severity: line.severity.to_string(),
        message: line.message.clone(),
        fields,
        occurred_at_unix_nanos: unix_nanos(line.at),
    }
}
