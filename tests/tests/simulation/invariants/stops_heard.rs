//! L20: whoever listens is told at once that he is to stop: no wake-up is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::state::TreeState;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, Run, What};

#[derive(Default)]
pub(super) struct StopsHeard {
    /// Those who listen, and those of them who have been asked to stop, and when.
    listening: BTreeSet<Run>,
    asked: BTreeMap<Run, Duration>,
}

impl Invariant for StopsHeard {
    fn law(&self) -> &'static str {
        "L20: a request to stop is heard"
    }

    fn entry(&mut self, _: &Facts, entry: &Entry) {
        match &entry.what {
            What::Begun(run) => {
                self.listening.insert(run.clone());
            }
            What::Deaf(run) | What::Heard(run) | What::Did(run, _) | What::Over(run) => {
                self.listening.remove(run);
                self.asked.remove(run);
            }
            What::Event(event) if matches!(event.kind, EventKind::StopRequested) => {
                let (path, generation) = (event.path.clone(), event.generation.0);
                let run = Run { path, generation };
                if self.listening.contains(&run) {
                    self.asked.insert(run, event.uptime);
                }
            }
            _ => {}
        }
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        for (run, asked) in &self.asked {
            let is_told = facts.is_in_time(*asked, state.uptime);
            assert!(is_told, "{run} listens, was asked to stop at {asked:?}, and does not know");
        }
    }
}
