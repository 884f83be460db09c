//! The only module with Tokio tasks: it starts trees and drives them.

mod clock;
mod driver;
#[cfg(feature = "audit")]
mod gate;
pub(crate) mod mailbox;
mod publish;
mod runs;
#[cfg(all(unix, feature = "systemd"))]
mod service_manager;
mod signal;
pub mod supervisor;
