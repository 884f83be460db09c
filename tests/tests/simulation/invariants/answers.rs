//! L32: every command is answered, once, and what is answered is true.

use std::collections::BTreeMap;

use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::id::ChildPath;
use rust_supervisor::state::Lifecycle;

use crate::invariants::Invariant;
use crate::world::{End, Entry, Facts, Said, Verb, What};

#[derive(Default)]
pub(super) struct Answers {
    open: BTreeMap<usize, (Verb, ChildPath)>,
}

/// The oldest run of ours at a path.
fn oldest(facts: &Facts, path: &ChildPath) -> Option<u64> {
    facts.lives.get(path).and_then(|lives| lives.keys().next().copied())
}

impl Invariant for Answers {
    fn law(&self) -> &'static str {
        "L32: answers are given, and true"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let (number, verb, path, said) = match &entry.what {
            What::Asked(number, verb, path) => {
                self.open.insert(*number, (*verb, path.clone()));
                return;
            }
            What::Abandoned(number) => {
                self.open.remove(number);
                return;
            }
            What::Answered(number, verb, path, said) => (number, *verb, path, said),
            _ => return,
        };
        let open = self.open.remove(number);
        assert!(open.is_some(), "{number} is answered and was not asked");
        match said {
            Said::Done(outcome) => {
                let told = outcome.generation.0;
                let life = outcome.lifecycle;
                match verb {
                    // Something younger may run by now; what was stopped does not.
                    Verb::Stop | Verb::Delete | Verb::Pause | Verb::Quarantine | Verb::Remove => {
                        let oldest = oldest(facts, path);
                        let is_gone = oldest.is_none_or(|oldest| oldest > told);
                        assert!(is_gone, "{verb:?} {path}#{told}, and #{oldest:?} is alive");
                        assert_ne!(life, Some(Lifecycle::Up), "{verb:?} {path}");
                    }
                    Verb::Start | Verb::Restart if !outcome.is_ignored => {
                        let is_started = [Some(Lifecycle::Up), Some(Lifecycle::Waiting)];
                        assert!(is_started.contains(&life), "{verb:?} {path}: {life:?}");
                    }
                    Verb::Add | Verb::Spawn => {
                        let above = outcome.path.parent();
                        assert_eq!(above.as_ref(), Some(path), "{verb:?} {path}");
                    }
                    Verb::WaitReady => assert_eq!(life, Some(Lifecycle::Up), "{path} is ready"),
                    _ => {}
                }
                let seen = facts.fold.at(&outcome.path).generation;
                assert!(seen >= told, "{verb:?} {path}#{told}, and nobody has seen it start");
            }
            Said::No(error) => {
                if let SupervisorError::UnknownPath { path, known, .. } = &**error {
                    assert!(path != known && path.is_within(known), "{error}");
                }
                if let SupervisorError::DriverGone = **error {
                    panic!("the driver is gone: {verb:?} {path}");
                }
            }
            Said::Yes => {}
        }
    }

    fn end(&mut self, _: &Facts, end: &End) {
        assert!(end.is_dropped || self.open.is_empty(), "never answered: {:?}", self.open);
    }
}
