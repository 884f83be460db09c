//! Events are numbered from 1 without gaps, and their time does not go back.

use std::time::Duration;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Sequence {
    latest: u64,
    at: Duration,
}

impl Invariant for Sequence {
    fn law(&self) -> &'static str {
        "one order: events in sequence"
    }

    fn entry(&mut self, _: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        assert_eq!(event.sequence, self.latest + 1, "{event}");
        assert!(event.uptime >= self.at, "{event}, after {:?}", self.at);
        assert!(event.correlation.0 <= event.sequence, "{event} follows from what comes later");
        (self.latest, self.at) = (event.sequence, event.uptime);
    }
}
