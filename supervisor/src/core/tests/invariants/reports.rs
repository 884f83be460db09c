//! L44: the report has a row for every child, and is clean only when it is.

use std::collections::BTreeSet;

use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World, path};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::RestartDecision;
use crate::report::{EndCause, RowEnd};

#[derive(Default)]
pub(super) struct Reports {
    /// What was known before the input.
    known: BTreeSet<ChildPath>,
    /// The runs that were alive when the end began, or `None` before that.
    alive: Option<BTreeSet<ChildPath>>,
    expected: BTreeSet<ChildPath>,
    /// The tasks that were aborted since, or had been and were still there.
    aborted: BTreeSet<ChildPath>,
    /// Those that were asked to stop.
    asked: BTreeSet<ChildPath>,
    is_melting: bool,
    is_requested: bool,
}

impl Reports {
    fn begin(&mut self, world: &World) {
        if self.alive.is_some() {
            return;
        }
        self.alive = Some(world.runs.values().map(|run| path(&run.path)).collect());
        self.expected.clone_from(&self.known);
    }
}

impl Invariant for Reports {
    fn input(&mut self, world: &World, _: &Input) {
        let state = world.engine.state();
        self.known = state.children.into_iter().map(|child| child.path).collect();
        self.known.remove(&ChildPath::root());
    }

    fn action(&mut self, world: &World, action: &Action) {
        match action {
            Action::Note(fact) => match &fact.kind {
                // A supervisor that ends by itself has asked itself, as it were.
                EventKind::Meltdown { .. } | EventKind::AutoShutdown { .. }
                    if !fact.path.is_root() =>
                {
                    self.asked.insert(fact.path.clone());
                }
                EventKind::Removed if self.alive.is_none() => {
                    let gone = &fact.path;
                    self.known.retain(|path| !path.is_within(gone));
                }
                // What had been added to it is gone with it.
                EventKind::Exited { .. } if self.alive.is_none() => {
                    let gone = &fact.path;
                    self.known.retain(|path| path == gone || !path.is_within(gone));
                }
                EventKind::ShutdownRequested { .. } => {
                    self.is_requested = true;
                    self.begin(world);
                }
                EventKind::Meltdown { .. } if fact.path.is_root() => {
                    self.is_melting = true;
                    self.begin(world);
                }
                // A temporary child whose end was the last straw is forgotten before.
                EventKind::AutoShutdown { child } if fact.path.is_root() => {
                    self.known.remove(child);
                    self.begin(world);
                }
                EventKind::StopRequested | EventKind::Unjoinable => {
                    self.asked.insert(fact.path.clone());
                }
                EventKind::Starting => {
                    self.asked.remove(&fact.path);
                }
                _ => {}
            },
            Action::Abort(run) if self.alive.is_some() => {
                self.aborted.insert(path(&world.runs[run].path));
            }
            _ => {}
        }
    }

    fn end(&mut self, world: &World) {
        let report = world.engine.report().expect("a report");
        let rows: BTreeSet<_> = report.rows.iter().map(|row| row.path.clone()).collect();
        assert_eq!(rows.len(), report.rows.len(), "a child has two rows");
        if self.alive.is_some() {
            let missing: Vec<_> = self.expected.difference(&rows).collect();
            assert!(missing.is_empty(), "no rows for {missing:?}");
        }
        for row in &*report.rows {
            let is_there = world.runs.values().any(|run| path(&run.path) == row.path);
            let is_task = world.plan(&row.path).is_none();
            if is_task {
                let is_unjoinable = matches!(row.end, RowEnd::Unjoinable);
                assert_eq!(is_unjoinable, is_there, "{row}");
                if self.aborted.contains(&row.path) {
                    assert!(row.was_aborted, "{row}, though it was");
                }
                if let Some(alive) = &self.alive
                    && alive.contains(&row.path)
                {
                    assert!(!matches!(row.end, RowEnd::NotRunning), "{row}, though it was");
                }
            }
            if row.was_cancelled {
                assert!(self.asked.contains(&row.path), "{row}, though it was not");
            }
        }
        let is_clean = self.aborted.is_empty() && world.runs.is_empty();
        if !is_clean {
            assert!(!report.is_clean(), "clean, though not everything ended: {report}");
        }
        match report.cause {
            EndCause::Meltdown { decision, .. } => {
                let is_its_wish = matches!(decision, RestartDecision::ShutdownTree { .. });
                assert!(self.is_melting || is_its_wish);
            }
            EndCause::Requested { .. } => assert!(self.is_requested),
            EndCause::AutoShutdown | EndCause::StartFailed { .. } => {}
        }
    }
}
