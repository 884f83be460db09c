//! The stable form of an answer outside of the program (feature `serde`), as
//! [`event::form`](crate::event::form) is that of the events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Reason, Why};
use crate::event::form::{DecisionForm, nanos, schema_of};
use crate::state::form::{BudgetForm, ChildForm, CommandRecordForm, ExitRecordForm};

/// Names the form. It changes when a field is renamed or dropped, or changes its meaning; new
/// fields and new words do not change it.
pub const SCHEMA_ID: &str = "rust-supervisor.why.v1";

/// The JSON schema of [`WhyForm`], whose `$id` is [`SCHEMA_ID`].
pub fn schema() -> serde_json::Value {
    schema_of::<WhyForm>(SCHEMA_ID)
}

/// Why a child is in its state. `Why` itself is serialized as this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct WhyForm {
    /// The moment, on the monotonic clock since the tree was started, in nanoseconds.
    pub uptime_nanos: u64,
    /// The child.
    pub state: ChildForm,
    /// The supervisors above it, the nearest first.
    pub above: Vec<ChildForm>,
    /// What led here and what comes next.
    pub reasons: Vec<ReasonForm>,
    /// The same in sentences, one in a line.
    pub text: String,
}

/// One part of the answer. `reason` says which; see [`Reason`] for what each means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `Reason`")]
pub enum ReasonForm {
    NotItsTurn {
        supervisor: String,
        lifecycle: String,
    },
    WaitsFor {
        dependencies: Vec<String>,
    },
    NotReadyYet,
    NotEndedYet,
    Disabled,
    CannotBeEnded,
    Runs,
    Exited {
        record: ExitRecordForm,
    },
    FailedBefore {
        record: ExitRecordForm,
    },
    Decided {
        decision: DecisionForm,
    },
    WaitsUntil {
        due_nanos: u64,
        next: u64,
    },
    WaitsForRound {
        supervisor: String,
    },
    Commanded {
        command: CommandRecordForm,
    },
    HeldByLimit {
        since_nanos: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trial_nanos: Option<u64>,
    },
    Ignored,
    SupervisorDown {
        supervisor: String,
        lifecycle: String,
    },
    OwnBudget {
        budget: BudgetForm,
    },
    SharedBudget {
        supervisor: String,
        budget: BudgetForm,
    },
}

impl Serialize for Why {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WhyForm::from(self).serialize(serializer)
    }
}

impl From<&Why> for WhyForm {
    fn from(why: &Why) -> Self {
        Self {
            uptime_nanos: nanos(why.uptime),
            state: (&why.state).into(),
            above: why.above.iter().map(ChildForm::from).collect(),
            reasons: why.reasons.iter().map(ReasonForm::from).collect(),
            text: why.to_string(),
        }
    }
}

impl From<&Reason> for ReasonForm {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::NotItsTurn { supervisor, lifecycle } => Self::NotItsTurn {
                supervisor: supervisor.to_string(),
                lifecycle: lifecycle.to_string(),
            },
            Reason::WaitsFor { dependencies } => Self::WaitsFor {
                dependencies: dependencies.iter().map(ToString::to_string).collect(),
            },
            Reason::NotReadyYet => Self::NotReadyYet,
            Reason::NotEndedYet => Self::NotEndedYet,
            Reason::Disabled => Self::Disabled,
            Reason::CannotBeEnded => Self::CannotBeEnded,
            Reason::Runs => Self::Runs,
            Reason::Exited(record) => Self::Exited { record: record.into() },
            Reason::FailedBefore(record) => Self::FailedBefore { record: record.into() },
            Reason::Decided(decision) => Self::Decided { decision: (*decision).into() },
            Reason::WaitsUntil { due, next } => {
                Self::WaitsUntil { due_nanos: nanos(*due), next: next.0 }
            }
            Reason::WaitsForRound { supervisor } => {
                Self::WaitsForRound { supervisor: supervisor.to_string() }
            }
            Reason::Commanded(record) => Self::Commanded { command: record.into() },
            Reason::HeldByLimit { since, trial } => {
                Self::HeldByLimit { since_nanos: nanos(*since), trial_nanos: trial.map(nanos) }
            }
            Reason::Ignored => Self::Ignored,
            Reason::SupervisorDown { supervisor, lifecycle } => Self::SupervisorDown {
                supervisor: supervisor.to_string(),
                lifecycle: lifecycle.to_string(),
            },
            Reason::OwnBudget(budget) => Self::OwnBudget { budget: (*budget).into() },
            Reason::SharedBudget { supervisor, budget } => {
                Self::SharedBudget { supervisor: supervisor.to_string(), budget: (*budget).into() }
            }
        }
    }
}
