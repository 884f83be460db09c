//! L20: a run is cancelled before it is aborted, and aborted when its grace is over, not before
//! and not later; unless all is forced, or the grace of a supervisor above it is over.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::action::Action;
use crate::core::key::RunKey;
use crate::core::tests::harness::{Invariant, World, path, short};
use crate::core::time::Uptime;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::shutdown::Grace;

#[derive(Default)]
pub(super) struct Graces {
    /// With the grace that held when they were.
    cancelled: BTreeMap<RunKey, Grace>,
    aborted: BTreeSet<RunKey>,
    /// Everything below these is aborted at once.
    forced: BTreeSet<ChildPath>,
    /// When the tree was asked to end.
    began: Option<Uptime>,
}

impl Invariant for Graces {
    fn action(&mut self, world: &World, action: &Action) {
        match action {
            Action::Cancel(run) => {
                let policy = world.policy(&path(&world.runs[run].path)).expect("known");
                let before = self.cancelled.insert(*run, policy.grace);
                assert!(before.is_none(), "cancelled twice");
            }
            Action::Abort(run) => {
                let grace = *self.cancelled.get(run).expect("aborted and not cancelled");
                assert!(self.aborted.insert(*run), "aborted twice");
                let run = &world.runs[run];
                assert!(!run.is_blocking, "a thread cannot be aborted");
                let path = path(&run.path);
                if self.forced.iter().any(|above| path.is_within(above)) {
                    return;
                }
                let waited = world.now.since(run.cancelled_at.expect("cancelled"));
                assert_eq!(Grace::After(waited), grace, "{path} is aborted");
            }
            Action::Note(fact) => match fact.kind {
                EventKind::ShutdownRequested { .. } => {
                    self.began.get_or_insert(world.now);
                }
                EventKind::ShutdownForced { .. } => {
                    self.forced.insert(ChildPath::root());
                }
                EventKind::Aborted if world.plan(&fact.path).is_some() => {
                    self.forced.insert(fact.path.clone());
                }
                EventKind::Starting => {
                    self.forced.remove(&fact.path);
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        for (key, run) in world.runs.iter().filter(|(_, run)| !run.is_blocking) {
            let (Some(cancelled), None) = (run.cancelled_at, run.aborted_at) else { continue };
            let Some(Grace::After(grace)) = self.cancelled.get(key).copied() else { continue };
            let is_due = world.now > cancelled + grace;
            assert!(!is_due, "{} has outlived its grace", run.path);
        }
        let root = ChildPath::root();
        let budget = world.plan(&root).expect("the root is known").budget;
        if self.began.is_some_and(|began| world.now > began + budget) {
            assert!(self.forced.contains(&root), "the budget of the shutdown is overdrawn");
        }
        // Nobody lives on below a supervisor that is gone.
        if self.forced.contains(&ChildPath::root()) {
            for run in world.runs.values() {
                let is_handled = run.is_blocking || run.aborted_at.is_some();
                assert!(is_handled, "{} is not aborted", short(&path(&run.path)));
            }
        }
    }
}
