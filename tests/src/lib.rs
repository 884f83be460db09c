//! Shared by the tests: children that behave in known ways, and probes that say what they did.

pub mod corpus;
pub mod dice;
pub mod proc;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::stream::EventStream;
use rust_supervisor::event::Event;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};

/// Who asks in all tests.
pub const BY: &str = "test";
/// Why.
pub const WHY: &str = "because";

/// A millisecond, and so on.
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// This long before each restart, to the millisecond.
pub fn every(wait: Duration) -> Backoff {
    let mut backoff = Backoff::new(wait, wait);
    backoff.jitter = 0.0;
    backoff
}

/// A child that runs until it is asked to stop.
pub fn parked() -> TaskFactory {
    service_fn(async |ctx: TaskContext| ctx.stopped().await)
}

/// A child that does not care when it is asked to stop. It can be aborted.
pub fn stubborn() -> TaskFactory {
    service_fn(async |_: TaskContext| std::future::pending::<()>().await)
}

/// A child that fails at once.
pub fn failing() -> TaskFactory {
    service_fn(async |_: TaskContext| Err::<(), _>("out of luck"))
}

/// A child on a thread that ends only when `gate` is opened.
pub fn deaf(gate: &Gate) -> TaskFactory {
    let gate = gate.clone();
    blocking_fn(move |_: BlockingContext| gate.pass())
}

/// A gate that threads wait at. Opened at the latest when the last handle to it outside of the
/// threads goes, so that no test leaves a thread behind.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Blocks until the gate is open.
    pub fn pass(&self) {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.0.1.wait_while(open, |open| !*open));
    }

    /// Lets everybody pass, now and later.
    pub fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// A guard that opens the gate when it is dropped, also when the test fails.
    #[must_use]
    pub fn open_on_drop(&self) -> OpenOnDrop {
        OpenOnDrop(self.clone())
    }
}

/// See [`Gate::open_on_drop`].
pub struct OpenOnDrop(Gate);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Keeps count of the runs of each child, and of whether two of one were ever alive together.
#[derive(Clone, Default)]
pub struct Lives(Arc<Mutex<BTreeMap<String, Count>>>);

/// The runs of one child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How many have begun.
    pub begun: u64,
    /// How many are over, destructors included.
    pub over: u64,
    /// How many were alive together at the worst moment.
    pub most: u64,
}

impl Lives {
    /// One life of `name`, until what is returned is dropped.
    #[must_use]
    pub fn live(&self, name: &str) -> Life {
        self.with(name, |count| {
            count.begun += 1;
            count.most = count.most.max(count.begun - count.over);
        });
        Life { lives: self.clone(), name: name.to_owned() }
    }

    /// The runs of `name` so far.
    pub fn of(&self, name: &str) -> Count {
        self.with(name, |count| *count)
    }

    /// The runs of all children together; `most` is the worst of any of them.
    pub fn total(&self) -> Count {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values().fold(Count::default(), |sum, count| Count {
            begun: sum.begun + count.begun,
            over: sum.over + count.over,
            most: sum.most.max(count.most),
        })
    }

    /// A child that is counted and runs until it is asked to stop.
    pub fn parked(&self) -> TaskFactory {
        self.child(async |ctx: TaskContext| {
            ctx.stopped().await;
            Ok(())
        })
    }

    /// A child that is counted from the call of its factory to the drop of its future.
    pub fn child<M, F>(&self, run: M) -> TaskFactory
    where
        M: Fn(TaskContext) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), &'static str>> + Send + 'static,
    {
        let lives = self.clone();
        service_fn(move |ctx: TaskContext| {
            let life = lives.live(ctx.path().as_str());
            let run = run(ctx);
            async move {
                let _life = life;
                run.await
            }
        })
    }

    fn with<T>(&self, name: &str, change: impl FnOnce(&mut Count) -> T) -> T {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(name.to_owned()).or_default())
    }
}

/// See [`Lives::live`].
pub struct Life {
    lives: Lives,
    name: String,
}

impl Drop for Life {
    fn drop(&mut self) {
        self.lives.with(&self.name, |count| count.over += 1);
    }
}

/// Polls `future` up to `polls` times, giving other tasks their turn after each, and drops it.
/// Says what it came to, if it got that far.
pub async fn poll_then_drop<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// Polls once, without a waker that does anything.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How many Tokio tasks are alive on this runtime.
pub fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Waits until `holds`: gives the other tasks their turn, then lets the clock move, a paused one
/// too, and at last waits for other threads.
///
/// # Panics
///
/// When it does not hold after a very long while.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for turn in 0..20_000_u32 {
        if holds() {
            return;
        }
        match turn {
            0..100 => tokio::task::yield_now().await,
            100..10_000 => tokio::time::sleep(ms(1)).await,
            _ => std::thread::sleep(ms(1)),
        }
    }
    panic!("never came true: {what}");
}

/// All events that are there already.
pub fn drain(events: &mut EventStream) -> Vec<Arc<Event>> {
    std::iter::from_fn(|| events.try_next()).collect()
}

/// One line for each event: its time, path, run and name.
pub fn lines(events: &[Arc<Event>]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            let millis = event.uptime.as_millis();
            format!("{millis} {}{} {}", event.path, event.generation, event.kind.name())
        })
        .collect()
}

/// Ends the tree and expects it to end clean.
///
/// # Panics
///
/// When it does not.
pub async fn end_clean(handle: &SupervisorHandle) {
    let report = handle.shutdown_tree(BY, WHY).await.expect("a report");
    assert!(report.is_clean(), "{report}");
}
