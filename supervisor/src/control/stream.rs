//! Reading the events of a tree.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{broadcast, oneshot};

use crate::event::Event;

/// The events of a tree, in the order in which they were decided.
pub struct EventStream {
    live: Option<Live>,
    /// Where the tree has still to be started.
    to_come: Option<oneshot::Receiver<Live>>,
    missed: u64,
}

/// A subscription to a running tree, counted for as long as it lives.
#[derive(Debug)]
pub(crate) struct Live {
    events: broadcast::Receiver<Arc<Event>>,
    count: Arc<AtomicUsize>,
}

impl Live {
    pub(crate) fn new(events: &broadcast::Sender<Arc<Event>>, count: Arc<AtomicUsize>) -> Self {
        // Counted first: the driver makes no events while nobody is.
        count.fetch_add(1, Ordering::SeqCst);
        Self { events: events.subscribe(), count }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}

impl EventStream {
    /// The stream of a running tree, or of one that is gone.
    pub(crate) fn of_a_running_tree(live: Option<Live>) -> Self {
        Self { live, to_come: None, missed: 0 }
    }

    /// The stream of a tree that is still to be started, and where it is subscribed then.
    pub(crate) fn of_a_tree_to_come() -> (oneshot::Sender<Live>, Self) {
        let (subscriber, to_come) = oneshot::channel();
        (subscriber, Self { live: None, to_come: Some(to_come), missed: 0 })
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
            match self.live.as_mut()?.events.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => self.missed += missed,
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
            match self.live.as_mut()?.events.try_recv() {
                Ok(event) => return Some(event),
                Err(broadcast::error::TryRecvError::Lagged(missed)) => self.missed += missed,
                Err(
                    broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed,
                ) => return None,
            }
        }
    }

    /// How many events this subscriber has missed because it read too slowly.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("missed", &self.missed).finish_non_exhaustive()
    }
}
