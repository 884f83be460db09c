//! Whose turn it is: how the driver shares the threads of the runtime with the runs.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::coop::{has_budget_remaining, poll_proceed};

/// Fewer than the units of work that Tokio lets tasks do before a worker turns to its queue, which
/// are 128, and more.
const BUDGET: std::ops::Range<usize> = 96..1_024;

/// How many threads the runtime may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    One,
    Many,
}

impl Threads {
    pub(super) fn of_this_runtime() -> Self {
        match Handle::current().runtime_flavor() {
            RuntimeFlavor::CurrentThread => Self::One,
            _ => Self::Many,
        }
    }
}

/// Lets others have their turn.
///
/// On the multi-thread runtime another worker is woken to go on in the meantime, because the run
/// that this worker turns to may never yield. Tokio's own `yield_now` does not do that: it wakes its
/// task when the worker has nothing else to do, which may be never.
pub(super) async fn give_way() {
    if Threads::of_this_runtime() == Threads::One {
        return tokio::task::yield_now().await;
    }
    let mut has_given = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Spends what this worker has still to give before it turns to its queue.
///
/// For a driver that has asked one run to end and has nothing else to do: it and the run go to and
/// fro, one waking the other. A worker does that three times, then puts the next of the two into
/// its queue and wakes another worker for it, which costs more than all the rest of the end, and
/// takes the driver away from the memory that it has at hand. A worker whose budget is spent puts
/// the run into the queue and turns to it at once, with a new budget, and wakes nobody.
///
/// The driver has to be waiting for something already: it cannot ask for anything any more.
pub(super) fn spend_budget(cx: &mut Context<'_>) {
    if !has_budget_remaining() {
        return;
    }
    for unit in 0..BUDGET.end {
        // Asked for only near the end: it takes as long as a unit.
        if unit >= BUDGET.start && !has_budget_remaining() {
            return;
        }
        match poll_proceed(cx) {
            Poll::Ready(unit) => unit.made_progress(),
            Poll::Pending => return,
        }
    }
}
