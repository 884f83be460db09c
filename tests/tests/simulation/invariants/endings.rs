//! L22, L44: once the end of a supervisor, or of the tree, has begun, nothing in it starts.

use rust_supervisor::event::EventKind;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Endings;

impl Invariant for Endings {
    fn law(&self) -> &'static str {
        "L22, L44: nothing starts in what ends"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let fold = &facts.fold;
        match &entry.what {
            What::Begun(run) => {
                // A thread is seen to have begun when somebody has met it.
                let is_thread = facts.nature(&run.path).is_blocking;
                assert!(is_thread || !fold.is_ending(&run.path), "{run} begins in what ends");
            }
            What::Event(event) if matches!(event.kind, EventKind::Starting) => {
                assert!(!fold.is_ending(&event.path), "{event}, in what ends");
            }
            What::Event(event) => assert!(!fold.has_ended, "{event}, after the end"),
            _ => {}
        }
    }
}
