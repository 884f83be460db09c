//! The words that stand in text fields of the [model](super::model).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::words;

words! {
    /// Where a child is in its life: `lifecycle_state` and `state_summary`.
    LifecycleLabel {
        /// Its turn to start has not come, or something it depends on is not ready.
        Waiting = "waiting",
        /// It was started and is not ready yet.
        Starting = "starting",
        /// It runs.
        Running = "running",
        /// It was asked to stop and has not ended yet.
        Stopping = "stopping",
        /// It ended and will be started again.
        Backoff = "backoff",
        /// It has ended well, and nothing starts it by itself.
        Completed = "completed",
        /// It was stopped, or was never started, and nothing starts it by itself.
        Stopped = "stopped",
        /// An operator keeps it down.
        Paused = "paused",
        /// It failed too often, or an operator took it out.
        Quarantined = "quarantined",
        /// It has failed, and nothing starts it by itself.
        Failed = "failed",
        /// It was aborted and is still there.
        Unjoinable = "unjoinable",
    }
}

words! {
    /// What is made of the heartbeats of a child: `health`.
    HealthLabel {
        /// It sends none, or has not yet.
        Unknown = "unknown",
        /// It sends them.
        Healthy = "healthy",
        /// It has stopped sending them.
        Stale = "stale",
    }
}

words! {
    /// Whether a child can do its work: `readiness`.
    ReadinessLabel {
        /// It has never been started.
        Unknown = "unknown",
        /// It cannot.
        NotReady = "not_ready",
        /// It can.
        Ready = "ready",
    }
}

words! {
    /// How far the end of the tree has come with a child: `shutdown_state`.
    ShutdownLabel {
        /// The tree does not end.
        None = "none",
        /// The tree ends, and the turn of this child has not come.
        Requested = "requested",
        /// It was asked to stop.
        Draining = "draining",
        /// It was aborted.
        Aborting = "aborting",
        /// It is gone, or given up.
        Reconciled = "reconciled",
    }
}

words! {
    /// What became of a command: `status`.
    StatusLabel {
        /// It is being carried out.
        Accepted = "accepted",
        /// It has come to what was asked for.
        Completed = "completed",
        /// It was refused, and has changed nothing.
        Rejected = "rejected",
        /// It was accepted, and has come to something else.
        Failed = "failed",
    }
}

words! {
    /// How much an event or a line of the log matters: `severity`.
    SeverityLabel {
        /// For whoever looks at one thing very closely.
        Trace = "trace",
        /// For whoever wants to know all.
        Debug = "debug",
        /// What is going on.
        Info = "info",
        /// A failure and what it led to.
        Warning = "warning",
        /// Somebody has to look at this.
        Error = "error",
    }
}

/// What somebody may do with a target. Each may do what those before may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Restart, pause, resume and quarantine children.
    Operator,
    /// Remove and add children, and end the tree.
    Admin,
}

impl Role {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
