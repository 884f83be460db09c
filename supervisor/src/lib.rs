//! Supervision trees for Tokio services.

#[doc(hidden)]
pub mod __private;
#[cfg(feature = "audit")]
pub mod audit;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "config")]
pub mod config;
#[cfg(feature = "bench-guard")]
#[doc(hidden)]
pub mod bench_guard {
    pub use crate::core::guard::Core;
}
pub mod control;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzz {
    //! The way in for fuzzing: the engine, with what must hold in all of its histories.

    /// Plays a history, and panics when something does not hold.
    pub fn engine(data: &[u8]) {
        crate::core::tests::sim::bytes::play_bytes(data);
    }
}
mod core;
#[cfg(feature = "dashboard")]
pub mod dashboard;
pub mod error;
pub mod event;
pub mod id;
#[cfg(all(feature = "ipc", unix))]
pub mod ipc;
#[cfg(feature = "metrics")]
pub mod metrics;
mod observe;
pub mod policy;
pub mod prelude;
pub mod probe;
#[cfg(feature = "record")]
pub mod record;
pub mod report;
pub mod runtime;
pub mod spec;
pub mod state;
pub mod summary;
pub mod task;
#[cfg(feature = "test-support")]
pub mod test_support;
pub mod tree;
pub mod why;

#[cfg(feature = "macros")]
pub use rust_supervisor_macros::{Failure, SharedState, child, supervisor};
pub use tree::lease::{Lease, Lendable};
pub use tree::state::{Provide, State};
