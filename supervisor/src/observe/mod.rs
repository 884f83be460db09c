//! Facts, stamped and kept: what those see who look at the tree. Nothing here can fail or block.

pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod span;
