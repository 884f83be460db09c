//! L22, L44: nothing starts, and nothing is decided, once the end of a supervisor has begun.

use std::collections::BTreeSet;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::event::EventKind;
use crate::id::ChildPath;

#[derive(Default)]
pub(super) struct Shutdown {
    /// Supervisors that are ending.
    ending: BTreeSet<ChildPath>,
    has_begun: bool,
    ends: u32,
}

impl Shutdown {
    fn is_ending(&self, path: &ChildPath) -> bool {
        self.has_begun || self.ending.iter().any(|above| path.is_within(above))
    }
}

impl Invariant for Shutdown {
    fn action(&mut self, world: &World, action: &Action) {
        if let Action::End = action {
            self.ends += 1;
            assert_eq!(self.ends, 1, "the end comes twice");
        }
        if let Action::Start(run) = action {
            let (path, _) = world.engine.run(*run).expect("known");
            assert!(!self.is_ending(path), "{path} starts while a supervisor above it ends");
        }
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match &fact.kind {
            EventKind::ShutdownRequested { .. } => self.has_begun = true,
            EventKind::Starting => {
                self.ending.remove(path);
                assert!(!self.is_ending(path), "{path} starts while a supervisor above it ends");
            }
            EventKind::Decided { .. } => {
                let above = path.parent().expect("the root is not decided about");
                assert!(!self.is_ending(&above), "a decision about {path}, which ends");
            }
            EventKind::StopRequested => {
                self.ending.insert(path.clone());
            }
            EventKind::Meltdown { .. } | EventKind::AutoShutdown { .. } => {
                self.ending.insert(path.clone());
                self.has_begun |= path.is_root();
            }
            EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::Removed => {
                self.ending.remove(path);
            }
            _ => {}
        }
    }
}
