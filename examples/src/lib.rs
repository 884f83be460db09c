//! Shared by the examples.

pub mod prices;
