//! What happened, and what was written to the log.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventRecord {
    /// Whose event it is.
    pub target_id: String,
    /// Numbers the events of a tree from 1, without gaps.
    pub sequence: u64,
    /// Holds together the events with one cause: the sequence of the first of them.
    pub correlation_id: String,
    /// What happened, in `snake_case`.
    pub event_type: String,
    /// How much it matters; see [`SeverityLabel`](crate::dashboard::label::SeverityLabel).
    pub severity: String,
    /// The whole path of the child it is about; `/root` is the tree.
    pub target_path: String,
    /// The id of that child; none for the root.
    pub child_id: Option<String>,
    /// When, in Unix nanoseconds.
    pub occurred_at_unix_nanos: u64,
    /// Names the configuration that held when this was sent.
    pub config_version: String,
    /// What an event of this type carries, with a text for people in `message`.
    pub payload: Value,
}

/// A line of the log of a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogRecord {
    /// Whose log it is.
    pub target_id: String,
    /// Numbers the lines that the target has kept from 1, without gaps.
    pub sequence: Option<u64>,
    /// What it has to do with an event, if that is known.
    pub correlation_id: Option<String>,
    /// How much it matters; see [`SeverityLabel`](crate::dashboard::label::SeverityLabel).
    pub severity: String,
    /// The line.
    pub message: String,
    /// What else was said in it. `child_path` is the run that has written it.
    pub fields: BTreeMap<String, String>,
    /// When, in Unix nanoseconds.
    pub occurred_at_unix_nanos: u64,
}
