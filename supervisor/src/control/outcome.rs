//! What a command came to.

#[cfg(feature = "serde")]
pub mod form;

use crate::id::{ChildPath, Generation};
use crate::policy::decision::RestartDecision;
use crate::state::Lifecycle;

/// What a command came to, true at the moment it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOutcome {
    /// The child.
    pub path: ChildPath,
    /// The number of its latest run.
    pub generation: Generation,
    /// What it is now; `None` when it is no longer known.
    pub lifecycle: Option<Lifecycle>,
    /// Whether the child was started and said that there is nothing for it to do here.
    pub is_ignored: bool,
    /// What was decided after its latest exit, if anything was.
    pub decision: Option<RestartDecision>,
}
