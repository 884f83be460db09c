//! The stable form of the state outside of the program (feature `serde`), as
//! [`event::form`](crate::event::form) is that of the events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChildHealth, ChildState, CommandRecord, ExitRecord, HeldBy, LimitState, TreeState};
use crate::event::form::{DecisionForm, ExitForm, LimitForm, nanos, schema_of};

/// Names the form. It changes when a field is renamed or dropped, or changes its meaning; new
/// fields and new words do not change it.
pub const SCHEMA_ID: &str = "rust-supervisor.state.v1";

/// The JSON schema of [`TreeForm`], whose `$id` is [`SCHEMA_ID`].
pub fn schema() -> serde_json::Value {
    schema_of::<TreeForm>(SCHEMA_ID)
}

/// The whole tree. `TreeState` itself is serialized as this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct TreeForm {
    /// When this was true, on the monotonic clock since the tree was started, in nanoseconds.
    pub uptime_nanos: u64,
    /// Every child, the root first, each supervisor before its children.
    pub children: Vec<ChildForm>,
}

/// One child. `ChildState` itself is serialized as this; all times are on the monotonic clock since
/// the tree was started, in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ChildForm {
    /// Where it stands.
    pub path: String,
    /// Whether it is a supervisor.
    pub is_supervisor: bool,
    /// The words that were put on it.
    pub tags: Vec<String>,
    /// Where it is in its life, such as `up`.
    pub lifecycle: String,
    /// `unknown`, `not_ready` or `ready`.
    pub readiness: String,
    /// The number of its latest run; 0 before the first.
    pub generation: u64,
    /// How often it has been restarted.
    pub restarts: u64,
    /// Since when it has been in this state.
    pub since_nanos: u64,
    /// When it is started again, if it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_nanos: Option<u64>,
    /// What it waits for.
    pub waits_for: Vec<String>,
    /// All that it depends on.
    pub depends_on: Vec<String>,
    /// Whether its run was aborted and has not ended yet.
    pub is_aborted: bool,
    /// How its latest runs ended, the latest last.
    pub last_exits: Vec<ExitRecordForm>,
    /// What was decided after the latest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<DecisionForm>,
    /// When that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decision_at_nanos: Option<u64>,
    /// The latest of its runs that ended abnormally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<ExitRecordForm>,
    /// The latest command about it that was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_command: Option<CommandRecordForm>,
    /// Who keeps it out of restarts and rounds, if anybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldByForm>,
    /// How much the program needs it.
    pub criticality: String,
    /// For a supervisor: what counts against its intensity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intensity: Option<BudgetForm>,
    /// The restart limits that are its own.
    pub limits: Vec<BudgetForm>,
    /// For a child that has to send heartbeats: how it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthForm>,
}

/// The end of one run; see [`ExitRecord`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `ExitRecord`")]
pub struct ExitRecordForm {
    pub generation: u64,
    pub at_nanos: u64,
    pub exit: ExitForm,
}

/// A command that was accepted; see [`CommandRecord`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `CommandRecord`")]
pub struct CommandRecordForm {
    pub id: u64,
    pub name: String,
    pub requested_by: String,
    pub reason: String,
    pub at_nanos: u64,
    #[serde(default)]
    pub generation: u64,
}

/// Who keeps a child out of restarts and rounds; see [`HeldBy`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `HeldBy`")]
pub struct HeldByForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandRecordForm>,
    pub since_nanos: u64,
    pub is_to_run: bool,
}

/// A limit of restarts and what is used of it; see [`LimitState`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct BudgetForm {
    /// The class of failure it is for; left out where it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How many restarts count against it now.
    pub used: u32,
    /// How many more it allows now.
    pub left: u32,
    /// How many it allows, within how long.
    pub limit: LimitForm,
}

/// How a child is that has to send heartbeats; see [`ChildHealth`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `ChildHealth`")]
pub struct HealthForm {
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_nanos: Option<u64>,
    pub heartbeat_nanos: u64,
    pub stale_after_nanos: u64,
}

impl Serialize for TreeState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        TreeForm::from(self).serialize(serializer)
    }
}

impl Serialize for ChildState {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ChildForm::from(self).serialize(serializer)
    }
}

impl From<&TreeState> for TreeForm {
    fn from(state: &TreeState) -> Self {
        let children = state.children.iter().map(ChildForm::from).collect();
        Self { uptime_nanos: nanos(state.uptime), children }
    }
}

impl From<&ChildState> for ChildForm {
    fn from(state: &ChildState) -> Self {
        // A field that is added to the state has to be added here.
        let readiness = state.readiness().to_string();
        let ChildState {
            path,
            is_supervisor,
            tags,
            lifecycle,
            generation,
            restarts,
            since,
            due,
            waits_for,
            depends_on,
            is_aborted,
            last_exits,
            last_decision,
            last_decision_at,
            last_failure,
            last_command,
            held_by,
            criticality,
            intensity,
            limits,
            health,
        } = state;
        Self {
            path: path.to_string(),
            is_supervisor: *is_supervisor,
            tags: tags.iter().map(str::to_owned).collect(),
            lifecycle: lifecycle.to_string(),
            readiness,
            generation: generation.0,
            restarts: *restarts,
            since_nanos: nanos(*since),
            due_nanos: due.map(nanos),
            waits_for: waits_for.iter().map(ToString::to_string).collect(),
            depends_on: depends_on.iter().map(ToString::to_string).collect(),
            is_aborted: *is_aborted,
            last_exits: last_exits.iter().map(ExitRecordForm::from).collect(),
            last_decision: last_decision.map(DecisionForm::from),
            last_decision_at_nanos: last_decision_at.map(nanos),
            last_failure: last_failure.as_ref().map(ExitRecordForm::from),
            last_command: last_command.as_ref().map(CommandRecordForm::from),
            held_by: held_by.as_ref().map(HeldByForm::from),
            criticality: criticality.to_string(),
            intensity: intensity.map(BudgetForm::from),
            limits: limits.iter().copied().map(BudgetForm::from).collect(),
            health: health.map(HealthForm::from),
        }
    }
}

impl From<&ExitRecord> for ExitRecordForm {
    fn from(ExitRecord { generation, at, exit }: &ExitRecord) -> Self {
        Self { generation: generation.0, at_nanos: nanos(*at), exit: exit.into() }
    }
}

impl From<&CommandRecord> for CommandRecordForm {
    fn from(record: &CommandRecord) -> Self {
        let CommandRecord { id, command, requested_by, reason, at, generation } = record;
        Self {
            id: id.0,
            name: (*command).to_owned(),
            requested_by: requested_by.to_string(),
            reason: reason.to_string(),
            at_nanos: nanos(*at),
            generation: generation.0,
        }
    }
}

impl From<&HeldBy> for HeldByForm {
    fn from(HeldBy { command, since, is_to_run }: &HeldBy) -> Self {
        Self {
            command: command.as_ref().map(CommandRecordForm::from),
            since_nanos: nanos(*since),
            is_to_run: *is_to_run,
        }
    }
}

impl From<LimitState> for BudgetForm {
    fn from(state: LimitState) -> Self {
        Self {
            class: state.class.map(|class| class.to_string()),
            used: state.used,
            left: state.left(),
            limit: state.limit.into(),
        }
    }
}

impl From<ChildHealth> for HealthForm {
    fn from(health: ChildHealth) -> Self {
        let ChildHealth { status, last_heartbeat, heartbeat, stale_after } = health;
        Self {
            status: status.to_string(),
            last_heartbeat_nanos: last_heartbeat.map(nanos),
            heartbeat_nanos: nanos(heartbeat),
            stale_after_nanos: nanos(stale_after),
        }
    }
}
