//! What can go wrong when a tree is started or steered.

pub mod meltdown;
pub mod types;
