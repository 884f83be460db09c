//! L12, L13, L34: a round stops all its members before it starts one of them, and leaves the older
//! siblings alone.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::restart::Strategy;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::nature::Group;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Rounds {
    /// The runs that a round has still to stop, and the place of its first member.
    to_stop: BTreeMap<ChildPath, (BTreeMap<ChildPath, u64>, usize)>,
}

/// The place of a child in the declaration. What was added comes after all.
fn place(group: &Group, child: &ChildPath) -> usize {
    group.declared.iter().position(|id| id == child.name()).unwrap_or(usize::MAX)
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
                let first = match group.strategy {
                    Strategy::OneForAll => 0,
                    _ => place(group, origin),
                };
                let lives = facts.fold.children(path).filter(|(child, at)| {
                    *child != origin
                        && place(group, child) >= first
                        // Among those that were added the order is not known here.
                        && (first < usize::MAX)
                        && !matches!(at.life, Life::Gone | Life::Unjoinable)
                });
                let lives = lives.map(|(child, at)| (child.clone(), at.generation)).collect();
                self.to_stop.insert(path.clone(), (lives, first));
            }
            EventKind::Starting => {
                self.to_stop.remove(path);
                let Some(above) = path.parent() else { return };
                let Some((round, first)) = self.to_stop.get(&above) else { return };
                let is_by_command = event.command.is_some();
                let is_member = place(facts.group(&above), path) >= *first;
                assert!(
                    is_by_command || !is_member || round.is_empty(),
                    "{event}, and {round:?} still run"
                );
            }
            EventKind::Exited { .. }
            | EventKind::StartFailed { .. }
            | EventKind::StartIgnored
            | EventKind::Removed
            | EventKind::Unjoinable => {
                if let Some(round) = path.parent().and_then(|above| self.to_stop.get_mut(&above)) {
                    round.0.remove(path);
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
