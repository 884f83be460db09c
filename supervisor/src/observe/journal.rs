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

/// How many events are let go of at a time.
const CHUNK: usize = 64;

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

    /// Takes in `latest`, and leaves nothing of it. What is too old is left in `spare`, empty, to be
    /// used again.
    pub(crate) fn push(&self, latest: &mut Vec<Event>, spare: &mut Vec<Event>) {
        let capacity = self.capacity();
        let capacity = if cfg!(plant_bug = "endless_journal") { usize::MAX } else { capacity };
        if capacity > 0 {
            let others = lock(&self.events).push(latest, capacity, spare);
            drop(others);
        }
        // What the oldest carry may be the user's and have a destructor: not under the lock.
        spare.clear();
        latest.clear();
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

/// Events in their order, in chunks: an event is large, and moved as rarely as can be. The oldest
/// are let go of by the chunk, when all of it is too old.
#[derive(Debug, Default)]
struct Ring {
    /// All but the last are full.
    chunks: VecDeque<Vec<Event>>,
    /// How many are to be seen: the latest.
    capacity: usize,
}

impl Ring {
    /// All there are, those that are too old included.
    fn all(&self) -> usize {
        let last = self.chunks.back().map_or(0, Vec::len);
        self.chunks.len().saturating_sub(1) * CHUNK + last
    }

    /// How many are too old.
    fn hidden(&self) -> usize {
        self.all().saturating_sub(self.capacity)
    }

    fn get(&self, at: usize) -> Option<&Event> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    fn front(&self) -> Option<&Event> {
        self.get(self.hidden())
    }

    /// Those from the oldest on, without so many of them.
    fn iter_from(&self, skipped: usize) -> impl DoubleEndedIterator<Item = &Event> {
        let from = self.hidden().saturating_add(skipped).min(self.all());
        (from..self.all()).filter_map(|at| self.get(at))
    }

    /// Adds the latest, which `spare` may have the room for. What is too old comes into its place;
    /// should it be more, the rest is given back.
    fn push(
        &mut self,
        latest: &mut Vec<Event>,
        capacity: usize,
        spare: &mut Vec<Event>,
    ) -> Vec<Vec<Event>> {
        self.capacity = capacity;
        while !latest.is_empty() {
            if self.chunks.back().is_none_or(|last| last.len() == CHUNK) {
                self.chunks.push_back(std::mem::take(spare));
            }
            let Some(last) = self.chunks.back_mut() else { break };
            let fits = latest.len().min(CHUNK - last.len());
            if fits == latest.len() {
                last.append(latest);
            } else {
                last.extend(latest.drain(..fits));
            }
        }
        let mut others = Vec::new();
        while self.hidden() >= CHUNK
            && let Some(oldest) = self.chunks.pop_front()
        {
            if spare.capacity() == 0 {
                *spare = oldest;
            } else {
                others.push(oldest);
            }
        }
        others
    }

    /// Gives back those that are too many, the oldest of them.
    #[cfg(feature = "config")]
    fn shrink_to(&mut self, capacity: usize) -> Vec<Event> {
        self.capacity = capacity;
        let mut oldest: Vec<_> = std::mem::take(&mut self.chunks).into_iter().flatten().collect();
        let mut kept = oldest.split_off(oldest.len().saturating_sub(capacity));
        while !kept.is_empty() {
            let later = kept.split_off(kept.len().min(CHUNK));
            self.chunks.push_back(std::mem::replace(&mut kept, later));
        }
        oldest
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
        journal.push(&mut vec![event(sequence)], &mut Vec::new());
    }

    fn event(sequence: u64) -> Event {
        Event {
            sequence,
            at: SystemTime::UNIX_EPOCH,
            uptime: Duration::ZERO,
            path: ChildPath::root(),
            generation: Generation(1),
            correlation: CorrelationId(sequence),
            command: None,
            kind: EventKind::Ready,
        }
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
    fn of_a_great_many_at_once_the_latest_are_kept_and_the_rest_is_let_go_of() {
        let sizes = [(100, 1), (100, 3), (3, 200), (64, 64), (1, 1), (128, 1000)];
        // Miri is a thousand times slower.
        let (most, sizes) = if cfg!(miri) { (40, &sizes[4..5]) } else { (3_000, &sizes[..]) };
        for &(capacity, batch) in sizes {
            let (journal, mut spare) = (Journal::new(capacity), Vec::new());
            for first in (0..most).step_by(batch) {
                let events = (first..first + batch).map(|n| event(n as u64 + 1));
                journal.push(&mut events.collect(), &mut spare);
                let (sequences, missed) = read(&journal, 1);
                let all = (first + batch) as u64;
                let kept = all.min(capacity as u64);
                assert_eq!(missed, all - kept);
                assert!(sequences.into_iter().eq(all - kept + 1..=all), "{capacity} of {all}");
                assert!(lock(&journal.events).all() < capacity + CHUNK, "too many are kept");
            }
        }
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
