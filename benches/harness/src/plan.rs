//! What the children do, and what they tell about it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};

use crate::{BoxFuture, Failed};

/// What the children of a tree do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, until they are stopped.
    Park,
    /// Fail as soon as all of them run, and then again and again until there were so many
    /// restarts.
    Storm { restarts: u64 },
    /// One of them fails when it is told to; the others park.
    Fail,
    /// One of them panics when it is told to; the others park.
    Panic,
}

/// What a run is to do next.
pub enum Next {
    /// Nothing, until it is stopped.
    Park,
    /// Fail at once.
    Fail,
    /// Wait for this, and then do what [`Plan::told`] says.
    Wait(BoxFuture<()>),
}

/// Shared by all children and whoever measures them.
#[derive(Debug)]
pub struct Plan {
    kind: Kind,
    children: usize,
    runs: AtomicU64,
    live: AtomicI64,
    goal: AtomicU64,
    reached: Mutex<Option<Instant>>,
    is_reached: Notify,
    gate: Semaphore,
    tell: Notify,
    born: Instant,
    /// When the victim failed, in nanoseconds since `born`; zero when it has not.
    failed_at: AtomicU64,
    latency: AtomicU64,
    is_sampled: Notify,
    panics: AtomicBool,
}

/// A run's place among those that are alive.
#[derive(Debug)]
pub struct Place(Arc<Plan>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Plan {
    /// A plan for so many children.
    pub fn new(kind: Kind, children: usize) -> Arc<Self> {
        Arc::new(Self {
            kind,
            children,
            runs: AtomicU64::new(0),
            live: AtomicI64::new(0),
            goal: AtomicU64::new(children as u64),
            reached: Mutex::new(None),
            is_reached: Notify::new(),
            gate: Semaphore::new(0),
            tell: Notify::new(),
            born: Instant::now(),
            failed_at: AtomicU64::new(0),
            latency: AtomicU64::new(0),
            is_sampled: Notify::new(),
            panics: AtomicBool::new(kind == Kind::Panic),
        })
    }

    /// How many children there are.
    pub fn children(&self) -> usize {
        self.children
    }

    /// Whether any child is meant to fail.
    pub fn fails(&self) -> bool {
        self.kind != Kind::Park
    }

    /// How many runs are alive.
    pub fn live(&self) -> i64 {
        self.live.load(Ordering::Acquire)
    }

    /// How many runs have begun.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Acquire)
    }

    /// Who is told to fail.
    pub fn victim(&self) -> usize {
        self.children / 2
    }

    /// A run begins: its first step.
    pub fn begin(self: &Arc<Self>, index: usize) -> (Place, Next) {
        self.live.fetch_add(1, Ordering::AcqRel);
        let is_victim = index == self.victim();
        if is_victim && matches!(self.kind, Kind::Fail | Kind::Panic) {
            let failed_at = self.failed_at.swap(0, Ordering::AcqRel);
            if failed_at != 0 {
                self.latency.store(self.now() - failed_at, Ordering::Release);
                self.is_sampled.notify_one();
            }
        }
        let run = self.runs.fetch_add(1, Ordering::AcqRel) + 1;
        if run == self.goal.load(Ordering::Acquire) {
            *self.reached.lock().expect("nobody panics with it") = Some(Instant::now());
            self.is_reached.notify_one();
        }
        let children = self.children as u64;
        let next = match self.kind {
            Kind::Storm { .. } if run <= children => {
                let plan = Arc::clone(self);
                Next::Wait(Box::pin(async move {
                    plan.gate.acquire().await.expect("never closed").forget();
                }))
            }
            Kind::Storm { restarts } if run < children + restarts => Next::Fail,
            Kind::Fail | Kind::Panic if is_victim => {
                let plan = Arc::clone(self);
                Next::Wait(Box::pin(async move { plan.tell.notified().await }))
            }
            _ => Next::Park,
        };
        (Place(Arc::clone(self)), next)
    }

    /// What a run does that has been waiting: it fails, or panics.
    ///
    /// # Panics
    ///
    /// When the plan says so.
    pub fn told(&self) -> Failed {
        self.failed_at.store(self.now().max(1), Ordering::Release);
        assert!(!self.panics.load(Ordering::Relaxed), "told to panic");
        Failed
    }

    /// The whole life of a run, for systems whose children are futures. It ends with [`Failed`]
    /// when it is told to, and with `Ok` when it is stopped.
    pub fn run<S: Future<Output = ()>>(self: Arc<Self>, index: usize, stopped: S) -> Run<S> {
        Run { index, life: Life::ToCome { plan: self }, stopped }
    }

    /// Waits until so many runs have begun as are meant to.
    pub async fn reached(&self) -> Instant {
        loop {
            if let Some(at) = *self.reached.lock().expect("nobody panics with it") {
                return at;
            }
            self.is_reached.notified().await;
        }
    }

    /// Sets how many more runs are waited for by [`reached`](Self::reached).
    pub fn aim(&self, more: u64) {
        *self.reached.lock().expect("nobody panics with it") = None;
        self.goal.store(self.runs() + more, Ordering::Release);
    }

    /// Lets the storm begin.
    pub fn open(&self) {
        self.gate.add_permits(self.children);
    }

    /// Tells the victim.
    pub fn tell(&self) {
        self.tell.notify_one();
    }

    /// How long the victim's latest restart took.
    pub async fn sample(&self) -> Duration {
        self.is_sampled.notified().await;
        Duration::from_nanos(self.latency.load(Ordering::Acquire))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).expect("within 500 years")
    }
}

pin_project_lite::pin_project! {
    /// A run. Written by hand, because an `async fn` keeps its arguments twice, and what is
    /// measured is what a system adds to a small child.
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<S> {
        index: usize,
        life: Life,
        #[pin]
        stopped: S,
    }
}

enum Life {
    ToCome { plan: Arc<Plan> },
    Parks { _place: Place },
    Waits { place: Place, order: BoxFuture<()> },
    Over,
}

impl<S: Future<Output = ()>> Future for Run<S> {
    type Output = Result<(), Failed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Life::ToCome { plan } = this.life {
            let (place, next) = plan.begin(*this.index);
            *this.life = match next {
                Next::Park => Life::Parks { _place: place },
                Next::Wait(order) => Life::Waits { place, order },
                Next::Fail => {
                    drop(place);
                    *this.life = Life::Over;
                    return Poll::Ready(Err(Failed));
                }
            };
        }
        if let Life::Waits { place, order } = this.life
            && order.as_mut().poll(cx).is_ready()
        {
            let failed = place.0.told();
            *this.life = Life::Over;
            return Poll::Ready(Err(failed));
        }
        let stopped = this.stopped.poll(cx).is_ready();
        if stopped {
            *this.life = Life::Over;
        }
        if stopped { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}
