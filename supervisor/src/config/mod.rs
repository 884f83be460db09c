//! YAML over the compiled tree: read files, check them, lay them over a spec.
//!
//! A file goes through one stage after the other, each in its own module: `read` takes it from the
//! disk, `yaml` makes a tree of nodes that know their places, `node` merges the trees of several
//! files and reads typed values out of them, [`load`] does that for a file and all it includes,
//! and [`overlay`] lays the result over a [`SupervisorSpec`](crate::spec::supervisor::SupervisorSpec).

pub mod args;
pub mod configurable;
pub mod duration;
pub mod effective;
pub mod environment;
pub mod error;
pub mod ipc;
mod keys;
pub(crate) mod laid;
pub mod load;
pub(crate) mod manifest;
mod node;
pub mod observability;
pub mod overlay;
pub mod plan;
mod read;
pub mod report;
pub mod schema;
pub mod secret;
pub(crate) mod secrets;
pub mod settings;
pub mod source;
mod template;
mod tree;
mod yaml;

#[cfg(test)]
mod tests;
