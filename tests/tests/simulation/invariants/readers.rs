//! Every reader of the events reads what happened, in its order, and is told how much he missed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_supervisor::event::Event;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Readers {
    events: Vec<Arc<Event>>,
    /// The first that each has read, the latest, how many, and how many he is said to have missed
    /// since.
    read: BTreeMap<usize, Progress>,
}

struct Progress {
    latest: u64,
    missed: u64,
}

impl Invariant for Readers {
    fn law(&self) -> &'static str {
        "events: every reader reads the same"
    }

    fn entry(&mut self, _: &Facts, entry: &Entry) {
        let (number, event, missed) = match &entry.what {
            What::Event(event) => return self.events.push(Arc::clone(event)),
            What::Read(number, event, missed) => (number, event, *missed),
            _ => return,
        };
        let index = usize::try_from(event.sequence - 1).expect("small");
        let seen = self.events.get(index).unwrap_or_else(|| panic!("{event} was not said"));
        let is_same = Arc::ptr_eq(seen, event) || seen.to_string() == event.to_string();
        assert!(is_same, "reader {number}: {event}, and it was {seen}");
        let progress = Progress { latest: event.sequence, missed };
        if let Some(before) = self.read.insert(*number, progress) {
            let skipped = event.sequence.checked_sub(before.latest + 1);
            let said = missed - before.missed;
            assert_eq!(skipped, Some(said), "reader {number} at {event}");
        }
    }
}
