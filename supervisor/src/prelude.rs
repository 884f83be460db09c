//! The words of the language, and nothing else.

pub use std::time::Duration;

pub use crate::error::types::SupervisorError;
pub use crate::report::ShutdownReport;
pub use crate::task::context::{BlockingContext, TaskContext};
pub use crate::task::result::TaskResult;
