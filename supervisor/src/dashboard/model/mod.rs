//! The shared model of the dashboard: what target, relay and page say about a tree.
//!
//! Field names, shapes and labels are a contract. Times are Unix nanoseconds as JSON numbers.

mod command;
mod record;
mod registration;
mod state;

pub use command::{
    AuditEvent, ControlCommandKind, ControlCommandRequest, ControlCommandResult,
    ControlCommandTarget,
};
pub use record::{EventRecord, LogRecord};
pub use registration::{
    RegistrationState, SupportedCommand, TargetConnectionState, TargetProcessIdentity,
    TargetProcessRegistration,
};
pub use state::{
    DashboardCriticality, DashboardState, RuntimeState, StateDelta, SupervisorEdge,
    SupervisorEdgeKind, SupervisorNode, SupervisorNodeKind, SupervisorTopology,
};
