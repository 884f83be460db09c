//! When something is due: the timers of the whole tree, which are values and not tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

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

/// The timers of the tree.
///
/// Those of children that are stopped at the same moment, which may be all there are, are due at the
/// same moment. They are kept in a batch, where adding and removing one costs the same however many
/// there are, and put in order when their time has come, which is hardly ever.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// The state of a node that came when no other waited: where children stop, or start, one after
    /// the other there is no more than one.
    alone: Option<(Uptime, NodeKey)>,
    in_order: BTreeSet<(Uptime, Due, NodeKey)>,
    batches: BTreeMap<Uptime, Batch>,
    /// When the state that was added last is due.
    latest: Option<Uptime>,
    /// How far the batches have been put in order.
    ordered_to: Option<Uptime>,
}

/// States of nodes that are due at the same time.
#[derive(Debug, Default)]
struct Batch {
    nodes: Vec<Option<NodeKey>>,
    /// The places that are free again.
    free: Vec<u32>,
}

/// Where the timer of a node's state is: its place in a batch, or in the order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timer(Option<NonZeroU32>);

impl Deadlines {
    pub(super) fn add(&mut self, at: Uptime, due: Due, key: NodeKey) {
        self.in_order.insert((at, due, key));
    }

    pub(super) fn remove(&mut self, at: Uptime, due: Due, key: NodeKey) {
        self.in_order.remove(&(at, due, key));
    }

    /// Adds the timer of a node's state.
    pub(super) fn add_state(&mut self, at: Uptime, key: NodeKey) -> Timer {
        let is_one_of_many = self.latest == Some(at) && self.ordered_to.is_none_or(|to| at > to);
        self.latest = Some(at);
        if self.alone.is_none() && self.batches.is_empty() {
            self.alone = Some((at, key));
            return Timer(None);
        }
        if !is_one_of_many {
            self.add(at, Due::State, key);
            return Timer(None);
        }
        let batch = self.batches.entry(at).or_default();
        let place = batch.free.pop().unwrap_or_else(|| {
            batch.nodes.push(None);
            u32::try_from(batch.nodes.len() - 1).expect("fewer than 2^32 children")
        });
        batch.nodes[place as usize] = Some(key);
        Timer(NonZeroU32::new(place + 1))
    }

    /// Removes the timer of a node's state.
    pub(super) fn remove_state(&mut self, at: Uptime, key: NodeKey, Timer(place): Timer) {
        if self.alone.take_if(|alone| *alone == (at, key)).is_some() {
            return;
        }
        let batch = place.zip(self.batches.get_mut(&at));
        let Some((place, batch)) = batch else { return self.remove(at, Due::State, key) };
        let place = place.get() - 1;
        batch.nodes[place as usize] = None;
        batch.free.push(place);
        if batch.free.len() == batch.nodes.len() {
            self.batches.remove(&at);
        }
    }

    pub(super) fn next(&self) -> Option<Uptime> {
        let alone = self.alone.map(|(at, _)| at);
        let first = self.in_order.first().map(|&(at, ..)| at);
        let batch = self.batches.first_key_value().map(|(&at, _)| at);
        [alone, first, batch].into_iter().flatten().min()
    }

    /// Takes out the earliest, if its time has come.
    pub(super) fn pop(&mut self, now: Uptime) -> Option<(Due, NodeKey)> {
        if let Some((at, key)) = self.alone.take_if(|(at, _)| *at <= now) {
            self.add(at, Due::State, key);
        }
        while let Some(batch) = self.batches.first_entry().filter(|batch| *batch.key() <= now) {
            let (at, batch) = batch.remove_entry();
            self.ordered_to = Some(at);
            self.in_order
                .extend(batch.nodes.into_iter().flatten().map(|key| (at, Due::State, key)));
        }
        let &(at, due, key) = self.in_order.first().filter(|&&(at, ..)| at <= now)?;
        self.remove(at, due, key);
        Some((due, key))
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn contains(&self, at: Uptime, due: Due, key: NodeKey) -> bool {
        let mut batch = self.batches.get(&at).into_iter().flat_map(|batch| &batch.nodes);
        self.in_order.contains(&(at, due, key))
            || (due == Due::State && self.alone == Some((at, key)))
            || (due == Due::State && batch.any(|&known| known == Some(key)))
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn len(&self) -> usize {
        let batches = self.batches.values();
        self.in_order.len()
            + usize::from(self.alone.is_some())
            + batches.map(|batch| batch.nodes.len() - batch.free.len()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(secs: u64) -> Uptime {
        Uptime::after(Duration::from_secs(secs))
    }

    fn node(index: u32) -> NodeKey {
        NodeKey { index, version: NonZeroU32::MIN }
    }

    #[test]
    fn what_is_due_at_the_same_time_comes_in_the_order_of_the_nodes_however_it_was_added() {
        let mut deadlines = Deadlines::default();
        for index in [4, 1, 3, 0, 2] {
            deadlines.add_state(at(5), node(index));
        }
        deadlines.add(at(5), Due::Budget, node(9));
        deadlines.add_state(at(4), node(7));
        assert_eq!(deadlines.next(), Some(at(4)));
        assert_eq!(deadlines.pop(at(3)), None);
        let order: Vec<_> = std::iter::from_fn(|| deadlines.pop(at(5))).collect();
        let states = [7, 0, 1, 2, 3, 4].map(|index| (Due::State, node(index)));
        assert_eq!(order, [&states[..], &[(Due::Budget, node(9))]].concat());
        assert_eq!((deadlines.next(), deadlines.len()), (None, 0));
    }

    #[test]
    fn one_of_many_is_removed_before_and_after_they_were_put_in_order() {
        let mut deadlines = Deadlines::default();
        let timers: Vec<_> = (0..6).map(|index| deadlines.add_state(at(5), node(index))).collect();
        for index in [1, 4] {
            deadlines.remove_state(at(5), node(index), timers[index as usize]);
        }
        // Its place is given to the next.
        let late = deadlines.add_state(at(5), node(8));
        assert_eq!(deadlines.len(), 5);
        assert_eq!(deadlines.pop(at(5)), Some((Due::State, node(0))));
        deadlines.remove_state(at(5), node(3), timers[3]);
        deadlines.remove_state(at(5), node(8), late);
        deadlines.add_state(at(5), node(1));
        let order: Vec<_> = std::iter::from_fn(|| deadlines.pop(at(5))).collect();
        assert_eq!(order, [1, 2, 5].map(|index| (Due::State, node(index))));
    }

    #[test]
    fn nothing_is_left_of_those_that_were_all_removed() {
        let mut deadlines = Deadlines::default();
        let timers: Vec<_> = (0..4).map(|index| deadlines.add_state(at(5), node(index))).collect();
        for (index, timer) in (0..).zip(timers) {
            deadlines.remove_state(at(5), node(index), timer);
        }
        assert_eq!((deadlines.next(), deadlines.len()), (None, 0));
        assert!(deadlines.batches.is_empty());
    }

    #[test]
    fn those_of_one_moment_are_kept_in_a_batch_until_it_is_put_in_order() {
        let mut deadlines = Deadlines::default();
        let places = |deadlines: &Deadlines| (deadlines.in_order.len(), deadlines.batches.len());
        // The first is alone, and one that is followed by none of its moment is in order.
        for (index, (secs, expected)) in
            (0..).zip([(5, (0, 0)), (6, (1, 0)), (6, (1, 1)), (7, (2, 1)), (6, (3, 1))])
        {
            deadlines.add_state(at(secs), node(index));
            assert_eq!(places(&deadlines), expected, "after {index}");
        }
        let order: Vec<_> = std::iter::from_fn(|| deadlines.pop(at(6))).collect();
        assert_eq!(order, [0, 1, 2, 4].map(|index| (Due::State, node(index))));
        // That moment has been put in order. A later one has not.
        for (index, (secs, expected)) in
            (10..).zip([(6, (1, 0)), (6, (2, 0)), (8, (3, 0)), (8, (3, 1))])
        {
            deadlines.add_state(at(secs), node(index));
            assert_eq!(places(&deadlines), expected, "after {index}");
        }
    }
}
