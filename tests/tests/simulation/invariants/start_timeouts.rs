//! L37: a start phase lasts no longer than its `start_timeout`, and is not cut short by it.

use rust_supervisor::event::EventKind;
use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::state::TreeState;
use rust_supervisor::task::exit::{Deadline, Exit};

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct StartTimeouts;

impl Invariant for StartTimeouts {
    fn law(&self) -> &'static str {
        "L37: start_timeout"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let (EventKind::Exited { exit } | EventKind::StartFailed { exit }) = &event.kind else {
            return;
        };
        let (nature, place) = (facts.nature(&event.path), facts.fold.at(&event.path));
        let is_known = !facts.reconfigured.contains(&event.path) && !nature.is_supervisor();
        if let (Exit::TimedOut(Deadline::Start), true) = (exit, is_known) {
            assert_eq!(nature.readiness, Readiness::Explicit, "{event}");
            let due = place.started.unwrap_or_default().saturating_add(nature.start_timeout);
            let asked = place.asked.unwrap_or_else(|| panic!("{event}, and was not asked to stop"));
            assert!(asked >= due, "{event}, before {due:?}: {place:?}");
            assert!(facts.is_in_time(due, asked), "{event}, long after {due:?}: {place:?}");
        }
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        for (path, place) in facts.fold.all().filter(|(_, place)| place.life == Life::Starting) {
            let nature = facts.nature(path);
            let is_bounded = nature.readiness == Readiness::Explicit && !nature.is_supervisor();
            if is_bounded && !facts.reconfigured.contains(path) && !facts.fold.is_ending(path) {
                let due = place.started.unwrap_or_default().saturating_add(nature.start_timeout);
                let is_in_time = facts.is_in_time(due, state.uptime);
                assert!(is_in_time, "{path} starts and starts: {place:?} at {:?}", state.uptime);
            }
        }
    }
}
