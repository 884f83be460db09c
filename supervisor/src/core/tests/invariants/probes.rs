//! L35: a probe comes `probe_after` after the quarantine, is charged to nothing, and failing it is
//! a quarantine again.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World, reloaded};
use crate::core::time::Uptime;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::{RestartDecision, Rule};

#[derive(Default)]
pub(super) struct Probes {
    /// When they were last quarantined, or their supervisor last started.
    since: BTreeMap<ChildPath, Uptime>,
    /// Those whose run is a trial, and when it was ready.
    trials: BTreeMap<ChildPath, Option<Uptime>>,
    /// Those of them that a command ends.
    stopped: BTreeMap<ChildPath, Option<Uptime>>,
    /// Those about whom a reload has said another wait: the one that has begun goes on as it was.
    unknown: BTreeSet<ChildPath>,
}

impl Invariant for Probes {
    fn input(&mut self, world: &World, input: &Input) {
        for (path, kind) in reloaded(input) {
            if let Some(before) = world.policy(&path)
                && before.probe_after != kind.policy().probe_after
            {
                self.unknown.insert(path);
            }
        }
    }

    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match fact.kind {
            EventKind::Probing => {
                let since = self.since.remove(path).expect("it was quarantined");
                if !self.unknown.remove(path) {
                    let wait = world.policy(path).and_then(|policy| policy.probe_after);
                    let wait = wait.unwrap_or_else(|| panic!("{path} is probed"));
                    assert!(world.now >= since + wait, "{path} is probed too early");
                }
                self.trials.insert(path.clone(), None);
            }
            EventKind::Starting => {
                for (below, since) in &mut self.since {
                    if below.parent().as_ref() == Some(path) {
                        *since = world.now;
                    }
                }
                if fact.command.is_some() {
                    self.trials.remove(path);
                }
                self.trials.retain(|below, _| below == path || !below.is_within(path));
                self.stopped.remove(path);
            }
            EventKind::Ready => {
                if let Some(ready) = self.trials.get_mut(path) {
                    *ready = Some(world.now);
                }
            }
            EventKind::BudgetReset if fact.command.is_none() => {
                let ready = self.trials.remove(path).or_else(|| self.stopped.remove(path));
                let ready = ready.flatten().expect("it was ready, on trial");
                let reset_after = world.policy(path).expect("known").backoff.reset_after;
                assert!(world.now.since(ready) >= reset_after, "{path} was ready too short");
            }
            EventKind::BudgetReset | EventKind::Removed => {
                self.trials.remove(path);
            }
            EventKind::Decided { decision } => {
                let was_on_trial = self.trials.remove(path).is_some();
                let failed = decision.rule() == Rule::ProbeFailed;
                let ended = matches!(decision, RestartDecision::DoNotRestart { .. });
                assert!(!failed || was_on_trial, "{path} fails a trial it was not on");
                assert!(!was_on_trial || failed || ended, "{path} on trial: {decision}");
                if let RestartDecision::Quarantine { .. } = decision {
                    self.since.insert(path.clone(), world.now);
                }
            }
            EventKind::Paused | EventKind::Quarantined | EventKind::StartIgnored => {
                self.trials.remove(path);
            }
            EventKind::Commanded { command: "stop_child" | "remove_child", .. } => {
                let trial = self.trials.remove(path);
                self.stopped.extend(trial.map(|ready| (path.clone(), ready)));
            }
            _ => {}
        }
    }
}
