//! Supervision trees for Tokio services.

#[cfg(feature = "config")]
pub mod config;
pub mod control;
mod core;
pub mod error;
pub mod event;
pub mod id;
pub mod policy;
pub mod prelude;
pub mod report;
pub mod runtime;
pub mod spec;
pub mod state;
pub mod task;
