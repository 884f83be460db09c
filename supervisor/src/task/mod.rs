//! What the user writes: the functions that run, what they are given and what they give back.

pub(crate) mod cell;
pub mod context;
pub mod exit;
pub mod factory;
#[cfg(all(test, supervisor_loom))]
mod loom;
pub mod member;
pub mod panic;
pub mod result;
pub(crate) mod run;
pub(crate) mod stopped;
pub(crate) mod sync;
pub(crate) mod then;
