//! The stable form of events outside of the program (feature `serde`): JSON lines, files, other
//! processes. Apart from the events themselves, whose errors are values that only the program has.

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Event, EventKind, ForceCause, ValueChange};
use crate::error::meltdown::{MeltdownError, MeltdownLink};
use crate::policy::decision::{RestartDecision, Rule};
use crate::policy::intensity::Limit;
use crate::task::exit::{Deadline, Exit};

/// Names the form. It changes when a field is renamed or dropped, or changes its meaning; new
/// fields and new kinds of events do not change it.
pub const SCHEMA_ID: &str = "rust-supervisor.event.v1";

/// The JSON schema of [`EventForm`], whose `$id` is [`SCHEMA_ID`].
pub fn schema() -> serde_json::Value {
    schema_of::<EventForm>(SCHEMA_ID)
}

pub(crate) fn schema_of<T: JsonSchema>(id: &str) -> serde_json::Value {
    let mut schema = schemars::schema_for!(T);
    schema.insert("$id".to_owned(), id.into());
    schema.to_value()
}

/// An event, as it is written down. `Event` itself is serialized as this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct EventForm {
    /// Numbers the events of a tree from 1, without gaps.
    pub sequence: u64,
    /// When, on the wall clock: nanoseconds since 1970 in UTC.
    pub occurred_at_unix_nanos: u64,
    /// When, on the monotonic clock since the tree was started, in nanoseconds.
    pub uptime_nanos: u64,
    /// Whom it concerns: `/root` is the tree.
    pub path: String,
    /// Which run; 0 before the first.
    pub generation: u64,
    /// The sequence of the first event with the same cause.
    pub correlation: u64,
    /// The number of the command that caused it directly, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub kind: KindForm,
}

/// What happened. `type` says which; see [`EventKind`] for what each means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `EventKind`")]
pub enum KindForm {
    Waiting { dependencies: Vec<String> },
    Starting,
    Ready,
    StartFailed { exit: ExitForm },
    StartIgnored,
    Exited { exit: ExitForm },
    Decided { decision: DecisionForm },
    StopRequested,
    Stale { silent_for_nanos: u64 },
    DependencyLost { dependency: String },
    Aborted,
    Unjoinable,
    RoundStarted { origin: String },
    Meltdown { child: String, exit: ExitForm, decision: DecisionForm, why: Vec<LinkForm> },
    AutoShutdown { child: String },
    Commanded { name: String, adds: Option<String>, requested_by: String, reason: String },
    Reconfigured { changes: Vec<ValueChangeForm> },
    Paused,
    Quarantined,
    Resumed,
    Probing,
    BudgetReset,
    Added,
    Removed,
    ShutdownRequested { requested_by: String, reason: String },
    ShutdownForced { force: ForceForm },
    AuditFailing { because: String },
    AuditRestored { missing: u64 },
    RecordingEnded { because: String },
    Ended { is_clean: bool },
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExitForm {
    /// See [`Exit::Succeeded`].
    Succeeded,
    /// See [`Exit::Shutdown`].
    Shutdown,
    /// See [`Exit::Failed`].
    Failed {
        /// Its class, such as `recoverable`.
        class: String,
        /// What the error says and what each of its causes says, the outermost first.
        causes: Vec<String>,
    },
    /// See [`Exit::Panicked`].
    Panicked {
        /// What the panic said.
        message: String,
        /// Where it happened, as `file:line:column`, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// See [`Exit::TimedOut`].
    TimedOut {
        /// What took too long: `start` or `heartbeat`.
        deadline: String,
    },
    /// See [`Exit::Aborted`].
    Aborted,
    /// See [`Exit::Lost`].
    Lost,
    /// See [`Exit::Ignored`].
    Ignored,
}

/// Who ends a shutdown by force; see [`ForceCause`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `ForceCause`")]
pub enum ForceForm {
    BudgetSpent,
    Requested { requested_by: String, reason: String },
}

impl From<&ForceCause> for ForceForm {
    fn from(cause: &ForceCause) -> Self {
        match cause {
            ForceCause::BudgetSpent => Self::BudgetSpent,
            ForceCause::Requested { requested_by, reason } => Self::Requested {
                requested_by: requested_by.to_string(),
                reason: reason.to_string(),
            },
        }
    }
}

/// One value of a configuration that changes; see [`ValueChange`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `ValueChange`")]
pub struct ValueChangeForm {
    pub key: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl From<&ValueChange> for ValueChangeForm {
    fn from(ValueChange { path: _, key, before, after }: &ValueChange) -> Self {
        let text = |value: &Option<std::sync::Arc<str>>| value.as_deref().map(str::to_owned);
        Self { key: key.to_string(), before: text(before), after: text(after) }
    }
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `RestartDecision`")]
pub enum DecisionForm {
    DoNotRestart { rule: String },
    RestartAfter { delay_nanos: u64, rule: String },
    Quarantine { rule: String },
    Escalate { rule: String },
    ShutdownTree { rule: String },
}

/// One level of a meltdown; see [`MeltdownLink`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `MeltdownLink`")]
pub struct LinkForm {
    pub supervisor: String,
    pub child: String,
    pub exit: ExitForm,
    pub rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<LimitForm>,
}

/// How many restarts are tolerated within how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct LimitForm {
    /// How many.
    pub max: u32,
    /// Within how many nanoseconds.
    pub within_nanos: u64,
}

impl Serialize for Event {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EventForm::from(self).serialize(serializer)
    }
}

impl From<&Event> for EventForm {
    fn from(event: &Event) -> Self {
        let since = event.at.duration_since(SystemTime::UNIX_EPOCH);
        Self {
            sequence: event.sequence,
            occurred_at_unix_nanos: nanos(since.unwrap_or_default()),
            uptime_nanos: nanos(event.uptime),
            path: event.path.to_string(),
            generation: event.generation.0,
            correlation: event.correlation.0,
            command: event.command.map(|id| id.0),
            kind: KindForm::from(&event.kind),
        }
    }
}

impl From<&EventKind> for KindForm {
    fn from(kind: &EventKind) -> Self {
        match kind {
            EventKind::Waiting { dependencies } => Self::Waiting {
                dependencies: dependencies.iter().map(ToString::to_string).collect(),
            },
            EventKind::Starting => Self::Starting,
            EventKind::Ready => Self::Ready,
            EventKind::StartFailed { exit } => Self::StartFailed { exit: exit.into() },
            EventKind::StartIgnored => Self::StartIgnored,
            EventKind::Exited { exit } => Self::Exited { exit: exit.into() },
            EventKind::Decided { decision } => Self::Decided { decision: (*decision).into() },
            EventKind::StopRequested => Self::StopRequested,
            EventKind::Stale { silent_for } => Self::Stale { silent_for_nanos: nanos(*silent_for) },
            EventKind::DependencyLost { dependency } => {
                Self::DependencyLost { dependency: dependency.to_string() }
            }
            EventKind::Aborted => Self::Aborted,
            EventKind::Unjoinable => Self::Unjoinable,
            EventKind::RoundStarted { origin } => Self::RoundStarted { origin: origin.to_string() },
            EventKind::Meltdown { child, exit, decision, why } => Self::Meltdown {
                child: child.to_string(),
                exit: exit.into(),
                decision: (*decision).into(),
                why: links(why),
            },
            EventKind::AutoShutdown { child } => Self::AutoShutdown { child: child.to_string() },
            EventKind::Commanded { command, adds, requested_by, reason } => Self::Commanded {
                name: (*command).to_owned(),
                adds: adds.as_deref().map(str::to_owned),
                requested_by: requested_by.to_string(),
                reason: reason.to_string(),
            },
            EventKind::Reconfigured { changes } => {
                Self::Reconfigured { changes: changes.iter().map(ValueChangeForm::from).collect() }
            }
            EventKind::Paused => Self::Paused,
            EventKind::Quarantined => Self::Quarantined,
            EventKind::Resumed => Self::Resumed,
            EventKind::Probing => Self::Probing,
            EventKind::BudgetReset => Self::BudgetReset,
            EventKind::Added => Self::Added,
            EventKind::Removed => Self::Removed,
            EventKind::ShutdownRequested { requested_by, reason } => Self::ShutdownRequested {
                requested_by: requested_by.to_string(),
                reason: reason.to_string(),
            },
            EventKind::ShutdownForced { cause } => Self::ShutdownForced { force: cause.into() },
            EventKind::AuditFailing { because } => {
                Self::AuditFailing { because: because.to_string() }
            }
            EventKind::AuditRestored { missing } => Self::AuditRestored { missing: *missing },
            EventKind::RecordingEnded { because } => {
                Self::RecordingEnded { because: because.to_string() }
            }
            EventKind::Ended { is_clean } => Self::Ended { is_clean: *is_clean },
        }
    }
}

impl From<&Exit> for ExitForm {
    fn from(exit: &Exit) -> Self {
        match exit {
            Exit::Succeeded => Self::Succeeded,
            Exit::Shutdown => Self::Shutdown,
            Exit::Failed(failure) => {
                Self::Failed { class: failure.kind().to_string(), causes: failure.causes() }
            }
            Exit::Panicked(message) => Self::Panicked {
                message: message.as_str().to_owned(),
                location: message.location().map(str::to_owned),
            },
            Exit::TimedOut(deadline) => Self::TimedOut {
                deadline: match deadline {
                    Deadline::Start => "start",
                    Deadline::Heartbeat => "heartbeat",
                }
                .to_owned(),
            },
            Exit::Aborted => Self::Aborted,
            Exit::Lost => Self::Lost,
            Exit::Ignored => Self::Ignored,
        }
    }
}

impl From<RestartDecision> for DecisionForm {
    fn from(decision: RestartDecision) -> Self {
        let rule = decision.rule().name().to_owned();
        match decision {
            RestartDecision::DoNotRestart { .. } => Self::DoNotRestart { rule },
            RestartDecision::RestartAfter { delay, .. } => {
                Self::RestartAfter { delay_nanos: nanos(delay), rule }
            }
            RestartDecision::Quarantine { .. } => Self::Quarantine { rule },
            RestartDecision::Escalate { .. } => Self::Escalate { rule },
            RestartDecision::ShutdownTree { .. } => Self::ShutdownTree { rule },
        }
    }
}

pub(crate) fn links(why: &MeltdownError) -> Vec<LinkForm> {
    why.links().iter().map(LinkForm::from).collect()
}

impl From<&MeltdownLink> for LinkForm {
    fn from(link: &MeltdownLink) -> Self {
        Self {
            supervisor: link.supervisor.to_string(),
            child: link.child.to_string(),
            exit: (&link.exit).into(),
            rule: Rule::name(link.rule).to_owned(),
            budget: link.budget.map(LimitForm::from),
        }
    }
}

impl From<Limit> for LimitForm {
    fn from(Limit { max, within }: Limit) -> Self {
        Self { max, within_nanos: nanos(within) }
    }
}

/// 2^64 ns are 584 years.
pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
