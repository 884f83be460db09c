//! L9, L15, L25, L26, L35: restarts are counted here once more, by a list of times.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::core::time::Uptime;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::{RestartDecision, Rule};
use crate::policy::intensity::Limit;
use crate::state::{Budget, Lifecycle};

#[derive(Default)]
pub(super) struct Intensity {
    charges: BTreeMap<ChildPath, Vec<Uptime>>,
    own: BTreeMap<ChildPath, Vec<Uptime>>,
}

/// How many of `charges` are at most one window old.
fn count(charges: &[Uptime], now: Uptime, limit: Limit) -> usize {
    charges.iter().filter(|&&at| now.since(at) <= limit.within).count()
}

impl Invariant for Intensity {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match fact.kind {
            EventKind::Starting => {
                // A restarted supervisor begins anew, and so do the limits of its children.
                self.charges.remove(path);
                if world.plan(path).is_some() {
                    self.own.retain(|child, _| child.parent().as_ref() != Some(path));
                }
            }
            EventKind::Removed | EventKind::BudgetReset => {
                self.own.remove(path);
            }
            EventKind::Decided { decision } => {
                let above = path.parent().expect("not the root");
                let Some(limit) = world.plan(&above).map(|plan| plan.intensity) else { return };
                let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
                let own = world.policy(path).and_then(|policy| policy.restart_limit);
                if let Some(own) = own
                    && (is_restart
                        || matches!(decision.rule(), Rule::RestartLimit | Rule::Intensity))
                {
                    let charges = self.own.entry(path.clone()).or_default();
                    charges.push(world.now);
                    let spent = count(charges, world.now, own) > own.max as usize;
                    assert_eq!(spent, decision.rule() == Rule::RestartLimit, "{path} on its own");
                }
                if is_restart || decision.rule() == Rule::Intensity {
                    let charges = self.charges.entry(above.clone()).or_default();
                    charges.push(world.now);
                    let spent = count(charges, world.now, limit) > limit.max as usize;
                    assert_eq!(spent, !is_restart, "the intensity of {above}");
                }
            }
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        for child in world.engine.state().children {
            // The window of one that is not up says nothing: it begins anew when it starts.
            let budget = child.intensity.filter(|_| child.lifecycle == Lifecycle::Up);
            let Some(Budget { used, limit }) = budget else { continue };
            let plan = world.plan(&child.path).expect("a supervisor");
            let charges = self.charges.get(&child.path).map(Vec::as_slice).unwrap_or_default();
            let counted = count(charges, world.now, plan.intensity);
            assert_eq!(used as usize, counted.min(limit.max as usize + 1), "{}", child.path);
        }
    }
}
