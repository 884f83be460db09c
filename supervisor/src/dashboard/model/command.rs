//! Commands and what becomes of them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dashboard::error::DashboardError;

/// What a target can be told to do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ControlCommandKind {
    /// Stop a child and start it again.
    RestartChild,
    /// Stop a child and keep it down.
    PauseChild,
    /// Keep a child out no longer.
    ResumeChild,
    /// Stop a child and keep it out of restarts.
    QuarantineChild,
    /// Stop a child and forget it.
    RemoveChild,
    /// Start another child.
    AddChild,
    /// End the whole tree.
    ShutdownTree,
}

impl ControlCommandKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::RestartChild,
        Self::PauseChild,
        Self::ResumeChild,
        Self::QuarantineChild,
        Self::RemoveChild,
        Self::AddChild,
        Self::ShutdownTree,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RestartChild => "restart_child",
            Self::PauseChild => "pause_child",
            Self::ResumeChild => "resume_child",
            Self::QuarantineChild => "quarantine_child",
            Self::RemoveChild => "remove_child",
            Self::AddChild => "add_child",
            Self::ShutdownTree => "shutdown_tree",
        }
    }

    /// Whether it has to be confirmed, and is for admins alone.
    pub const fn is_dangerous(self) -> bool {
        matches!(self, Self::RemoveChild | Self::AddChild | Self::ShutdownTree)
    }
}

impl fmt::Display for ControlCommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a command is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlCommandTarget {
    /// The whole path of the child.
    pub child_path: Option<String>,
    /// For `add_child`: which compiled template is to be started, with what, as JSON text.
    pub child_manifest: Option<String>,
}

/// A command for a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlCommandRequest {
    /// Names the command: the same id again is the same command.
    pub command_id: String,
    /// The target it is for.
    pub target_id: String,
    /// What to do.
    pub command: ControlCommandKind,
    /// With what.
    pub target: ControlCommandTarget,
    /// Why; not blank.
    pub reason: String,
    /// Who asks, as far as whoever sends it knows; not blank.
    pub requested_by: String,
    /// Whether somebody has said that a dangerous command is meant.
    pub confirmed: bool,
    /// When it was asked for, in Unix nanoseconds.
    pub requested_at_unix_nanos: u64,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ControlCommandResult {
    /// Which command.
    pub command_id: String,
    /// The target it was for.
    pub target_id: String,
    /// Whether the target has taken it on.
    pub accepted: bool,
    /// What became of it; see [`StatusLabel`](crate::dashboard::label::StatusLabel).
    pub status: String,
    /// Why it was refused, or has failed.
    pub error: Option<DashboardError>,
    /// What has changed about its child: a [`StateDelta`](super::StateDelta).
    pub state_delta: Option<Value>,
    /// When it was done, in Unix nanoseconds.
    pub completed_at_unix_nanos: Option<u64>,
}

/// What is written down about a command that was accepted, refused, or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditEvent {
    /// Names this entry: the start of the target's socket it belongs to, and its number in it.
    pub audit_id: String,
    /// Who it was on the other end, as the system says it.
    pub identity: String,
    /// The target it was for.
    pub target_id: String,
    /// Which command.
    pub command_id: String,
    /// What to do.
    pub command: ControlCommandKind,
    /// With what.
    pub target: ControlCommandTarget,
    /// Why.
    pub reason: String,
    /// `accepted`, `completed`; or `rejected` or `failed` with the error.
    pub result: String,
    /// When, in Unix nanoseconds.
    pub occurred_at_unix_nanos: u64,
}
