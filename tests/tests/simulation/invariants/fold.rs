//! A state is what the events up to it amount to: who has a run, which, and how far it is.

use rust_supervisor::id::ChildPath;
use rust_supervisor::state::{Lifecycle, TreeState};

use crate::fold::Life;
use crate::invariants::Invariant;
use crate::world::Facts;

#[derive(Default)]
pub(super) struct StateIsFold;

impl Invariant for StateIsFold {
    fn law(&self) -> &'static str {
        "one order: the state is the fold of the events"
    }

    fn state(&mut self, facts: &Facts, state: &TreeState) {
        for child in &state.children {
            let place = facts.fold.at(&child.path);
            let expected = match child.lifecycle {
                Lifecycle::Starting => Life::Starting,
                Lifecycle::Up => Life::Up,
                Lifecycle::Stopping => Life::Stopping,
                Lifecycle::Unjoinable => Life::Unjoinable,
                _ => Life::Gone,
            };
            assert_eq!(expected, place.life, "{} {}: {place:?}", child.path, child.lifecycle);
            let is_supervisor = facts.nature(&child.path).is_supervisor();
            assert_eq!(child.is_supervisor, is_supervisor, "{}", child.path);
        }
        for (path, place) in facts.fold.all().filter(|(_, place)| place.life != Life::Gone) {
            let is_there = state.children.iter().any(|child| child.path == *path);
            assert!(is_there, "{path} is not in the state, and lives: {place:?}");
        }
        let lives = facts.lives.keys().find(|&path| state.get(path.as_str()).is_none());
        assert!(lives.is_none(), "{lives:?} is alive and not in the state");
        for (n, child) in state.children.iter().enumerate() {
            let twice = state.children[..n].iter().any(|other| other.path == child.path);
            assert!(!twice, "{} is there twice", child.path);
            if let Some(above) = child.path.parent() {
                let is_after = |other: &ChildPath| *other == above;
                let is_there = state.children[..n].iter().any(|other| is_after(&other.path));
                assert!(is_there, "{} comes before its supervisor", child.path);
            }
        }
    }
}
