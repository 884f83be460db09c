//! When something is due: the timers of the whole tree, which are values and not tasks.

use std::collections::BTreeSet;

use super::key::NodeKey;
use super::time::Uptime;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The state of a node has waited long enough.
    State,
    /// A child's silence may have lasted too long.
    Pulse,
    /// A supervisor's round has waited long enough.
    Round,
    /// The budget of the shutdown is spent.
    Budget,
}

#[derive(Debug, Default)]
pub(super) struct Deadlines {
    set: BTreeSet<(Uptime, Due, NodeKey)>,
}

impl Deadlines {
    pub(super) fn add(&mut self, at: Uptime, due: Due, key: NodeKey) {
        self.set.insert((at, due, key));
    }

    pub(super) fn remove(&mut self, at: Uptime, due: Due, key: NodeKey) {
        self.set.remove(&(at, due, key));
    }

    pub(super) fn next(&self) -> Option<Uptime> {
        self.set.first().map(|&(at, ..)| at)
    }

    /// Takes out the earliest, if its time has come.
    pub(super) fn pop(&mut self, now: Uptime) -> Option<(Due, NodeKey)> {
        let &(at, due, key) = self.set.first().filter(|&&(at, ..)| at <= now)?;
        self.set.remove(&(at, due, key));
        Some((due, key))
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn contains(&self, at: Uptime, due: Due, key: NodeKey) -> bool {
        self.set.contains(&(at, due, key))
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn len(&self) -> usize {
        self.set.len()
    }
}
