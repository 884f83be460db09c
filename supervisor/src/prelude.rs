//! The words of the language, and nothing else.

pub use std::time::Duration;

#[cfg(feature = "macros")]
pub use rust_supervisor_macros::{Failure, SharedState, child, supervisor};

#[cfg(feature = "config")]
pub use crate::config::secret::Secret;
#[cfg(feature = "config")]
pub use crate::config::settings::Settings;
pub use crate::error::types::SupervisorError;
pub use crate::policy::failure::{Failure, TaskFailureKind};
pub use crate::report::ShutdownReport;
pub use crate::task::context::{BlockingContext, TaskContext};
pub use crate::task::result::TaskResult;
pub use crate::tree::SupervisionTree;
pub use crate::tree::args::Args;
pub use crate::tree::handle::{Handle, by};
pub use crate::tree::lease::{Lease, Lendable};
pub use crate::tree::many::Many;
pub use crate::tree::pool::{Pool, SpawnError};
pub use crate::tree::state::State;
