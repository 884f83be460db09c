//! L9, L15, L25, L26, L35, L36: restarts are counted here once more, by lists of times, each limit
//! by a list of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World, reloaded};
use crate::core::time::Uptime;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::{RestartDecision, Rule};
use crate::policy::failure::TaskFailureKind;
use crate::policy::intensity::Limit;
use crate::policy::on_failure::FailureClass;
use crate::spec::plan::PlanKind;
use crate::state::{Lifecycle, LimitState};
use crate::task::exit::Exit;

#[derive(Default)]
pub(super) struct Intensity {
    charges: BTreeMap<ChildPath, Vec<Uptime>>,
    own: BTreeMap<(ChildPath, Option<FailureClass>), Vec<Uptime>>,
    /// The class of the latest failure of each; `None` where it was none, or is fatal.
    classes: BTreeMap<ChildPath, Option<FailureClass>>,
    /// Those about whom a reload has said another limit. What was too old for the one before is
    /// forgotten, and so the count is not known until it begins anew.
    unknown: BTreeSet<ChildPath>,
    unknown_supervisors: BTreeSet<ChildPath>,
}

/// How many of `charges` are at most one window old.
fn count(charges: &[Uptime], now: Uptime, limit: Limit) -> usize {
    charges.iter().filter(|&&at| now.since(at) <= limit.within).count()
}

/// L36 as a table.
fn class(exit: &Exit) -> Option<FailureClass> {
    match exit {
        Exit::Failed(failure) => match failure.kind() {
            TaskFailureKind::ExternalDependency => Some(FailureClass::ExternalDependency),
            TaskFailureKind::Timeout => Some(FailureClass::Timeout),
            TaskFailureKind::Panic => Some(FailureClass::Panic),
            TaskFailureKind::FatalConfig | TaskFailureKind::FatalBug => None,
            TaskFailureKind::Recoverable | TaskFailureKind::Cancelled => {
                Some(FailureClass::Recoverable)
            }
        },
        Exit::Panicked(_) => Some(FailureClass::Panic),
        Exit::TimedOut(_) => Some(FailureClass::Timeout),
        Exit::Lost => Some(FailureClass::Recoverable),
        Exit::Succeeded | Exit::Shutdown | Exit::Aborted | Exit::Ignored => None,
    }
}

impl Intensity {
    /// Whether the limits of a child, or its supervisor's intensity, have changed meanwhile.
    fn is_unknown(&self, path: &ChildPath) -> bool {
        self.unknown.contains(path)
    }
}

impl Invariant for Intensity {
    fn input(&mut self, world: &World, input: &Input) {
        for (path, kind) in reloaded(input) {
            let own = world.policy(&path).is_some_and(|before| {
                let after = kind.policy();
                before.restart_limit != after.restart_limit || before.on_failure != after.on_failure
            });
            if own {
                self.unknown.insert(path.clone());
            }
            if let (PlanKind::Supervisor(new), Some(old)) = (kind, world.plan(&path))
                && new.intensity != old.intensity
            {
                self.unknown_supervisors.insert(path);
            }
        }
    }

    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match &fact.kind {
            EventKind::Exited { exit } | EventKind::StartFailed { exit } => {
                self.classes.insert(path.clone(), class(exit));
            }
            EventKind::Starting => {
                // A restarted supervisor begins anew, and so do the limits of its children.
                self.charges.remove(path);
                self.unknown_supervisors.remove(path);
                self.unknown.retain(|child| child.parent().as_ref() != Some(path));
                if world.plan(path).is_some() {
                    self.own.retain(|(child, _), _| child.parent().as_ref() != Some(path));
                }
            }
            EventKind::Removed | EventKind::BudgetReset => {
                self.unknown.remove(path);
                self.own.retain(|(child, _), _| child != path);
            }
            EventKind::Decided { decision } => {
                let above = path.parent().expect("not the root");
                let Some(limit) = world.plan(&above).map(|plan| plan.intensity) else { return };
                let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
                let class = self.classes[path];
                let policy = world.policy(path).expect("known");
                let on_failure = policy.on_failure.as_deref();
                let of_class = on_failure.zip(class).map(|(all, class)| *all.class(class));
                let class_limit = of_class.and_then(|of_class| of_class.restart_limit);
                let spent_by = match class_limit {
                    Some(_) => Rule::ClassLimit(class.expect("it has a limit")),
                    None => Rule::RestartLimit,
                };
                let of = class.filter(|_| class_limit.is_some());
                if let Some(own) = class_limit.or(policy.restart_limit)
                    && (is_restart || [spent_by, Rule::Intensity].contains(&decision.rule()))
                {
                    let charges = self.own.entry((path.clone(), of)).or_default();
                    charges.push(world.now);
                    let spent = count(charges, world.now, own) > own.max as usize;
                    let is_right = spent == (decision.rule() == spent_by);
                    assert!(is_right || self.is_unknown(path), "{path} on its own, {of:?}");
                } else {
                    let limits = [Rule::RestartLimit, spent_by];
                    assert!(!limits.contains(&decision.rule()), "{path} has no limit");
                }
                if let RestartDecision::RestartAfter { delay, class: named, .. } = decision {
                    let its_wait = of_class.and_then(|of_class| of_class.backoff);
                    let most = its_wait.unwrap_or(policy.backoff).max;
                    assert!(*delay <= most, "{path} waits longer than it may");
                    let has_its_own = class_limit.is_some() || its_wait.is_some();
                    assert_eq!(*named, class.filter(|_| has_its_own), "{path}");
                }
                if is_restart || decision.rule() == Rule::Intensity {
                    let charges = self.charges.entry(above.clone()).or_default();
                    charges.push(world.now);
                    let spent = count(charges, world.now, limit) > limit.max as usize;
                    let is_right = spent != is_restart;
                    let is_known = !self.unknown_supervisors.contains(&above);
                    assert!(is_right || !is_known, "the intensity of {above}");
                }
            }
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        for child in world.engine.state().children {
            // The window of one that is not up says nothing: it begins anew when it starts.
            let budget = child.intensity.filter(|_| child.lifecycle == Lifecycle::Up);
            let Some(LimitState { used, limit, .. }) = budget else { continue };
            if self.unknown_supervisors.contains(&child.path) {
                continue;
            }
            let plan = world.plan(&child.path).expect("a supervisor");
            let charges = self.charges.get(&child.path).map(Vec::as_slice).unwrap_or_default();
            let counted = count(charges, world.now, plan.intensity);
            assert_eq!(used as usize, counted.min(limit.max as usize + 1), "{}", child.path);
        }
    }
}
