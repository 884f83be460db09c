//! L44: after the end nothing is alive but the threads that the report names. A runtime that is
//! dropped leaves no async run behind.

use std::collections::BTreeSet;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::{End, Entry, Facts, What};

#[derive(Default)]
pub(super) struct NothingLeft {
    is_over: bool,
    /// What was alive when the tree said that it has ended.
    left: BTreeSet<ChildPath>,
}

impl Invariant for NothingLeft {
    fn law(&self) -> &'static str {
        "L44: shutdown without orphaned tasks"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        if let What::Event(event) = &entry.what
            && matches!(event.kind, EventKind::Ended { .. })
        {
            self.left = facts.lives.keys().cloned().collect();
            self.is_over = true;
        }
        if let (true, What::Begun(run) | What::HelperBegun(run)) = (self.is_over, &entry.what)
            && !facts.nature(&run.path).is_blocking
        {
            panic!("{run} begins after the end");
        }
    }

    fn end(&mut self, facts: &Facts, end: &End) {
        if end.is_dropped {
            self.left = facts.lives.keys().cloned().collect();
        }
        let is_thread = |path: &&ChildPath| facts.nature(path).is_blocking;
        let tasks: Vec<_> = self.left.iter().filter(|path| !is_thread(path)).collect();
        assert!(tasks.is_empty(), "still alive: {tasks:?}");
        let Some(report) = &end.report else { return };
        let named = report.unjoinable().map(|row| &row.path);
        let (above, named): (BTreeSet<_>, BTreeSet<_>) =
            named.partition(|path| facts.nature(path).is_supervisor());
        for above in above {
            let has_cause = named.iter().any(|path| path.is_within(above));
            assert!(has_cause, "{above} is named, and nobody in it: {report}");
        }
        let unnamed: Vec<_> = self.left.iter().filter(|path| !named.contains(path)).collect();
        assert!(unnamed.is_empty(), "alive, and not named: {unnamed:?}, {report}");
        // While the clock jumps one may go just after it was given up.
        let is_given_up = |path: &&ChildPath| facts.fold.life(path) == Life::Unjoinable;
        assert!(named.iter().all(is_given_up), "named, and not given up: {report}");
    }
}
