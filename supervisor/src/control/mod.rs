//! How the program, and whoever operates it, talks to the tree.

pub(crate) mod command;
pub mod handle;
pub mod outcome;
#[cfg(feature = "config")]
mod reload;
pub mod stream;
