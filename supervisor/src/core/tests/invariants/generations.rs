//! Every attempt to start takes the next number of its path, for as long as the tree lives.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::event::EventKind;
use crate::id::ChildPath;

#[derive(Default)]
pub(super) struct Generations {
    latest: BTreeMap<ChildPath, u64>,
}

impl Invariant for Generations {
    fn action(&mut self, world: &World, action: &Action) {
        match action {
            Action::Note(fact) if matches!(fact.kind, EventKind::Starting) => {
                let latest = self.latest.entry(fact.path.clone()).or_default();
                assert_eq!(fact.generation.0, *latest + 1, "{}", fact.path);
                *latest += 1;
            }
            Action::Start(run) => {
                let (path, _) = world.engine.run(*run).expect("known");
                assert_eq!(self.latest.get(path), Some(&run.generation.0), "{path}");
            }
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        for child in world.engine.state().children {
            let latest = self.latest.get(&child.path).copied().unwrap_or_default();
            assert_eq!(child.generation.0, latest, "{}", child.path);
        }
    }
}
