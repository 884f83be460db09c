//! The stable form of a summary outside of the program (feature `serde`), as
//! [`event::form`](crate::event::form) is that of the events.

use std::time::SystemTime;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FailureRecord, RunSummary, SummaryCause};
use crate::event::form::{EventForm, ForceForm, LinkForm, links, nanos, schema_of};
use crate::report::form::EndCauseForm;
use crate::state::form::{ChildForm, ExitRecordForm};

/// Names the form. It changes when a field is renamed or dropped, or changes its meaning; new
/// fields and new words do not change it.
pub const SCHEMA_ID: &str = "rust-supervisor.summary.v1";

/// The JSON schema of [`SummaryForm`], whose `$id` is [`SCHEMA_ID`].
pub fn schema() -> serde_json::Value {
    schema_of::<SummaryForm>(SCHEMA_ID)
}

/// What there was to know when something had gone wrong for good. `RunSummary` itself is serialized
/// as this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct SummaryForm {
    /// When, on the wall clock: nanoseconds since 1970 in UTC.
    pub occurred_at_unix_nanos: u64,
    /// When, on the monotonic clock since the tree was started, in nanoseconds.
    pub uptime_nanos: u64,
    /// The supervisor it is about, and everything below it.
    pub scope: String,
    /// What has happened.
    pub cause: SummaryCauseForm,
    /// Why the supervisor gave up, from there down to the run that began it all.
    pub causal_chain: Vec<LinkForm>,
    /// How often the children there have been restarted, all together.
    pub restarts: u64,
    /// The latest failure of each child that has failed, the latest first.
    pub failures: Vec<FailureForm>,
    /// The latest events there, the oldest first.
    pub recent_events: Vec<EventForm>,
    /// The children as they were then.
    pub state: Vec<ChildForm>,
    /// How many more children there were.
    pub left_out: u64,
}

/// Why a summary was made. `type` says which; see [`SummaryCause`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `SummaryCause`")]
pub enum SummaryCauseForm {
    Meltdown { why: Vec<LinkForm> },
    Escalation { why: Vec<LinkForm> },
    ShutdownForced { force: ForceForm },
    Ended { end: EndCauseForm },
}

/// The failure of one child; see [`FailureRecord`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `FailureRecord`")]
pub struct FailureForm {
    pub path: String,
    pub record: ExitRecordForm,
    pub causes: Vec<String>,
}

impl Serialize for RunSummary {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SummaryForm::from(self).serialize(serializer)
    }
}

impl From<&RunSummary> for SummaryForm {
    fn from(summary: &RunSummary) -> Self {
        let since = summary.at.duration_since(SystemTime::UNIX_EPOCH);
        let failure = |it: &FailureRecord| FailureForm {
            path: it.path.to_string(),
            record: (&it.record).into(),
            causes: it.causes.clone(),
        };
        Self {
            occurred_at_unix_nanos: nanos(since.unwrap_or_default()),
            uptime_nanos: nanos(summary.uptime),
            scope: summary.scope.to_string(),
            cause: (&summary.cause).into(),
            causal_chain: summary.causal_chain().iter().map(LinkForm::from).collect(),
            restarts: summary.restarts,
            failures: summary.failures.iter().map(failure).collect(),
            recent_events: summary.recent_events.iter().map(|event| (&**event).into()).collect(),
            state: summary.state.iter().map(ChildForm::from).collect(),
            left_out: summary.left_out as u64,
        }
    }
}

impl From<&SummaryCause> for SummaryCauseForm {
    fn from(cause: &SummaryCause) -> Self {
        match cause {
            SummaryCause::Meltdown(why) => Self::Meltdown { why: links(why) },
            SummaryCause::Escalation(why) => Self::Escalation { why: links(why) },
            SummaryCause::ShutdownForced { cause } => Self::ShutdownForced { force: cause.into() },
            SummaryCause::Ended(cause) => Self::Ended { end: cause.into() },
        }
    }
}
