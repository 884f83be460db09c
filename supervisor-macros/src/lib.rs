//! The attribute macros of rust-tokio-supervisor.
