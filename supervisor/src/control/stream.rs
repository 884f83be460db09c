//! Reading the events of a tree.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{broadcast, oneshot};

use crate::event::{Event, EventTag};
use crate::id::ChildPath;
use crate::observe::meter::count_missed;

/// Which events a subscriber wants, and from where on.
///
/// ```
/// use rust_supervisor::control::stream::EventFilter;
/// use rust_supervisor::event::EventTag;
/// use rust_supervisor::id::ChildPath;
///
/// # fn main() -> Result<(), rust_supervisor::id::PathError> {
/// let failures = EventFilter::ALL
///     .below(ChildPath::parse("/root/payments")?)
///     .kind(EventTag::Exited)
///     .kind(EventTag::Decided)
///     .from_sequence(1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    paths: Vec<ChildPath>,
    kinds: BTreeSet<EventTag>,
    from: Option<u64>,
}

impl EventFilter {
    /// Every event from now on.
    pub const ALL: Self = Self { paths: Vec::new(), kinds: BTreeSet::new(), from: None };

    /// Only those about this child and whatever is below it. Said again: those about this one too.
    #[must_use]
    pub fn below(mut self, path: ChildPath) -> Self {
        self.paths.push(path);
        self
    }

    /// Only those of this kind. Said again: those of this kind too.
    #[must_use]
    pub fn kind(mut self, kind: EventTag) -> Self {
        self.kinds.insert(kind);
        self
    }

    /// Begins with what the journal has from this sequence on, and goes on with what comes then,
    /// without a gap and without a repetition. What the journal has no more is counted as
    /// [missed](EventStream::missed). 1 is the first event of the tree.
    #[must_use]
    pub fn from_sequence(mut self, sequence: u64) -> Self {
        self.from = Some(sequence);
        self
    }

    /// Whether it wants this event, wherever it begins.
    pub fn wants(&self, event: &Event) -> bool {
        let Self { paths, kinds, from: _ } = self;
        if cfg!(plant_bug = "filter_ignored") {
            return true;
        }
        (paths.is_empty() || paths.iter().any(|path| event.path.is_within(path)))
            && (kinds.is_empty() || kinds.contains(&event.kind.tag()))
    }

    pub(crate) fn begins_at(&self) -> Option<u64> {
        self.from
    }
}

/// The events of a tree, in the order in which they were decided.
pub struct EventStream {
    live: Option<Live>,
    /// Where the tree has still to be started.
    to_come: Option<oneshot::Receiver<Live>>,
    /// What the journal had; read before what is live.
    earlier: VecDeque<Arc<Event>>,
    /// What is live up to here has been read already.
    read: u64,
    filter: EventFilter,
    missed: u64,
}

/// A subscription to a running tree, counted for as long as it lives.
#[derive(Debug)]
pub(crate) struct Live {
    events: broadcast::Receiver<Arc<Event>>,
    count: Arc<AtomicUsize>,
    is_measured: bool,
}

impl Live {
    pub(crate) fn new(events: &broadcast::Sender<Arc<Event>>, count: Arc<AtomicUsize>) -> Self {
        // Counted first: the driver sends nothing while nobody is.
        count.fetch_add(1, Ordering::SeqCst);
        Self { events: events.subscribe(), count, is_measured: true }
    }

    /// Whether what is missed is told as a metric, as the tree tells its own.
    pub(crate) fn measured_as(self, is_measured: bool) -> Self {
        // `..self` would move out of what has a destructor.
        let mut live = self;
        live.is_measured = is_measured;
        live
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

impl EventStream {
    /// The stream of a running tree, or of one that is gone. The journal is to be read after the
    /// subscription was made: what comes between is in both, and read once.
    pub(crate) fn of_a_running_tree(
        live: Option<Live>,
        filter: EventFilter,
        (earlier, missed): (Vec<Arc<Event>>, u64),
    ) -> Self {
        Self { live, to_come: None, earlier: earlier.into(), read: 0, filter, missed }
    }

    /// The stream of a tree that is still to be started, and where it is subscribed then.
    pub(crate) fn of_a_tree_to_come() -> (oneshot::Sender<Live>, Self) {
        let (subscriber, to_come) = oneshot::channel();
        let mut stream = Self::of_a_running_tree(None, EventFilter::ALL, (Vec::new(), 0));
        stream.to_come = Some(to_come);
        (subscriber, stream)
    }

    /// The next event, or `None` when the tree has ended and all of them have been read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        if let Some(to_come) = &mut self.to_come {
            self.live = to_come.await.ok();
            self.to_come = None;
        }
        loop {
            if let Some(event) = self.earlier.pop_front() {
                if self.takes(&event) {
                    return Some(event);
                }
                continue;
            }
            match self.live.as_mut()?.events.recv().await {
                Ok(event) if self.takes(&event) => return Some(event),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(missed)) => self.lag(missed),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        if let Some(to_come) = &mut self.to_come {
            self.live = Some(to_come.try_recv().ok()?);
            self.to_come = None;
        }
        loop {
            if let Some(event) = self.earlier.pop_front() {
                if self.takes(&event) {
                    return Some(event);
                }
                continue;
            }
            match self.live.as_mut()?.events.try_recv() {
                Ok(event) if self.takes(&event) => return Some(event),
                Ok(_) => {}
                Err(broadcast::error::TryRecvError::Lagged(missed)) => self.lag(missed),
                Err(
                    broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed,
                ) => return None,
            }
        }
    }

    /// How many events this subscriber has missed because it read too slowly, or because it began
    /// further back than the journal goes. Counted before they are filtered: what they were about
    /// is not known.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Whether it is new and wanted.
    fn takes(&mut self, event: &Event) -> bool {
        if event.sequence <= self.read && !cfg!(plant_bug = "read_twice") {
            return false;
        }
        if self.read > 0 {
            // Gapless as long as it keeps up.
            self.miss(event.sequence - self.read - 1);
        } else if let (Some(from), 0) = (self.filter.from, self.missed)
            && !cfg!(plant_bug = "gap_without_a_journal_uncounted")
        {
            // The journal had nothing, and so could not say how much it had no more.
            self.miss(event.sequence.saturating_sub(from.max(1)));
        }
        self.read = event.sequence;
        let is_early = self.filter.from.is_some_and(|from| event.sequence < from);
        !is_early && self.filter.wants(event)
    }

    /// Nothing is known of what came before the first event, unless it was said where to begin;
    /// later the sequences say it, and do not count what the journal had.
    fn lag(&mut self, missed: u64) {
        if self.read == 0 && self.filter.from.is_none() {
            self.miss(missed);
        }
    }

    fn miss(&mut self, missed: u64) {
        if missed > 0 {
            self.missed += missed;
            if self.live.as_ref().is_none_or(|live| live.is_measured) {
                count_missed(missed);
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("missed", &self.missed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::event::EventKind;
    use crate::id::{CorrelationId, Generation};

    fn event(sequence: u64, path: &str, kind: EventKind) -> Arc<Event> {
        Arc::new(Event {
            sequence,
            at: SystemTime::UNIX_EPOCH,
            uptime: Duration::ZERO,
            path: ChildPath::parse(path).expect("a path"),
            generation: Generation(1),
            correlation: CorrelationId(sequence),
            command: None,
            kind,
        })
    }

    #[test]
    fn a_filter_wants_what_is_of_one_of_its_kinds_and_below_one_of_its_paths() {
        let a = ChildPath::parse("/root/a").expect("a path");
        let filter = EventFilter::ALL.below(a).kind(EventTag::Ready);
        for (path, kind, is_wanted) in [
            ("/root/a", EventKind::Ready, true),
            ("/root/a/deep", EventKind::Ready, true),
            ("/root/ab", EventKind::Ready, false),
            ("/root", EventKind::Ready, false),
            ("/root/a", EventKind::Starting, false),
        ] {
            assert_eq!(filter.wants(&event(1, path, kind)), is_wanted, "{path}");
        }
        assert!(EventFilter::ALL.wants(&event(1, "/root", EventKind::Added)));
    }

    #[test]
    fn what_is_both_in_the_journal_and_live_is_read_once_and_what_is_in_neither_is_missed() {
        let sender = broadcast::Sender::new(4);
        let live = Live::new(&sender, Arc::default());
        let ready = |sequence| event(sequence, "/root/a", EventKind::Ready);
        let journal = vec![ready(2), ready(3), ready(4)];
        let filter = EventFilter::ALL.from_sequence(1);
        let mut stream = EventStream::of_a_running_tree(Some(live), filter, (journal, 1));
        // There is room for four: 3, 4 and 5 are pushed out, and two of them were in the journal.
        for sequence in 3..=9 {
            sender.send(ready(sequence)).expect("somebody listens");
        }
        let read: Vec<_> =
            std::iter::from_fn(|| stream.try_next()).map(|event| event.sequence).collect();
        assert_eq!((read, stream.missed()), (vec![2, 3, 4, 6, 7, 8, 9], 2));

        let live = Live::new(&sender, Arc::default());
        let journal = vec![ready(8), ready(9)];
        let mut stream = EventStream::of_a_running_tree(Some(live), EventFilter::ALL, (journal, 0));
        for sequence in 9..=11 {
            sender.send(ready(sequence)).expect("somebody listens");
        }
        let read: Vec<_> =
            std::iter::from_fn(|| stream.try_next()).map(|event| event.sequence).collect();
        assert_eq!((read, stream.missed()), (vec![8, 9, 10, 11], 0));
    }

    #[test]
    fn without_a_journal_what_came_before_is_missed() {
        let sender = broadcast::Sender::new(2);
        let live = Live::new(&sender, Arc::default());
        let filter = EventFilter::ALL.from_sequence(3);
        let mut stream = EventStream::of_a_running_tree(Some(live), filter, (Vec::new(), 0));
        for sequence in 7..=9 {
            let event = event(sequence, "/root/a", EventKind::Ready);
            sender.send(event).expect("somebody listens");
        }
        let read: Vec<_> =
            std::iter::from_fn(|| stream.try_next()).map(|event| event.sequence).collect();
        assert_eq!((read, stream.missed()), (vec![8, 9], 5));
    }
}
