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
    events: Mutex<VecDeque<Event>>,
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
        let mut events = lock(&self.events);
        let too_many = events.len().saturating_sub(capacity);
        let oldest: Vec<_> = events.drain(..too_many).collect();
        events.shrink_to(capacity);
        drop(events);
        drop(oldest);
    }

    pub(crate) fn push(&self, event: Event) {
        if self.capacity() == 0 {
            return;
        }
        let mut events = lock(&self.events);
        let is_full = events.len() >= self.capacity() && !cfg!(plant_bug = "endless_journal");
        let oldest = if is_full { events.pop_front() } else { None };
        events.push_back(event);
        // What it carries may be the user's and have a destructor: not under the lock.
        drop(events);
        drop(oldest);
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
            let part = events.iter().skip(skipped).take(AT_A_TIME);
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
        let about = events.iter().rev().filter(|event| event.path.is_within(path));
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::event::EventKind;
    use crate::id::{CorrelationId, Generation};

    fn journal(capacity: usize, sequences: std::ops::RangeInclusive<u64>) -> Journal {
        let journal = Journal::new(capacity);
        for sequence in sequences {
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
        journal
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

    #[test]
    fn one_without_room_keeps_nothing() {
        assert_eq!(read(&journal(0, 1..=9), 1), (vec![], 0));
    }
}
