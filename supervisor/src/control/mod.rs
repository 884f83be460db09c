//! How the program, and whoever operates it, talks to the tree.

pub(crate) mod command;
pub mod handle;
#[cfg(feature = "config")]
mod manifest;
pub mod outcome;
#[cfg(feature = "config")]
mod reload;
pub mod stream;
