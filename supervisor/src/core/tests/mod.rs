//! The engine without a runtime: scripts for what was thought of, a simulation for what was not.

mod consistency;
mod harness;
mod invariants;
mod notation;
mod scripts;
mod sim;
mod work;
