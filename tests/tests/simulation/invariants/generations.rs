//! Every attempt to start takes the next number of its path, for as long as the tree lives.

use std::collections::BTreeMap;

use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::state::TreeState;

use crate::invariants::Invariant;
use crate::world::{Entry, Facts, What};

#[derive(Default)]
pub(super) struct Generations {
    latest: BTreeMap<ChildPath, u64>,
}

impl Invariant for Generations {
    fn law(&self) -> &'static str {
        "section 1: generations only grow, by one"
    }

    fn entry(&mut self, _: &Facts, entry: &Entry) {
        match &entry.what {
            What::Event(event) if matches!(event.kind, EventKind::Starting) => {
                let latest = self.latest.entry(event.path.clone()).or_default();
                assert_eq!(event.generation.0, *latest + 1, "{event}");
                *latest += 1;
            }
            What::Begun(run) => {
                assert_eq!(self.latest.get(&run.path), Some(&run.generation), "{run} begins");
            }
            _ => {}
        }
    }

    fn state(&mut self, _: &Facts, state: &TreeState) {
        for child in &state.children {
            let latest = self.latest.get(&child.path).copied().unwrap_or_default();
            assert_eq!(child.generation.0, latest, "{} in the state", child.path);
        }
    }
}
