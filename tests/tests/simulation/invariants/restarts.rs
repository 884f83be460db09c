//! L5–L8: which ends ask for a restart, by what the run itself says it did.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::decision::{RestartDecision, Rule};
use rust_supervisor::policy::restart::Restart;
use rust_supervisor::task::exit::Exit;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Restarts {
    /// How the latest run of each ended, and whether it was a start.
    ends: BTreeMap<ChildPath, (Exit, bool)>,
}

impl Invariant for Restarts {
    fn law(&self) -> &'static str {
        "L5, L6, L7: what asks for a restart"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        match &event.kind {
            EventKind::Exited { exit } => {
                self.ends.insert(event.path.clone(), (exit.clone(), false));
            }
            EventKind::StartFailed { exit } => {
                self.ends.insert(event.path.clone(), (exit.clone(), true));
            }
            EventKind::Decided { decision } => {
                let end = self.ends.get(&event.path);
                let (exit, is_start) = end.unwrap_or_else(|| panic!("{event}, and it never ended"));
                let is_restart = matches!(decision, RestartDecision::RestartAfter { .. });
                let is_over = matches!(
                    decision.rule(),
                    Rule::TransientNormal
                        | Rule::Temporary
                        | Rule::Permanent
                        | Rule::TransientAbnormal
                );
                match facts.nature(&event.path).restart {
                    Restart::Temporary => {
                        assert!(!is_restart && decision.rule() == Rule::Temporary, "{event}");
                    }
                    Restart::Transient if !is_start && !exit.is_abnormal() => {
                        assert!(!is_restart, "{event}, after {exit}");
                    }
                    _ => {
                        assert!(is_restart || !is_over, "{event}, after {exit}");
                    }
                }
            }
            _ => {}
        }
    }
}
