//! L20, L40: a run is aborted when its grace is over, not before and not later, and given up when
//! its `abort_wait` is; unless everything is forced, or the supervisor above it.

use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::state::TreeState;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Graces;

fn is_forced(facts: &Facts, path: &ChildPath) -> bool {
    facts.fold.is_forced
        || std::iter::successors(path.parent(), ChildPath::parent)
            .any(|above| facts.fold.at(&above).aborted.is_some())
}

impl Invariant for Graces {
    fn law(&self) -> &'static str {
        "L20, L40: graces"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let path = &event.path;
        let nature = facts.nature(path);
        if nature.is_supervisor() || facts.reconfigured.contains(path) {
            return;
        }
        let place = facts.fold.at(path);
        match event.kind {
            EventKind::Aborted => {
                assert!(!nature.is_blocking, "{event}, and it is a thread");
                assert!(place.aborted.is_none(), "{event}, for the second time");
                let asked = place.asked.unwrap_or_else(|| panic!("{event}, and was not asked"));
                if is_forced(facts, path) {
                    return;
                }
                let Grace::After(grace) = nature.grace else { panic!("{event}: it has for ever") };
                let due = asked.saturating_add(grace);
                assert!(event.uptime >= due, "{event}, before its {grace:?}");
                assert!(facts.is_in_time(due, event.uptime), "{event}, long after {due:?}");
            }
            EventKind::Unjoinable => {
                let since = place.aborted.or(place.asked).unwrap_or_default();
                let least = since.saturating_add(nature.abort_wait);
                let is_early = event.uptime < least && !is_forced(facts, path);
                assert!(!is_early, "{event}, before {least:?}");
            }
            _ => {}
        }
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        for (path, place) in facts.fold.all() {
            let nature = facts.nature(path);
            let is_stopping = place.life == Life::Stopping && place.aborted.is_none();
            if nature.is_supervisor() || nature.is_blocking || !is_stopping {
                continue;
            }
            let (Some(asked), Grace::After(grace)) = (place.asked, nature.grace) else { continue };
            let due = asked.saturating_add(grace).saturating_add(Duration::from_millis(1));
            let is_late = state.uptime > due && !facts.reconfigured.contains(path);
            assert!(
                !is_late || facts.is_in_time(due, state.uptime),
                "{path} has outlived its grace: {place:?}, now {:?}",
                state.uptime
            );
        }
    }
}
