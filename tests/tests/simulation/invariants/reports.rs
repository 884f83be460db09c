//! L44: the report has a row for every child that was alive, and is clean only when it is.

use std::collections::BTreeSet;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::report::RowEnd;

use crate::invariants::Invariant;
use crate::world::{End, Entry, Facts, What};

#[derive(Default)]
pub(super) struct Reports {
    /// Who of ours was alive when the end began.
    alive: Option<BTreeSet<ChildPath>>,
    /// Who was aborted since.
    aborted: BTreeSet<ChildPath>,
    is_clean: Option<bool>,
}

impl Invariant for Reports {
    fn law(&self) -> &'static str {
        "L44: the report"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let What::Event(event) = &entry.what else { return };
        match event.kind {
            EventKind::ShutdownRequested { .. } if self.alive.is_none() => {
                self.alive = Some(facts.lives.keys().cloned().collect());
            }
            // A thread that was given up may end by itself after all.
            EventKind::Aborted
                if self.alive.is_some() && !facts.nature(&event.path).is_supervisor() =>
            {
                self.aborted.insert(event.path.clone());
            }
            EventKind::Ended { is_clean } => self.is_clean = Some(is_clean),
            _ => {}
        }
    }

    fn end(&mut self, _: &Facts, end: &End) {
        let Some(report) = &end.report else { return };
        assert_eq!(self.is_clean, Some(report.is_clean()), "the last event, and {report}");
        let paths: BTreeSet<_> = report.rows.iter().map(|row| &row.path).collect();
        assert_eq!(paths.len(), report.rows.len(), "somebody has two rows: {report}");
        for path in self.alive.iter().flatten() {
            let row = report.rows.iter().find(|row| row.path == *path);
            let row = row.unwrap_or_else(|| panic!("{path} was alive, and has no row: {report}"));
            assert!(!matches!(row.end, RowEnd::NotRunning), "{row}, and it was alive");
        }
        for path in &self.aborted {
            let row = report.rows.iter().find(|row| row.path == *path);
            assert!(row.is_some_and(|row| !row.is_clean()), "{path} was not clean: {report}");
        }
    }
}
