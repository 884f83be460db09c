//! L9, L10, L25, L26: every restart is charged once to its supervisor, the window is closed, and
//! one restart more than the intensity within it is a meltdown. Counted here by lists of times.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::decision::{RestartDecision, Rule};
use rust_supervisor::state::{Lifecycle, TreeState};

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Intensity {
    charges: BTreeMap<ChildPath, Vec<Duration>>,
    /// Those whose intensity is spent, until they melt down.
    owed: BTreeMap<ChildPath, ChildPath>,
}

fn count(charges: &[Duration], now: Duration, within: Duration) -> usize {
    charges.iter().filter(|&&at| now <= at + within).count()
}

impl Invariant for Intensity {
    fn law(&self) -> &'static str {
        "L9, L25, L26: the intensity window"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        match &event.kind {
            EventKind::Starting => {
                self.charges.remove(&event.path);
            }
            EventKind::Decided { decision } => {
                let above = event.path.parent().expect("the root is not decided about");
                let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
                if !is_restart && decision.rule() != Rule::Intensity {
                    return;
                }
                let charges = self.charges.entry(above.clone()).or_default();
                charges.push(event.uptime);
                let limit = facts.group(&above).intensity;
                let counted = count(charges, event.uptime, limit.within);
                if !facts.reconfigured.contains(&above) {
                    let is_spent = counted > limit.max as usize;
                    assert_ne!(is_spent, is_restart, "{event}: {counted}, of {limit}");
                }
                if !is_restart {
                    self.owed.insert(above, event.path.clone());
                }
            }
            EventKind::Meltdown { decision, child, .. } if decision.rule() == Rule::Intensity => {
                assert_eq!(self.owed.remove(&event.path).as_ref(), Some(child), "{event}");
            }
            _ => {}
        }
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        assert!(self.owed.is_empty(), "these should have melted down: {:?}", self.owed);
        for child in state.children.iter().filter(|child| child.lifecycle == Lifecycle::Up) {
            let Some(spent) = child.intensity else { continue };
            if facts.reconfigured.contains(&child.path) {
                continue;
            }
            let limit = facts.group(&child.path).intensity;
            let charges = self.charges.get(&child.path).map(Vec::as_slice).unwrap_or_default();
            let counted = count(charges, state.uptime, limit.within).min(limit.max as usize + 1);
            let (path, now) = (&child.path, state.uptime);
            assert_eq!(spent.used as usize, counted, "{path}: {spent}, {charges:?}, now {now:?}");
        }
    }
}
