//! Waiting until a run is asked to stop.
//!
//! Every parked child waits for that, so it costs little: a pointer and a number in the future, and
//! in the run's cell the waker of whoever waits. The second one who waits in the same run at the
//! same time gets a seat on the heap.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::cell::{CellInTask, RunCell};
use super::exit::contain;
use super::sync::lock_cell;

/// Waits until the run is asked to stop; made by
/// [`TaskContext::stopped`](super::context::TaskContext::stopped).
#[must_use = "futures do nothing unless polled"]
pub struct Stopped<'a> {
    cell: &'a CellInTask,
    /// Where its waker is, since it was polled.
    seat: Option<u32>,
}

impl<'a> Stopped<'a> {
    pub(crate) fn new(cell: &'a CellInTask) -> Self {
        Self { cell, seat: None }
    }
}

impl Future for Stopped<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.cell.is_stopping() {
            return Poll::Ready(());
        }
        let waker = cx.waker();
        let known =
            self.seat.is_some_and(|seat| lock_cell(&self.cell.waiting).is_known(seat, waker));
        if !known {
            // A waker is the user's: it is cloned and dropped outside of the lock.
            let waker = waker.clone();
            let mut waiting = lock_cell(&self.cell.waiting);
            let seat = self.seat.unwrap_or_else(|| waiting.free_seat());
            let before = waiting.sit(seat, waker);
            drop(waiting);
            drop(before);
            self.seat = Some(seat);
        }
        // Looked at again after the waker is there: who asks sets the flag before he takes them.
        let is_stopping = self.cell.is_stopping() && !cfg!(plant_bug = "stop_looked_at_once");
        if is_stopping { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        if let Some(seat) = self.seat {
            let waker = lock_cell(&self.cell.waiting).leave(seat);
            drop(waker);
        }
    }
}

impl fmt::Debug for Stopped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped").field("is_stopping", &self.cell.is_stopping()).finish()
    }
}

pin_project_lite::pin_project! {
    /// A future that is dropped when the run is asked to stop; made by
    /// [`TaskContext::until_stopped`](super::context::TaskContext::until_stopped).
    ///
    /// An `async` block would do the same, and the compiler would look into it for every child that
    /// waits with it, to see that it is `Send`.
    #[must_use = "futures do nothing unless polled"]
    pub struct UntilStopped<'a, F> {
        stopped: Stopped<'a>,
        #[pin]
        future: F,
    }
}

impl<'a, F> UntilStopped<'a, F> {
    pub(crate) fn new(stopped: Stopped<'a>, future: F) -> Self {
        Self { stopped, future }
    }
}

impl<F: Future> Future for UntilStopped<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The request comes first, where both are there.
        match Pin::new(this.stopped).poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => this.future.poll(cx).map(Some),
        }
    }
}

impl<F> fmt::Debug for UntilStopped<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilStopped").field("stopped", &self.stopped).finish_non_exhaustive()
    }
}

/// Who waits for the request to stop.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    first: Seat,
    /// Seats 1 and up.
    #[expect(
        clippy::box_collection,
        reason = "a cell of each child pays one word for it, not three"
    )]
    others: Option<Box<Vec<Seat>>>,
}

#[derive(Debug, Default)]
enum Seat {
    #[default]
    Free,
    Taken(Waker),
    /// Its waker has been woken; it has not left yet.
    Woken,
}

impl Seat {
    fn waker(self) -> Option<Waker> {
        match self {
            Self::Taken(waker) => Some(waker),
            Self::Free | Self::Woken => None,
        }
    }
}

impl Waiting {
    fn seat(&mut self, seat: u32) -> Option<&mut Seat> {
        match seat {
            0 => Some(&mut self.first),
            seat => self.others.as_mut()?.get_mut(seat as usize - 1),
        }
    }

    fn is_known(&mut self, seat: u32, waker: &Waker) -> bool {
        matches!(self.seat(seat), Some(Seat::Taken(known)) if known.will_wake(waker))
    }

    fn free_seat(&mut self) -> u32 {
        if matches!(self.first, Seat::Free) {
            return 0;
        }
        let others = self.others.get_or_insert_default();
        let free = others.iter().position(|seat| matches!(seat, Seat::Free));
        let at = free.unwrap_or_else(|| {
            others.push(Seat::Free);
            others.len() - 1
        });
        u32::try_from(at + 1).expect("fewer than 2^32 futures wait in one run")
    }

    fn sit(&mut self, seat: u32, waker: Waker) -> Option<Waker> {
        std::mem::replace(self.seat(seat)?, Seat::Taken(waker)).waker()
    }

    fn leave(&mut self, seat: u32) -> Option<Waker> {
        std::mem::take(self.seat(seat)?).waker()
    }

    /// The next that is to be woken.
    fn next(&mut self) -> Option<Waker> {
        let others = self.others.iter_mut().flat_map(|others| others.iter_mut());
        let mut seats = std::iter::once(&mut self.first).chain(others);
        let seat = seats.find(|seat| matches!(seat, Seat::Taken(_)))?;
        std::mem::replace(seat, Seat::Woken).waker()
    }
}

/// Wakes all who wait. The flag has been set.
pub(crate) fn wake_all(cell: &RunCell) {
    loop {
        let Some(waker) = lock_cell(&cell.waiting).next() else { return };
        // A waker is the user's and may panic; the driver may not.
        drop(contain(|| waker.wake()));
    }
}

#[cfg(test)]
mod tests {
    use std::hint::spin_loop;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::thread;

    use super::*;
    use crate::task::context::TaskContext;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn every_future_that_waits_is_woken_once_and_one_that_was_dropped_is_not() {
        let (ctx, run) = TaskContext::for_test();
        let counts: [Arc<Count>; 4] = Default::default();
        let mut futures: Vec<_> = counts.iter().map(|_| Box::pin(ctx.stopped())).collect();
        for (future, count) in futures.iter_mut().zip(&counts) {
            let waker = Arc::clone(count).into();
            let mut cx = Context::from_waker(&waker);
            assert!(future.as_mut().poll(&mut cx).is_pending());
            assert!(future.as_mut().poll(&mut cx).is_pending());
        }
        drop(futures.remove(1));
        run.stop();
        run.stop();
        let woken: Vec<_> = counts.iter().map(|count| count.0.load(Ordering::SeqCst)).collect();
        assert_eq!(woken, [1, 0, 1, 1]);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(futures.iter_mut().all(|future| future.as_mut().poll(&mut cx).is_ready()));
    }

    #[test]
    fn a_future_that_moves_to_another_task_wakes_that_one() {
        let (ctx, run) = TaskContext::for_test();
        let (before, after) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut future = Box::pin(ctx.stopped());
        for count in [&before, &after] {
            let waker = Arc::clone(count).into();
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        run.stop();
        assert_eq!((before.0.load(Ordering::SeqCst), after.0.load(Ordering::SeqCst)), (0, 1));
    }

    #[test]
    fn a_seat_that_was_left_is_given_to_the_next() {
        let (ctx, _run) = TaskContext::for_test();
        let mut cx = Context::from_waker(Waker::noop());
        let mut held = Box::pin(ctx.stopped());
        assert!(held.as_mut().poll(&mut cx).is_pending());
        for _ in 0..3 {
            let mut next = Box::pin(ctx.stopped());
            assert!(next.as_mut().poll(&mut cx).is_pending());
            assert_eq!(next.seat, Some(1));
        }
    }

    /// Two threads that begin together, one of them a bit later each time, so that the request
    /// comes at every point of the poll.
    #[test]
    fn a_stop_that_comes_while_it_is_polled_for_the_first_time_is_not_missed() {
        let times = if cfg!(miri) { 64 } else { 20_000 };
        for late in (0..64_u32).cycle().take(times) {
            let (ctx, run) = TaskContext::for_test();
            let (count, there) = (Arc::new(Count::default()), AtomicUsize::new(0));
            let meet = || {
                there.fetch_add(1, Ordering::SeqCst);
                while there.load(Ordering::SeqCst) < 2 {
                    thread::yield_now();
                }
            };
            let waker = Arc::clone(&count).into();
            let mut future = Box::pin(ctx.stopped());
            let is_pending = thread::scope(|scope| {
                scope.spawn(|| {
                    meet();
                    (0..late).for_each(|_| spin_loop());
                    run.stop();
                });
                meet();
                future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending()
            });
            assert!(!is_pending || count.0.load(Ordering::SeqCst) == 1, "it waits for ever");
        }
    }

    #[test]
    fn waiting_costs_a_parked_child_two_words() {
        assert_eq!(size_of::<Stopped<'_>>(), 2 * size_of::<usize>());
        let both = size_of::<UntilStopped<'_, [usize; 9]>>();
        assert_eq!(both, size_of::<[usize; 9]>() + 2 * size_of::<usize>());
    }

    #[test]
    fn where_the_future_and_the_request_are_both_there_the_request_is_heard() {
        let (ctx, run) = TaskContext::for_test();
        let mut cx = Context::from_waker(Waker::noop());
        let mut done = Box::pin(ctx.until_stopped(std::future::ready(7)));
        assert_eq!(done.as_mut().poll(&mut cx), Poll::Ready(Some(7)));
        run.stop();
        let mut late = Box::pin(ctx.until_stopped(std::future::ready(7)));
        assert_eq!(late.as_mut().poll(&mut cx), Poll::Ready(None));
    }
}
