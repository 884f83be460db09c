//! L39: a child that has to send heartbeats is stopped when it has sent none for `stale_after`,
//! not before and not later, by its own account of them; and nobody else is.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::state::TreeState;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Heartbeats {
    beats: BTreeMap<ChildPath, (u64, Duration)>,
}

impl Heartbeats {
    fn heard(&self, facts: &Facts, path: &ChildPath) -> Option<Duration> {
        let place = facts.fold.at(path);
        let ready = place.ready?;
        let beat = self.beats.get(path).filter(|(run, _)| *run == place.generation);
        Some(beat.map_or(ready, |&(_, beat)| beat.max(ready)))
    }
}

impl Invariant for Heartbeats {
    fn law(&self) -> &'static str {
        "L39: heartbeats"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let event = match &entry.what {
            What::Beat(run) => {
                self.beats.insert(run.path.clone(), (run.generation, entry.at));
                return;
            }
            What::Event(event) => event,
            _ => return,
        };
        if !matches!(event.kind, EventKind::Stale { .. }) {
            return;
        }
        let path = &event.path;
        let stale_after = facts.nature(path).stale_after;
        let stale_after = stale_after.unwrap_or_else(|| panic!("{event}, and need not beat"));
        let heard = self.heard(facts, path).unwrap_or_else(|| panic!("{event}, not even ready"));
        let due = heard + stale_after;
        assert!(event.uptime >= due, "{event}, and was heard at {heard:?}");
        assert!(facts.is_in_time(due, event.uptime), "{event}, long after {due:?}");
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        for (path, place) in facts.fold.all() {
            // Below one whose own start has failed the stop comes in its turn.
            let mut above = std::iter::successors(path.parent(), ChildPath::parent);
            let is_up = above.all(|above| facts.fold.life(&above) == Life::Up);
            let is_watched = place.life == Life::Up && is_up && !facts.fold.is_ending(path);
            let Some(stale_after) = facts.nature(path).stale_after.filter(|_| is_watched) else {
                continue;
            };
            let Some(heard) = self.heard(facts, path) else { continue };
            let is_noticed = facts.is_in_time(heard + stale_after, state.uptime);
            assert!(is_noticed, "nobody notices that {path} is silent since {heard:?}");
        }
    }
}
