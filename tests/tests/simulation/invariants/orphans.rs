//! L20, L40: a child lives only below supervisors that live. What cannot be joined keeps them.

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Orphans;

impl Invariant for Orphans {
    fn law(&self) -> &'static str {
        "L20, L40: no child outlives its supervisor"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        match event.kind {
            EventKind::Starting => {
                for above in std::iter::successors(event.path.parent(), ChildPath::parent) {
                    let life = facts.fold.life(&above);
                    let lives = matches!(life, Life::Starting | Life::Up);
                    assert!(lives, "{event}, below {above}, which is {life:?}");
                }
            }
            EventKind::Exited { .. } | EventKind::StartFailed { .. } => {
                // Only the end of the tree does not wait for them.
                let is_given_up = |life| {
                    event.path.is_root() && matches!(life, Life::Unjoinable | Life::Stopping)
                };
                let mut below = facts.fold.children(&event.path);
                let orphan =
                    below.find(|(_, place)| place.life != Life::Gone && !is_given_up(place.life));
                assert!(orphan.is_none(), "{event}, and there is {orphan:?}");
            }
            _ => {}
        }
    }
}
