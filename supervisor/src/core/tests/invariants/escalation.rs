//! L15, L27, L28: a supervisor ends by itself only over a child, and says over which.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::error::meltdown::MeltdownError;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::RestartDecision;
use crate::policy::restart::AutoShutdown;
use crate::state::Lifecycle;
use crate::task::exit::Exit;

#[derive(Default)]
pub(super) struct Escalation {
    latest: BTreeMap<ChildPath, RestartDecision>,
    /// Supervisors that have to end by themselves, over this child.
    owed: BTreeMap<ChildPath, ChildPath>,
}

impl Invariant for Escalation {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match &fact.kind {
            EventKind::Decided { decision } => {
                self.latest.insert(path.clone(), *decision);
                let above = path.parent().expect("not the root");
                let plan = world.plan(&above).expect("a supervisor");
                let is_significant = world.policy(path).is_some_and(|p| p.significant);
                match decision {
                    RestartDecision::Escalate { .. } => {
                        self.owed.insert(above, path.clone());
                    }
                    RestartDecision::DoNotRestart { .. } | RestartDecision::Quarantine { .. }
                        if is_significant && plan.auto_shutdown == AutoShutdown::AnySignificant =>
                    {
                        self.owed.insert(above, path.clone());
                    }
                    _ => {}
                }
            }
            EventKind::Meltdown { child, decision, why, exit } => {
                let first = &why.links()[0];
                assert_eq!((&first.supervisor, &first.child), (path, child), "{why}");
                assert_eq!(first.exit.to_string(), exit.to_string(), "{why}");
                let begun = why.origin();
                let is_below = world.plan(&begun.child).is_some();
                assert!(
                    !is_below
                        || !matches!(&begun.exit, Exit::Failed(failure) if failure.error().is::<MeltdownError>()),
                    "{why}"
                );
                for pair in why.links().windows(2) {
                    assert_eq!(pair[0].child, pair[1].supervisor, "{why}");
                }
                assert_eq!(self.owed.remove(path).as_ref(), Some(child), "{path} melts down");
                assert_eq!(self.latest.get(child), Some(decision), "{path} melts down");
            }
            EventKind::AutoShutdown { child } => {
                let plan = world.plan(path).expect("a supervisor");
                match plan.auto_shutdown {
                    AutoShutdown::Never => panic!("{path} ends by itself"),
                    AutoShutdown::AnySignificant => {
                        assert_eq!(self.owed.remove(path).as_ref(), Some(child));
                    }
                    AutoShutdown::AllSignificant => {
                        let state = world.engine.state();
                        for child in state.children_of(path.as_str()) {
                            let is_left = matches!(
                                child.lifecycle,
                                Lifecycle::Up | Lifecycle::Starting | Lifecycle::Restarting
                            );
                            let policy = world.policy(&child.path).expect("known");
                            let is_alive = world.is_alive(&child.path) && !child.is_supervisor;
                            let is_left = policy.significant && is_left && is_alive;
                            assert!(!is_left, "{path} ends though {} is left", child.path);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn after(&mut self, _: &World) {
        assert!(self.owed.is_empty(), "these should have ended: {:?}", self.owed);
    }
}
