//! The engine without a runtime: scripts for what was thought of, a simulation for what was not.
//!
//! A fuzzer plays the simulation, too.
#![cfg_attr(fuzzing, expect(dead_code, reason = "the scripts are not there"))]

mod consistency;
mod harness;
mod invariants;
mod notation;
#[cfg(test)]
mod player;
#[cfg(test)]
mod scripts;
pub(crate) mod sim;
#[cfg(test)]
mod work;
