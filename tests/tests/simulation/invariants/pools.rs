//! A pool has no more members than it may.

use rust_supervisor::state::TreeState;

use crate::invariants::Invariant;
use crate::world::Facts;

#[derive(Default)]
pub(super) struct Pools;

impl Invariant for Pools {
    fn law(&self) -> &'static str {
        "L21: pools"
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        for child in state.children.iter().filter(|child| child.is_supervisor) {
            if let Some((_, max)) = &facts.group(&child.path).members {
                let members = state.children_of(child.path.as_str()).count();
                assert!(members <= *max, "{} has {members} of {max}", child.path);
            }
        }
    }
}
