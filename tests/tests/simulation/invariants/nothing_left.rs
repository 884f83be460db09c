//! L44: after the end nothing is alive but the threads that the report names. A runtime that is
//! dropped leaves no async run behind.

use std::collections::BTreeSet;

use rust_supervisor::id::ChildPath;

use crate::invariants::Invariant;
use crate::world::{End, Entry, Facts, What};

#[derive(Default)]
pub(super) struct NothingLeft {
    is_over: bool,
}

impl Invariant for NothingLeft {
    fn law(&self) -> &'static str {
        "L44: shutdown without orphaned tasks"
    }

    fn entry(&mut self, _: &Facts, entry: &Entry) {
        if let (true, What::Begun(run) | What::HelperBegun(run)) = (self.is_over, &entry.what) {
            panic!("{run} begins after the end");
        }
    }

    fn end(&mut self, facts: &Facts, end: &End) {
        self.is_over = true;
        let is_thread = |path: &&ChildPath| facts.nature(path).is_blocking;
        let left: BTreeSet<_> = facts.lives.keys().collect();
        let tasks: Vec<_> = left.iter().filter(|path| !is_thread(path)).collect();
        assert!(tasks.is_empty(), "still alive: {tasks:?}");
        let Some(report) = &end.report else { return };
        let named: BTreeSet<_> = report.unjoinable().map(|row| &row.path).collect();
        assert_eq!(left, named, "alive, and named as unjoinable: {report}");
    }
}
