//! L5–L8, L36: which ends are followed by a restart, by a table of its own.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::input::{Input, RunEnd};
use crate::core::tests::harness::{Invariant, World, path};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::{RestartDecision, Rule};
use crate::policy::failure::OnLimit;
use crate::policy::restart::Restart;
use crate::task::result::TaskResult;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Normal,
    Abnormal,
    Fatal,
}

#[derive(Default)]
pub(super) struct Restarts {
    /// How the latest run of each task ended.
    ends: BTreeMap<ChildPath, End>,
}

impl Invariant for Restarts {
    fn input(&mut self, world: &World, input: &Input) {
        let Input::Ended(run, end) = input else { return };
        let Some(run) = world.runs.get(run) else { return };
        let end = match end {
            // What is decided about although it was asked to end took too long to start.
            _ if run.cancelled_at.is_some() => End::Abnormal,
            RunEnd::Returned(TaskResult::Failed(failure)) | RunEnd::NotSpawned(failure) => {
                if failure.kind().is_fatal() {
                    End::Fatal
                } else {
                    End::Abnormal
                }
            }
            RunEnd::Panicked(_) | RunEnd::Dropped => End::Abnormal,
            RunEnd::Returned(_) => End::Normal,
        };
        self.ends.insert(path(&run.path), end);
    }

    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let EventKind::Decided { decision } = fact.kind else { return };
        let path = &fact.path;
        let policy = world.policy(path).expect("known");
        let (restart, is_start) = (policy.restart, decision.rule() == Rule::StartFailed);
        let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
        if restart == Restart::Temporary {
            assert!(!is_restart, "{path} is temporary");
            assert_eq!(decision.rule(), Rule::Temporary);
        }
        if world.plan(path).is_some() {
            return;
        }
        let rule = decision.rule();
        match (restart, self.ends[path]) {
            (Restart::Temporary, _) => {}
            (Restart::Permanent, end) => {
                assert_ne!(rule, Rule::TransientNormal, "{path} is permanent");
                // On trial it is quarantined whatever it is.
                assert_eq!(
                    rule == Rule::FatalFailure,
                    end == End::Fatal && rule != Rule::ProbeFailed,
                    "{path} {end:?} {rule:?}"
                );
            }
            (Restart::Transient, End::Normal) => {
                assert!(!is_restart || is_start, "{path} is transient and ended normally");
            }
            (Restart::Transient, end) => {
                assert_ne!(rule, Rule::TransientNormal, "{path} ended {end:?}");
            }
        }
        let at_limit = match decision {
            // Back to where it was tried from, whatever is said about others meanwhile.
            RestartDecision::Quarantine { rule: Rule::ProbeFailed } => None,
            RestartDecision::Quarantine { .. } => Some(OnLimit::Quarantine),
            RestartDecision::ShutdownTree { .. } => Some(OnLimit::ShutdownTree),
            RestartDecision::Escalate { rule } if rule != Rule::Intensity => {
                Some(OnLimit::Escalate)
            }
            _ => None,
        };
        assert!(at_limit.is_none_or(|at_limit| at_limit == policy.on_limit), "{path} {decision}");
    }
}
