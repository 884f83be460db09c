//! Commands on their way to the engine.

use std::cell::RefCell;
use std::sync::Arc;

use super::outcome::CommandOutcome;
use crate::core::reconfigure::Kept;
use crate::error::types::SupervisorError;
use crate::event::ValueChange;
use crate::id::{ChildId, ChildPath};
use crate::spec::NodeSpec;
use crate::spec::group::MemberOverrides;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::member::Arguments;

/// The one answer to a command.
pub(crate) type Reply = Result<CommandOutcome, SupervisorError>;

/// What somebody wants.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// A change, asked for by somebody for some reason.
    Do(Verb, By),
    #[cfg_attr(
        not(any(test, feature = "config", feature = "record")),
        expect(dead_code, reason = "what cannot be configured is not configured anew")
    )]
    /// Other policies in the place of those of the whole tree.
    Reload {
        /// The declaration with the new configuration over it, without tasks.
        spec: Box<SupervisorSpec>,
        kept: Kept,
        changes: Vec<ValueChange>,
        by: By,
    },
    /// An answer when the child is up.
    WaitReady(ChildPath),
    /// The end of the tree.
    Shutdown(By),
    /// The end of the tree, at once.
    ShutdownNow(By),
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Verb {
    Add {
        parent: ChildPath,
        spec: Box<NodeSpec>,
    },
    /// Adds a member to a pool; without an id, under the next number.
    Spawn {
        pool: ChildPath,
        id: Option<ChildId>,
        arguments: Arguments,
        /// `None` where nothing is said about it.
        overrides: Option<Box<MemberOverrides>>,
    },
    Start(ChildPath),
    Stop(ChildPath),
    Restart(ChildPath),
    Delete(ChildPath),
    Remove(ChildPath),
    Pause(ChildPath),
    Resume(ChildPath),
    Quarantine(ChildPath),
    ResetBudget(ChildPath),
}

/// The name of the method on the handle that puts a new configuration in place.
pub(crate) const RELOAD: &str = "reload";

impl Verb {
    /// The child it names; for an addition, the supervisor it goes to.
    pub(crate) fn path(&self) -> &ChildPath {
        match self {
            Self::Add { parent, .. } => parent,
            Self::Spawn { pool, .. } => pool,
            Self::Start(path)
            | Self::Stop(path)
            | Self::Restart(path)
            | Self::Delete(path)
            | Self::Remove(path)
            | Self::Pause(path)
            | Self::Resume(path)
            | Self::Quarantine(path)
            | Self::ResetBudget(path) => path,
        }
    }

    /// Whether it adds a child to the supervisor that it names.
    pub(crate) fn is_addition(&self) -> bool {
        matches!(self, Self::Add { .. } | Self::Spawn { .. })
    }

    /// The name of the method on the handle.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add_child",
            Self::Spawn { .. } => "spawn_member",
            Self::Start(_) => "start_child",
            Self::Stop(_) => "stop_child",
            Self::Restart(_) => "restart_child",
            Self::Delete(_) => "delete_child",
            Self::Remove(_) => "remove_child",
            Self::Pause(_) => "pause_child",
            Self::Resume(_) => "resume_child",
            Self::Quarantine(_) => "quarantine_child",
            Self::ResetBudget(_) => "reset_budget",
        }
    }
}

/// Who asks, and why. Neither is blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct By {
    pub(crate) requested_by: Arc<str>,
    pub(crate) reason: Arc<str>,
}

impl By {
    pub(crate) fn new(requested_by: &str, reason: &str) -> Result<Self, SupervisorError> {
        // Nearly all begin with a letter.
        let is_blank = |text: &str| {
            !text.bytes().next().is_some_and(|first| first.is_ascii_graphic())
                && text.trim().is_empty()
        };
        if is_blank(requested_by) {
            return Err(SupervisorError::Blank { field: "requested_by", what: "who asks" });
        }
        if is_blank(reason) {
            return Err(SupervisorError::Blank { field: "reason", what: "why" });
        }
        Ok(Self { requested_by: shared(requested_by), reason: shared(reason) })
    }
}

/// The longest text that is kept for the next who says the same, in bytes.
const LONGEST_KEPT: usize = 128;

/// What was said last on a thread, who asks and why: those who ask again and again mostly say the
/// same.
#[derive(Default)]
struct Latest {
    texts: [Option<Arc<str>>; 4],
    /// Which of them makes room for the next.
    oldest: usize,
}

impl Latest {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.iter().flatten().find(|known| ***known == *text) {
            return Arc::clone(known);
        }
        let shared = Arc::<str>::from(text);
        if text.len() <= LONGEST_KEPT {
            self.texts[self.oldest] = Some(Arc::clone(&shared));
            self.oldest = (self.oldest + 1) % self.texts.len();
        }
        shared
    }
}

/// The text, shared with an earlier one that is the same.
fn shared(text: &str) -> Arc<str> {
    thread_local! {
        static LATEST: RefCell<Latest> = RefCell::default();
    }
    // A thread that is about to end has forgotten what was said.
    let shared = LATEST.try_with(|latest| latest.borrow_mut().share(text));
    shared.unwrap_or_else(|_| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_again_for_the_same_reason_takes_no_heap_and_is_told_apart_from_who_does_not() {
        let one = By::new("autoscaler", "more load").unwrap();
        let again = By::new("autoscaler", "more load").unwrap();
        assert!(Arc::ptr_eq(&one.requested_by, &again.requested_by));
        assert!(Arc::ptr_eq(&one.reason, &again.reason));
        let other = By::new("autoscaler", "less load").unwrap();
        assert_eq!((&*other.requested_by, &*other.reason), ("autoscaler", "less load"));
        assert_eq!(&*again.reason, "more load");
    }

    #[test]
    fn a_long_reason_is_not_kept_for_the_next() {
        let long = "x".repeat(LONGEST_KEPT + 1);
        let [one, again] = [(); 2].map(|()| By::new("operator", &long).unwrap());
        assert_eq!(one.reason, again.reason);
        assert!(!Arc::ptr_eq(&one.reason, &again.reason));
        assert_eq!(Arc::strong_count(&again.reason), 1);
    }
}
