//! The future that wraps a run: it contains every panic and reports the end when all is over.
//!
//! A run consists of its main future (or thread) and of the helpers it spawned through its
//! context. Each of them holds a place; whoever gives up the last one sends the report. So the
//! report comes after every destructor of the run, also when Tokio drops an aborted task.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::AbortHandle;

use super::cell::RunCell;
use super::exit::{PanicMessage, contain};
use super::factory::BoxFuture;
use super::result::TaskResult;
use crate::core::input::RunEnd;

/// The main future of a run.
pub(crate) struct RunFuture {
    future: Option<BoxFuture>,
    place: MainPlace,
}

impl RunFuture {
    pub(crate) fn new(cell: Arc<RunCell>, future: BoxFuture) -> Self {
        Self { future: Some(future), place: MainPlace(Some(cell)) }
    }

    /// Ends the main future and gives up its place.
    fn finish(&mut self, end: RunEnd) {
        let future = self.future.take();
        let end = match (contain(|| self.place.within(|| drop(future))), end) {
            // What went wrong first is what there is to know.
            (Ok(()), end) | (Err(_), end @ RunEnd::Panicked(_)) => end,
            (Err(panic), _) => RunEnd::Panicked(panic),
        };
        self.place.give_up(end);
    }
}

impl Future for RunFuture {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { future, place } = &mut *self;
        let Some(future) = future.as_mut() else { return Poll::Ready(()) };
        let end = match contain(|| place.within(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => RunEnd::Returned(result),
            Err(panic) => RunEnd::Panicked(panic),
        };
        self.finish(end);
        Poll::Ready(())
    }
}

impl Drop for RunFuture {
    fn drop(&mut self) {
        if self.future.is_some() {
            self.finish(RunEnd::Dropped);
        }
    }
}

/// The place of the main future or thread.
pub(crate) struct MainPlace(Option<Arc<RunCell>>);

impl MainPlace {
    pub(crate) fn new(cell: Arc<RunCell>) -> Self {
        Self(Some(cell))
    }

    /// Runs code of the run's own.
    pub(crate) fn within<T>(&self, code: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(cell) => cell.span.within(code),
            None => code(),
        }
    }

    /// Reports `end`, or leaves it to the last helper to do so.
    pub(crate) fn give_up(&mut self, end: RunEnd) {
        let Some(cell) = self.0.take() else { return };
        let mut helpers = cell.helpers();
        // seen by: cargo test -p supervisor-tests --test simulation
        if cfg!(plant_bug = "helpers_left") {
            *helpers = Helpers::None;
        }
        match std::mem::replace(&mut *helpers, Helpers::Over) {
            Helpers::None | Helpers::Over => {
                drop(helpers);
                cell.reports.ended(cell.run, end);
            }
            Helpers::Alive(mut alive) => {
                let aborts: Vec<_> = alive.places.values().flatten().cloned().collect();
                alive.main_end = Some(end);
                let last = alive.places.is_empty();
                *helpers = Helpers::Alive(alive);
                drop(helpers);
                cell.request_stop();
                // Outside the lock: aborting may drop a future, which gives up its own place.
                aborts.iter().for_each(AbortHandle::abort);
                if last {
                    report_if_over(&cell);
                }
            }
        }
    }
}

impl Drop for MainPlace {
    fn drop(&mut self) {
        self.give_up(RunEnd::Dropped);
    }
}

/// The tasks that a run has spawned for itself.
pub(crate) enum Helpers {
    /// There never were any.
    None,
    /// There were, or still are.
    Alive(Box<AliveHelpers>),
    /// The run is over; nothing can be spawned for it any more.
    Over,
}

#[derive(Default)]
pub(crate) struct AliveHelpers {
    next: u64,
    /// Who is alive. Without a handle for the moment between taking the place and being spawned.
    places: BTreeMap<u64, Option<AbortHandle>>,
    panic: Option<PanicMessage>,
    main_end: Option<RunEnd>,
}

/// Spawns `future` as a part of the run. A run that is over takes nothing in: the future is
/// dropped.
pub(crate) fn spawn_helper<F>(cell: &Arc<RunCell>, future: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut helpers = cell.helpers();
    if matches!(*helpers, Helpers::None) {
        *helpers = Helpers::Alive(Box::default());
    }
    let number = match &mut *helpers {
        Helpers::Alive(alive) if alive.main_end.is_none() => {
            alive.next += 1;
            alive.places.insert(alive.next, None);
            alive.next
        }
        _ => {
            drop(helpers);
            drop(future);
            return;
        }
    };
    drop(helpers);
    let task = HelperFuture { future: Some(Box::pin(future)), cell: Arc::clone(cell), number };
    let handle = tokio::spawn(task).abort_handle();
    let mut helpers = cell.helpers();
    if let Helpers::Alive(alive) = &mut *helpers {
        if alive.main_end.is_some() {
            drop(helpers);
            handle.abort();
        } else if let Some(place) = alive.places.get_mut(&number) {
            *place = Some(handle);
        }
    }
}

pub(crate) struct HelperFuture {
    future: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    cell: Arc<RunCell>,
    number: u64,
}

impl HelperFuture {
    /// One that has its place, and is on no runtime.
    #[cfg(all(test, supervisor_loom))]
    pub(crate) fn for_loom(cell: &Arc<RunCell>) -> Self {
        let mut helpers = cell.helpers();
        if matches!(*helpers, Helpers::None) {
            *helpers = Helpers::Alive(Box::default());
        }
        let Helpers::Alive(alive) = &mut *helpers else { unreachable!("it has just been made") };
        alive.next += 1;
        alive.places.insert(alive.next, None);
        let number = alive.next;
        drop(helpers);
        Self { future: Some(Box::pin(std::future::pending())), cell: Arc::clone(cell), number }
    }

    fn finish(&mut self, mut panic: Option<PanicMessage>) {
        let future = self.future.take();
        if let Err(in_drop) = contain(|| self.cell.span.within(|| drop(future))) {
            panic.get_or_insert(in_drop);
        }
        let mut helpers = self.cell.helpers();
        let Helpers::Alive(alive) = &mut *helpers else { return };
        alive.places.remove(&self.number);
        let first_panic = panic.is_some() && alive.panic.is_none();
        if first_panic {
            alive.panic = panic;
        }
        let main_lives = alive.main_end.is_none();
        drop(helpers);
        if main_lives && first_panic {
            self.cell.reports.helper_panicked(self.cell.run);
        }
        report_if_over(&self.cell);
    }
}

impl Future for HelperFuture {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { future, cell, .. } = &mut *self;
        let Some(future) = future.as_mut() else { return Poll::Ready(()) };
        match contain(|| cell.span.within(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => self.finish(None),
            Err(panic) => self.finish(Some(panic)),
        }
        Poll::Ready(())
    }
}

impl Drop for HelperFuture {
    fn drop(&mut self) {
        if self.future.is_some() {
            self.finish(None);
        }
    }
}

/// Sends the report of the run when its main part and all its helpers are gone.
fn report_if_over(cell: &Arc<RunCell>) {
    let mut helpers = cell.helpers();
    let Helpers::Alive(alive) = &mut *helpers else { return };
    if !alive.places.is_empty() || alive.main_end.is_none() {
        return;
    }
    let Helpers::Alive(alive) = std::mem::replace(&mut *helpers, Helpers::Over) else { return };
    drop(helpers);
    let end = match (alive.panic, alive.main_end) {
        // A helper's panic is the failure of its run, whatever the run itself made of it.
        (Some(panic), _) => RunEnd::Panicked(panic),
        (None, Some(end)) => end,
        (None, None) => RunEnd::Dropped,
    };
    cell.reports.ended(cell.run, end);
}

/// Runs a blocking function to its end on this thread and reports it.
pub(crate) fn run_blocking(cell: Arc<RunCell>, work: impl FnOnce() -> TaskResult) {
    let mut place = MainPlace::new(cell);
    let end = contain(|| place.within(work));
    place.give_up(match end {
        Ok(result) => RunEnd::Returned(result),
        Err(panic) => RunEnd::Panicked(panic),
    });
}
