//! L33: a restart waits as long as was decided, and no decision waits longer than it may.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::decision::RestartDecision;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Waits {
    /// Not before.
    until: BTreeMap<ChildPath, Duration>,
}

impl Invariant for Waits {
    fn law(&self) -> &'static str {
        "L33: backoff"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let path = &event.path;
        match &event.kind {
            EventKind::Decided { decision: RestartDecision::RestartAfter { delay, class, .. } } => {
                let most = facts.nature(path).backoff.max;
                let is_known = !facts.reconfigured.contains(path);
                assert!(
                    *delay <= most || class.is_some() || !is_known,
                    "{event}: at most {most:?}"
                );
                self.until.insert(path.clone(), event.uptime + *delay);
            }
            EventKind::Starting => {
                let until = self.until.remove(path);
                self.until.retain(|waiting, _| !waiting.is_within(path));
                // A command does not wait; nor does a supervisor that starts anew.
                let above = path.parent().map(|above| facts.fold.life(&above));
                let is_round = event.command.is_none() && above == Some(crate::fold::Life::Up);
                if let Some(until) = until.filter(|_| is_round) {
                    assert!(event.uptime >= until, "{event}, and it should wait until {until:?}");
                }
            }
            // What is stopped, held or gone waits no longer, whatever starts it later. A member of
            // a round that is to start at once takes the others with it.
            EventKind::Commanded { command: "restart_child", .. } => {
                let round = path.parent();
                self.until
                    .retain(|waiting, _| !waiting.is_within(path) && waiting.parent() != round);
            }
            EventKind::Commanded { .. }
            | EventKind::Removed
            | EventKind::Paused
            | EventKind::Quarantined
            | EventKind::Reconfigured { .. } => {
                self.until.retain(|waiting, _| !waiting.is_within(path));
            }
            _ => {}
        }
    }
}
