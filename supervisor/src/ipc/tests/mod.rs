//! The socket, from an accepted connection to the tree and back. Connections are pipes in memory,
//! so that the clock can be paused; only what is about the file system has real sockets.

mod audits;
mod binding;
mod clients;
mod commands;
mod frames;
mod harness;
mod looking;
mod relay;
