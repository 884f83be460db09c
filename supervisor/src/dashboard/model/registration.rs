//! Who a target is, and what a relay knows of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A command that a target carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportedCommand {
    /// The command, as [`ControlCommandKind`](super::ControlCommandKind) names it.
    pub name: String,
    /// Whether it can be sent again under the same id and is carried out once.
    pub idempotent: bool,
    /// How long to wait for its answer, in seconds.
    pub timeout_seconds: u64,
}

/// What a target tells a relay about itself: one line, again with every heartbeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetProcessRegistration {
    /// What the target is called, always the same for the same target.
    pub target_id: String,
    /// What people call it.
    pub display_name: String,
    /// The absolute path of its socket.
    pub ipc_path: String,
    /// For how long the registration holds without another, in seconds.
    pub lease_seconds: u64,
    /// What it can be told to do.
    pub supported_commands: Vec<SupportedCommand>,
}

/// How the registration of a target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RegistrationState {
    /// It was accepted and holds.
    Active,
    /// It was refused.
    Rejected,
    /// It does not hold any more, or never has.
    Expired,
}

/// How a relay stands with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetConnectionState {
    /// It is known, and nobody has asked for it.
    Registered,
    /// It is being connected to.
    Connecting,
    /// It is connected to.
    Connected,
    /// It is being connected to again.
    Reconnecting,
    /// It cannot be connected to.
    Unavailable,
    /// Its registration does not hold any more.
    Expired,
}

/// Who a target is, in a state and in lists of targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetProcessIdentity {
    /// What the target is called, always the same for the same target.
    pub target_id: String,
    /// What people call it.
    pub display_name: String,
    /// How its registration stands. What a target says about itself is what it was last told.
    pub registration_state: RegistrationState,
    /// How whoever reads this is connected with it.
    pub connection_state: TargetConnectionState,
}
