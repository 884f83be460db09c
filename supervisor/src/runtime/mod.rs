//! The only module with Tokio tasks: it starts trees and drives them.

mod driver;
pub(crate) mod mailbox;
mod runs;
mod signal;
pub mod supervisor;
