//! A tree is at rest when nothing in it is starting, stopping or about to be restarted.

use crate::core::tests::harness::{Invariant, World};
use crate::state::{ChildState, Lifecycle};

#[derive(Default)]
pub(super) struct Rest;

impl Invariant for Rest {
    fn after(&mut self, world: &World) {
        if world.has_ended {
            return;
        }
        let state = world.engine.state();
        let moving = state.children.iter().find(|child| {
            let moving = [Lifecycle::Starting, Lifecycle::Stopping, Lifecycle::Restarting];
            moving.contains(&child.lifecycle)
        });
        assert_eq!(world.engine.is_settled(), moving.is_none(), "{moving:?}");
        let is_waiting =
            state.children.iter().any(|child| child.lifecycle == Lifecycle::Restarting);
        let probed = state.children.iter().filter(|child| child.due.is_some());
        let (probed, timed): (Vec<_>, Vec<_>) =
            probed.partition(|child| child.lifecycle == Lifecycle::Quarantined);
        assert!(timed.is_empty() || is_waiting, "something is due, and nobody waits for it");
        // An idle tree needs no timer, but for those whose heartbeats are waited for.
        let is_watched =
            |child: &ChildState| child.health.is_some() && child.lifecycle == Lifecycle::Up;
        let is_timed = !probed.is_empty() || state.children.iter().any(is_watched);
        if moving.is_none() && !is_timed && !world.engine.ledger.has_begun() {
            assert_eq!(world.engine.next_deadline(), None, "a timer for nothing");
        }
    }
}
