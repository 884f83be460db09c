//! Keys of nodes and runs: what actions and inputs name.

use std::num::NonZeroU32;

use crate::id::Generation;

/// A place in the engine's arena and who lives there: the version tells an earlier tenant from a
/// later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeKey {
    pub(crate) index: u32,
    pub(crate) version: NonZeroU32,
}

/// One run of one child. Whatever speaks of another generation is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunKey {
    pub(crate) node: NodeKey,
    pub(crate) generation: Generation,
}

impl RunKey {
    /// The run of a context that belongs to no tree.
    pub(crate) fn for_test() -> Self {
        let node = NodeKey { index: 0, version: NonZeroU32::MIN };
        Self { node, generation: Generation(1) }
    }
}
