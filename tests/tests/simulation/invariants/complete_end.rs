//! L30: a run has ended only when all of it has: its future, its destructors, what it has spawned.
//! A thread that cannot be joined is alive, and so nobody says that it has ended.

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct CompleteEnd;

impl Invariant for CompleteEnd {
    fn law(&self) -> &'static str {
        "L30: what is said to have ended has ended"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let (EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::StartIgnored) =
            event.kind
        else {
            return;
        };
        // The end of the tree is the one that does not wait for them.
        let is_given_up =
            |path: &&ChildPath| event.path.is_root() && facts.fold.life(path) == Life::Unjoinable;
        let left = facts.alive_within(&event.path).find(|path| !is_given_up(path));
        assert!(left.is_none(), "{event}, and {left:?} is still alive");
    }
}
