//! A tree as it is, and how that changes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EventRecord, LogRecord, TargetProcessIdentity};

/// The whole tree of a target as it is now, and what happened last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DashboardState {
    /// Whose tree it is.
    pub target: TargetProcessIdentity,
    /// What the tree is made of.
    pub topology: SupervisorTopology,
    /// A row for each child, the root included, in the order of the topology.
    pub runtime_state: Vec<RuntimeState>,
    /// The latest events, the oldest first.
    pub recent_events: Vec<EventRecord>,
    /// The latest lines of the log, the oldest first.
    pub recent_logs: Vec<LogRecord>,
    /// How many events the target has no more.
    pub dropped_event_count: u64,
    /// How many lines of the log the target has no more.
    pub dropped_log_count: u64,
    /// Names the configuration that holds.
    pub config_version: String,
    /// When this was true, in Unix nanoseconds.
    pub generated_at_unix_nanos: u64,
    /// Grows with every change of what stands in `topology` and `runtime_state`.
    pub state_generation: u64,
    /// The sequence of the latest event that is in it; 0 before the first. Who subscribes from the
    /// next one on misses nothing.
    #[serde(default)]
    pub event_sequence: u64,
}

/// What has changed about a tree since the generation before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StateDelta {
    /// The generation of the state with these changes in it.
    pub state_generation: u64,
    /// When this was true, in Unix nanoseconds.
    pub generated_at_unix_nanos: u64,
    /// The rows that are new or different.
    pub runtime_state: Vec<RuntimeState>,
    /// The nodes of these rows.
    pub nodes: Vec<SupervisorNode>,
    /// The edges to and from nodes that are new.
    pub edges: Vec<SupervisorEdge>,
    /// The paths of children that are no longer known, and their edges with them.
    pub removed: Vec<String>,
}

/// What a tree is made of, for drawing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SupervisorTopology {
    /// The root.
    pub root: SupervisorNode,
    /// All nodes, the root included, each supervisor before its children.
    pub nodes: Vec<SupervisorNode>,
    /// Who is whose child, and who depends on whom.
    pub edges: Vec<SupervisorEdge>,
    /// The paths of all nodes in the order of their declaration.
    pub declaration_order: Vec<String>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisorNodeKind {
    /// The supervisor of the whole tree.
    RootSupervisor,
    /// A supervisor below it.
    Supervisor,
    /// A task.
    ChildTask,
}

/// How much the program needs a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DashboardCriticality {
    /// Without it the others are no use.
    Critical,
    /// The others can go on without it.
    Standard,
    /// Nice to have.
    BestEffort,
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SupervisorNode {
    /// Names the node: its path.
    pub node_id: String,
    /// Its id among its siblings; none for the root.
    pub child_id: Option<String>,
    /// Its whole path: `/root/payments/ledger`.
    pub path: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: SupervisorNodeKind,
    /// The words that were put on it.
    pub tags: Vec<String>,
    /// How much the program needs it.
    pub criticality: DashboardCriticality,
    /// Where it is in its life; see [`LifecycleLabel`](crate::dashboard::label::LifecycleLabel).
    pub state_summary: String,
    /// What else there is to say about it now.
    pub diagnostics: BTreeMap<String, String>,
}

/// What an edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisorEdgeKind {
    /// The target is a child of the source.
    ParentChild,
    /// The source depends on the target.
    Dependency,
}

/// An edge of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SupervisorEdge {
    /// Names the edge.
    pub edge_id: String,
    /// The path it goes from.
    pub source_path: String,
    /// The path it goes to.
    pub target_path: String,
    /// What it means.
    pub kind: SupervisorEdgeKind,
    /// Its place among those of the same kind from the same source.
    pub order: usize,
}

/// A child as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeState {
    /// Its whole path.
    pub child_path: String,
    /// Where it is in its life; see [`LifecycleLabel`](crate::dashboard::label::LifecycleLabel).
    pub lifecycle_state: String,
    /// What is made of its heartbeats; see [`HealthLabel`](crate::dashboard::label::HealthLabel).
    pub health: String,
    /// Whether it can do its work; see [`ReadinessLabel`](crate::dashboard::label::ReadinessLabel).
    pub readiness: String,
    /// The number of its latest run; 0 before the first.
    pub generation: u64,
    /// Its starts and automatic restarts so far: one more than `restart_count`, 0 before the first.
    pub attempt: u64,
    /// How often it has been restarted by its supervisor.
    pub restart_count: u64,
    /// How the latest of its runs ended that failed.
    pub last_failure: Option<String>,
    /// What was decided after its latest end, and by which rule.
    pub last_policy_decision: Option<String>,
    /// How far the end of the tree has come with it; see
    /// [`ShutdownLabel`](crate::dashboard::label::ShutdownLabel).
    pub shutdown_state: String,
}
