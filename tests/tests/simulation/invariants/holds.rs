//! L41: a paused child does not run until it is resumed, whatever happens around it; nor does one
//! that an operator has quarantined, until it is resumed or restarted.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::state::{Lifecycle, TreeState};

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Holds {
    held: BTreeMap<ChildPath, Lifecycle>,
}

impl Invariant for Holds {
    fn law(&self) -> &'static str {
        "L41: what is held does not run"
    }

    fn entry(&mut self, facts: &Facts, entry: &Entry) {
        let event = match &entry.what {
            What::Begun(run) => {
                let held = self.held.get(&run.path);
                return assert!(held.is_none(), "{run} begins, and is {held:?}");
            }
            What::Event(event) => event,
            _ => return,
        };
        let path = &event.path;
        match &event.kind {
            EventKind::Paused => {
                self.held.insert(path.clone(), Lifecycle::Paused);
            }
            EventKind::Quarantined => {
                self.held.insert(path.clone(), Lifecycle::Quarantined);
            }
            EventKind::Resumed | EventKind::Removed => {
                self.held.remove(path);
            }
            EventKind::Starting => {
                let held = self.held.get(path);
                assert!(held.is_none(), "{event}, and is {held:?}");
                // What was added is not built again, and the wish about it goes with it.
                self.held.retain(|held, _| {
                    held == path || !held.is_within(path) || !facts.nature(held).is_dynamic
                });
            }
            EventKind::Exited { .. } if facts.nature(path).is_supervisor() => {
                self.held.retain(|held, _| {
                    held == path || !held.is_within(path) || !facts.nature(held).is_dynamic
                });
            }
            _ => {}
        }
    }

    fn state(&mut self, _: &Facts, state: &TreeState) {
        for child in &state.children {
            if let Some(held) = self.held.get(&child.path) {
                let is_live = child.lifecycle.is_live();
                assert!(!is_live, "{} is {}, and {held}", child.path, child.lifecycle);
            }
        }
    }
}
