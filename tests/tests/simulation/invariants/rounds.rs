//! L12, L13, L34: a round stops all its members before it starts one of them, and leaves the older
//! siblings alone.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::restart::Strategy;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Rounds {
    /// The runs that a round has still to stop.
    to_stop: BTreeMap<ChildPath, BTreeMap<ChildPath, u64>>,
}

impl Invariant for Rounds {
    fn law(&self) -> &'static str {
        "L12, L13, L34: rounds"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let path = &event.path;
        match &event.kind {
            EventKind::RoundStarted { origin } => {
                let group = facts.group(path);
                assert_ne!(group.strategy, Strategy::OneForOne, "{event}");
                let at = |child: &ChildPath| {
                    let n = group.declared.iter().position(|id| id == child.name());
                    n.unwrap_or(usize::MAX)
                };
                let lives = facts.fold.children(path).filter(|(child, place)| {
                    let is_member = group.strategy == Strategy::OneForAll || at(child) > at(origin);
                    is_member
                        && *child != origin
                        && !matches!(place.life, Life::Gone | Life::Unjoinable)
                });
                let lives = lives.map(|(child, place)| (child.clone(), place.generation));
                self.to_stop.insert(path.clone(), lives.collect());
            }
            EventKind::Starting => {
                self.to_stop.remove(path);
                let Some(above) = path.parent() else { return };
                let Some(round) = self.to_stop.get(&above) else { return };
                let is_by_command = event.command.is_some();
                assert!(is_by_command || round.is_empty(), "{event}, and {round:?} still run");
            }
            EventKind::Exited { .. }
            | EventKind::StartFailed { .. }
            | EventKind::StartIgnored
            | EventKind::Removed
            | EventKind::Unjoinable => {
                if let Some(round) = path.parent().and_then(|above| self.to_stop.get_mut(&above)) {
                    round.remove(path);
                }
            }
            EventKind::Meltdown { .. }
            | EventKind::AutoShutdown { .. }
            | EventKind::StopRequested => {
                self.to_stop.remove(path);
            }
            _ => {}
        }
    }
}
