//! The latest events, kept for those who come late.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::event::Event;
use crate::id::ChildPath;
use crate::summary::RunSummary;
use crate::task::cell::lock;

/// How many events are read at a time, so that the driver, which writes, does not have to wait for
/// long.
const AT_A_TIME: usize = 64;

/// How many summaries are kept.
const SUMMARIES: usize = 16;

/// The latest events of a tree, shared by its driver, which writes, and its handles, which read.
#[derive(Debug)]
pub(crate) struct Journal {
    capacity: AtomicUsize,
    events: Mutex<Ring>,
    summaries: Mutex<VecDeque<Arc<RunSummary>>>,
}

impl Journal {
    /// Keeps the latest `capacity` events. The room for them is taken as they come.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.into(), events: Mutex::default(), summaries: Mutex::default() }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity.load(Ordering::Relaxed)
    }

    /// Keeps the latest `capacity` events from now on.
    #[cfg(feature = "config")]
    pub(crate) fn resize(&self, capacity: usize) {
        self.capacity.store(capacity, Ordering::Relaxed);
        let oldest = lock(&self.events).shrink_to(capacity);
        drop(oldest);
    }

    pub(crate) fn push(&self, mut event: Event) {
        let capacity = self.capacity();
        if capacity == 0 {
            return;
        }
        let mut events = lock(&self.events);
        if events.len() < capacity || cfg!(plant_bug = "endless_journal") {
            events.push(event);
            return;
        }
        events.turn(&mut event);
        // What the oldest carries may be the user's and have a destructor: not under the lock.
        drop(events);
        drop(event);
    }

    /// Those from `sequence` on that are still there, the oldest first; and how many are not.
    pub(crate) fn from(&self, sequence: u64) -> (Vec<Arc<Event>>, u64) {
        let (mut read, mut missed) = (Vec::new(), 0);
        let mut next = sequence.max(1);
        loop {
            let events = lock(&self.events);
            let Some(oldest) = events.front().map(|event| event.sequence) else {
                return (read, missed);
            };
            missed += oldest.saturating_sub(next);
            let skipped = usize::try_from(next.saturating_sub(oldest)).unwrap_or(usize::MAX);
            let part = events.iter_from(skipped).take(AT_A_TIME);
            let before = read.len();
            read.extend(part.cloned().map(Arc::new));
            drop(events);
            match read.last() {
                Some(last) if read.len() > before => next = last.sequence + 1,
                _ => return (read, missed),
            }
        }
    }

    /// The sequence of the oldest that is still there.
    #[cfg(all(feature = "ipc", unix))]
    pub(crate) fn oldest(&self) -> Option<u64> {
        lock(&self.events).front().map(|event| event.sequence)
    }

    /// The latest of those about `path` and what is below it, the oldest first.
    pub(crate) fn latest(&self, path: &ChildPath, most: usize) -> Vec<Arc<Event>> {
        let events = lock(&self.events);
        let about = events.iter_from(0).rev().filter(|event| event.path.is_within(path));
        let mut about: Vec<_> = about.take(most).cloned().map(Arc::new).collect();
        about.reverse();
        about
    }

    pub(crate) fn summarize(&self, summary: RunSummary) {
        let mut summaries = lock(&self.summaries);
        summaries.push_back(Arc::new(summary));
        let oldest = if summaries.len() > SUMMARIES { summaries.pop_front() } else { None };
        drop(summaries);
        drop(oldest);
    }

    pub(crate) fn summaries(&self) -> Vec<Arc<RunSummary>> {
        lock(&self.summaries).iter().cloned().collect()
    }
}

/// Events in their order, which take each other's place when there is no more room: an event is
/// large, and moved as rarely as can be.
#[derive(Debug, Default)]
struct Ring {
    events: Vec<Event>,
    /// Where the oldest is.
    oldest: usize,
}

impl Ring {
    fn len(&self) -> usize {
        self.events.len()
    }

    fn front(&self) -> Option<&Event> {
        self.events.get(self.oldest)
    }

    /// Those from the oldest on, without so many of them.
    fn iter_from(&self, skipped: usize) -> impl DoubleEndedIterator<Item = &Event> {
        let (late, early) = self.events.split_at(self.oldest);
        let early_skipped = skipped.min(early.len());
        let late_skipped = (skipped - early_skipped).min(late.len());
        early[early_skipped..].iter().chain(&late[late_skipped..])
    }

    /// Adds the latest.
    fn push(&mut self, event: Event) {
        if self.oldest != 0 {
            self.straighten();
        }
        self.events.push(event);
    }

    /// Puts in the latest in the place of the oldest, which it gives back. Not of an empty one.
    fn turn(&mut self, event: &mut Event) {
        std::mem::swap(&mut self.events[self.oldest], event);
        self.oldest += 1;
        if self.oldest == self.events.len() {
            self.oldest = 0;
        }
    }

    /// Gives back those that are too many, the oldest of them, and the room for them.
    #[cfg(feature = "config")]
    fn shrink_to(&mut self, capacity: usize) -> Vec<Event> {
        self.straighten();
        let too_many = self.events.len().saturating_sub(capacity);
        let oldest = self.events.drain(..too_many).collect();
        self.events.shrink_to(capacity);
        oldest
    }

    fn straighten(&mut self) {
        self.events.rotate_left(self.oldest);
        self.oldest = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::event::EventKind;
    use crate::id::{CorrelationId, Generation};

    fn journal(capacity: usize, sequences: std::ops::RangeInclusive<u64>) -> Journal {
        let journal = Journal::new(capacity);
        sequences.for_each(|sequence| push(&journal, sequence));
        journal
    }

    fn push(journal: &Journal, sequence: u64) {
        journal.push(Event {
            sequence,
            at: SystemTime::UNIX_EPOCH,
            uptime: Duration::ZERO,
            path: ChildPath::root(),
            generation: Generation(1),
            correlation: CorrelationId(sequence),
            command: None,
            kind: EventKind::Ready,
        });
    }

    fn read(journal: &Journal, from: u64) -> (Vec<u64>, u64) {
        let (events, missed) = journal.from(from);
        (events.iter().map(|event| event.sequence).collect(), missed)
    }

    #[test]
    fn the_oldest_make_room_for_the_latest() {
        assert_eq!(read(&journal(3, 1..=7), 1), (vec![5, 6, 7], 4));
        assert_eq!(read(&journal(3, 1..=2), 1), (vec![1, 2], 0));
    }

    #[test]
    fn it_is_read_from_a_sequence_on() {
        let journal = journal(4, 1..=9);
        assert_eq!(read(&journal, 8), (vec![8, 9], 0));
        assert_eq!(read(&journal, 6), (vec![6, 7, 8, 9], 0));
        assert_eq!(read(&journal, 5), (vec![6, 7, 8, 9], 1));
        assert_eq!(read(&journal, 0), (vec![6, 7, 8, 9], 5));
        assert_eq!(read(&journal, 10), (vec![], 0));
        assert_eq!(read(&journal, u64::MAX), (vec![], 0));
    }

    #[cfg(feature = "config")]
    #[test]
    fn the_latest_are_kept_in_their_order_when_the_room_changes() {
        let journal = journal(4, 1..=10);
        journal.resize(2);
        assert_eq!(read(&journal, 1), (vec![9, 10], 8));
        journal.resize(4);
        for sequence in 11..=13 {
            push(&journal, sequence);
        }
        assert_eq!(read(&journal, 1), (vec![10, 11, 12, 13], 9));
        assert_eq!(read(&journal, 12), (vec![12, 13], 0));
    }

    #[test]
    fn one_without_room_keeps_nothing() {
        assert_eq!(read(&journal(0, 1..=9), 1), (vec![], 0));
    }
}
