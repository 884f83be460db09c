//! What a target, a relay and a dashboard say to each other (feature `dashboard`): the JSON
//! contract, and nothing that speaks it.
//!
//! These types are apart from those of the tree: they own what they say, their field names and
//! labels are those of the wire, and they change only with [`protocol::VERSION`].

pub mod error;
pub mod label;
pub mod model;
pub mod protocol;
#[cfg(unix)]
pub mod run_dir;
pub mod schema;
