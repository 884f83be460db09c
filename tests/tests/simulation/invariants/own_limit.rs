//! L35: a child's own limit is charged for its own restarts, before its supervisor's; when it is
//! spent the child is not restarted.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::decision::{RestartDecision, Rule};

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct OwnLimit {
    charges: BTreeMap<ChildPath, Vec<Duration>>,
}

impl Invariant for OwnLimit {
    fn law(&self) -> &'static str {
        "L35: a child's own limit"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        let path = &event.path;
        match &event.kind {
            // A restart of its supervisor empties it.
            EventKind::Starting if facts.nature(path).is_supervisor() => {
                self.charges.retain(|child, _| child.parent().as_ref() != Some(path));
            }
            EventKind::Removed | EventKind::BudgetReset => {
                self.charges.remove(path);
            }
            EventKind::Decided { decision } => {
                let limit = facts.nature(path).restart_limit;
                let is_its_own = decision.rule() == Rule::RestartLimit;
                let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
                let Some(limit) = limit else {
                    return assert!(!is_its_own, "{event}, and it has no limit");
                };
                let is_charged = is_restart || is_its_own || decision.rule() == Rule::Intensity;
                // What is charged to the limit of a class of failure is not known here.
                let is_known =
                    !facts.nature(path).has_class_limit && !facts.reconfigured.contains(path);
                if is_charged && is_known {
                    let charges = self.charges.entry(path.clone()).or_default();
                    charges.push(event.uptime);
                    let within = |at: &&Duration| event.uptime <= **at + limit.within;
                    let counted = charges.iter().filter(within).count();
                    let is_spent = counted > limit.max as usize;
                    assert_eq!(is_spent, is_its_own, "{event}: {counted}, of {limit}");
                }
            }
            _ => {}
        }
    }
}
