//! The stable form of a report outside of the program (feature `serde`), as
//! [`event::form`](crate::event::form) is that of the events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EndCause, ReportRow, RowEnd, ShutdownReport};
use crate::event::form::{DecisionForm, ExitForm, LinkForm, links, nanos, schema_of};

/// Names the form. It changes when a field is renamed or dropped, or changes its meaning; new
/// fields and new words do not change it.
pub const SCHEMA_ID: &str = "rust-supervisor.report.v1";

/// The JSON schema of [`ReportForm`], whose `$id` is [`SCHEMA_ID`].
pub fn schema() -> serde_json::Value {
    schema_of::<ReportForm>(SCHEMA_ID)
}

/// How the tree ended. `ShutdownReport` itself is serialized as this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ReportForm {
    /// Why it ended.
    pub cause: EndCauseForm,
    /// How long the shutdown took, in nanoseconds.
    pub took_nanos: u64,
    /// How long the tree had lived when it was over, in nanoseconds.
    pub uptime_nanos: u64,
    /// Whether it was ended by force.
    pub was_forced: bool,
    /// Whether nothing had to be aborted or given up.
    pub is_clean: bool,
    /// What the program exits with.
    pub exit_code: u8,
    /// The children in the order in which they ended; after them those that were not running.
    pub rows: Vec<RowForm>,
}

/// Why a tree ended. `cause` says which; see [`EndCause`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `EndCause`")]
pub enum EndCauseForm {
    Requested { requested_by: String, reason: String },
    Meltdown { child: String, exit: ExitForm, decision: DecisionForm, why: Vec<LinkForm> },
    AutoShutdown,
    StartFailed { child: String, exit: ExitForm },
}

/// The end of one child; see [`ReportRow`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `ReportRow`")]
pub struct RowForm {
    pub path: String,
    pub generation: u64,
    pub end: RowEndForm,
    pub took_nanos: u64,
    pub was_cancelled: bool,
    pub was_aborted: bool,
}

/// How a child stood at the end. `end` says which; see [`RowEnd`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "end", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "they are those of `RowEnd`")]
pub enum RowEndForm {
    Ended { exit: ExitForm },
    NotRunning,
    Unjoinable,
}

impl Serialize for ShutdownReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ReportForm::from(self).serialize(serializer)
    }
}

impl From<&ShutdownReport> for ReportForm {
    fn from(report: &ShutdownReport) -> Self {
        Self {
            cause: (&report.cause).into(),
            took_nanos: nanos(report.took),
            uptime_nanos: nanos(report.uptime),
            was_forced: report.was_forced,
            is_clean: report.is_clean(),
            exit_code: report.exit_code(),
            rows: report.rows.iter().map(RowForm::from).collect(),
        }
    }
}

impl From<&EndCause> for EndCauseForm {
    fn from(cause: &EndCause) -> Self {
        match cause {
            EndCause::Requested { requested_by, reason } => {
                Self::Requested { requested_by: requested_by.clone(), reason: reason.clone() }
            }
            EndCause::Meltdown { child, exit, decision, why } => Self::Meltdown {
                child: child.to_string(),
                exit: exit.into(),
                decision: (*decision).into(),
                why: links(why),
            },
            EndCause::AutoShutdown => Self::AutoShutdown,
            EndCause::StartFailed { child, exit } => {
                Self::StartFailed { child: child.to_string(), exit: exit.into() }
            }
        }
    }
}

impl From<&ReportRow> for RowForm {
    fn from(row: &ReportRow) -> Self {
        let ReportRow { path, generation, end, took, was_cancelled, was_aborted } = row;
        Self {
            path: path.to_string(),
            generation: generation.0,
            end: match end {
                RowEnd::Ended(exit) => RowEndForm::Ended { exit: exit.into() },
                RowEnd::NotRunning => RowEndForm::NotRunning,
                RowEnd::Unjoinable => RowEndForm::Unjoinable,
            },
            took_nanos: nanos(*took),
            was_cancelled: *was_cancelled,
            was_aborted: *was_aborted,
        }
    }
}
