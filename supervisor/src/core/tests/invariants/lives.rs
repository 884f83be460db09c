//! L30: a path has at most one run at a time, and the tree knows whether it has one.

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World, path, short};

#[derive(Default)]
pub(super) struct Lives;

impl Invariant for Lives {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Start(run) = action else { return };
        let (started, _) = world.engine.run(*run).expect("what is started is known");
        assert!(!world.is_alive(started), "{started} is started beside a run of its own");
    }

    fn after(&mut self, world: &World) {
        let state = world.engine.state();
        for child in state.children.iter().filter(|child| !child.is_supervisor) {
            let is_alive = world.is_alive(&child.path);
            assert_eq!(child.lifecycle.is_live(), is_alive, "{} {}", child.path, child.lifecycle);
        }
        // An unjoinable run keeps everything above it from being down.
        for child in state.children.iter().filter(|child| child.is_supervisor) {
            let is_free = child.lifecycle.is_live() || world.has_ended;
            assert!(is_free || !world.is_alive(&child.path), "{} has runs", child.path);
        }
        for run in world.runs.values() {
            let is_known = world.engine.state_at(&path(&run.path)).is_ok();
            assert!(is_known, "{} runs and nobody knows it", run.path);
        }
        let mut paths: Vec<_> = state.children.iter().map(|child| short(&child.path)).collect();
        paths.sort();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "a path is there twice");
    }
}
