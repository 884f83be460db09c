//! The socket of a running tree (feature `ipc`, Unix only): who may can see the tree and steer it
//! from the same host.
//!
//! It is there only where somebody asked for it: with `ipc.enabled: true` in a configuration, or
//! with [`SupervisorBuilder::ipc`](crate::runtime::supervisor::SupervisorBuilder::ipc). What goes
//! over it is in [`dashboard::protocol`](crate::dashboard::protocol).
//!
//! A connection passes these, one after the other: `server` accepts it, `peer` asks the system who
//! it is and finds a place for it, `session` serves it. A request passes these: `line` finds its end
//! while it comes in, `decode` makes a request of it, `commands` looks at what it asks for, `memory`
//! whether it was asked before, `audits` writes it down, and the tree does it. `output` has the lines that go back.
//!
//! No client can slow the tree, or another client: each has its own task, which waits for its client
//! alone, and events are taken from where the tree keeps them anyway.

mod audits;
mod bind;
mod commands;
mod decode;
mod explain;
#[doc(hidden)]
pub mod fuzz;
mod limits;
mod line;
pub mod logs;
mod manifest;
mod memory;
mod options;
mod output;
mod peer;
mod registration;
pub(crate) mod server;
mod session;
mod subscriptions;
pub(crate) mod target;
#[cfg(test)]
mod tests;
mod view;

pub use bind::InTheWay;
pub use limits::IpcLimits;
pub use options::{BindMode, IpcError, IpcOptions, RegistrationOptions};
pub use peer::Roles;
