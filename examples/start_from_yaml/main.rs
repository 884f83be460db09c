//! The quick start of the README: an empty tree from a YAML file, its state, its end.

include!("block.rs");
