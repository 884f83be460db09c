//! What one run and the driver share.

use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::exit::contain;
use super::run::Helpers;
use super::stopped::{Waiting, wake_all};
use super::sync::{AtomicBool, AtomicU64, CellGuard, CellMutex, Ordering, fence, lock_cell};
use crate::control::handle::SupervisorHandle;
use crate::core::input::RunEnd;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::id::{ChildPath, Generation};
use crate::observe::span::RunSpan;

/// Where a run reports to: the driver of its tree, or a test.
pub(crate) trait Reports: Send + Sync {
    /// The run called `ready()` for the first time.
    fn ready(&self, run: RunKey);
    /// The time on the clock of the tree.
    fn uptime(&self) -> Uptime;
    /// The run is over, destructors and helpers included. Sent exactly once.
    fn ended(&self, run: RunKey, end: RunEnd);
    /// A task that the run had spawned panicked: the run is to be aborted.
    fn helper_panicked(&self, run: RunKey);
    /// A handle to the tree that does not keep it alive.
    fn handle(&self) -> SupervisorHandle;
}

/// The same for each run of a tree, behind one word: every cell has one.
pub(crate) type Reporter = Arc<Box<dyn Reports>>;

/// One run, as its own code and the driver see it.
///
/// Small: a parked child costs one of these beside its future.
pub(crate) struct RunCell {
    pub(crate) run: RunKey,
    pub(crate) path: ChildPath,
    pub(crate) reports: Reporter,
    stop: AtomicBool,
    ready: AtomicBool,
    /// Whether the driver has told the engine of it. Its own note, kept where there is room.
    announced: AtomicBool,
    pub(crate) waiting: CellMutex<Waiting>,
    /// Made only for a run that asks for one of them.
    signals: OnceLock<Box<Signals>>,
    helpers: CellMutex<Helpers>,
    /// Where its log lines stand.
    pub(crate) span: RunSpan,
}

/// The cell as the child's own future holds it.
///
/// That a future is `Send` the compiler finds out for each child, down to the last field of what it
/// holds. A type that is not known says so itself, so that it ends here.
#[derive(Clone)]
pub(crate) struct CellInTask(Arc<dyn IsCell + Send + Sync>);

/// A [`RunCell`], and nothing else is one.
trait IsCell {
    fn cell(&self) -> &RunCell;
    fn shared(self: Arc<Self>) -> Arc<RunCell>;
}

impl IsCell for RunCell {
    fn cell(&self) -> &RunCell {
        self
    }

    fn shared(self: Arc<Self>) -> Arc<RunCell> {
        self
    }
}

impl CellInTask {
    pub(crate) fn new(cell: Arc<RunCell>) -> Self {
        Self(cell)
    }

    /// For others to hold.
    pub(crate) fn shared(&self) -> Arc<RunCell> {
        Arc::clone(&self.0).shared()
    }
}

impl Deref for CellInTask {
    type Target = RunCell;

    fn deref(&self) -> &RunCell {
        self.0.cell()
    }
}

/// What else a run can be asked to stop by, and its heartbeats.
#[derive(Default)]
struct Signals {
    /// When the latest heartbeat was sent: nanoseconds on the tree's clock and 1 more, or 0.
    heartbeat: AtomicU64,
    token: CancellationToken,
    /// For a thread that sleeps.
    bell: Bell,
}

#[derive(Default)]
struct Bell {
    lock: Mutex<()>,
    rung: Condvar,
}

impl RunCell {
    pub(crate) fn new(run: RunKey, path: ChildPath, reports: Reporter, span: RunSpan) -> Arc<Self> {
        Arc::new(Self {
            run,
            path,
            reports,
            stop: AtomicBool::new(false),
            ready: AtomicBool::new(false),
            announced: AtomicBool::new(false),
            waiting: CellMutex::default(),
            signals: OnceLock::new(),
            helpers: CellMutex::new(Helpers::None),
            span,
        })
    }

    /// Makes the cell of a run that is over, of which nobody knows any more, that of another run.
    /// It has no span, which would have to end before.
    pub(crate) fn renew(this: &mut Arc<Self>, run: RunKey, path: &ChildPath) -> bool {
        let Some(cell) = Arc::get_mut(this) else { return false };
        cell.run = run;
        if cell.path != *path {
            cell.path = path.clone();
        }
        if !cfg!(plant_bug = "stop_outlives_its_run") {
            cell.stop = AtomicBool::new(false);
        }
        cell.ready = AtomicBool::new(false);
        cell.announced = AtomicBool::new(false);
        cell.waiting = CellMutex::default();
        cell.signals = OnceLock::new();
        cell.helpers = CellMutex::new(Helpers::None);
        true
    }

    pub(crate) fn generation(&self) -> Generation {
        self.run.generation
    }

    /// Asks the run to end. Wakes whatever waits for that.
    pub(crate) fn request_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        // Either the signals are seen here, or the flag by whoever is making them.
        fence(Ordering::SeqCst);
        // seen by: cargo test -p supervisor-tests --test simulation
        if !cfg!(plant_bug = "lost_wake_up") {
            wake_all(self);
        }
        if let Some(Signals { token, bell, .. }) = self.signals.get().map(|signals| &**signals) {
            // It wakes what is the user's and may panic; the driver may not.
            drop(contain(|| token.cancel()));
            // Taken so that no sleeper is between its look at the flag and its wait.
            let guard = lock(&bell.lock);
            bell.rung.notify_all();
            drop(guard);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    pub(crate) fn stop_token(&self) -> CancellationToken {
        let Signals { token, .. } = &**self.signals.get_or_init(Box::default);
        fence(Ordering::SeqCst);
        if self.is_stopping() {
            token.cancel();
        }
        token.clone()
    }

    /// Blocks the thread for `time`, or until the run is asked to end: then `false`.
    pub(crate) fn sleep_blocking(&self, time: Duration) -> bool {
        let Signals { bell, .. } = &**self.signals.get_or_init(Box::default);
        fence(Ordering::SeqCst);
        let guard = lock(&bell.lock);
        let waited = bell.rung.wait_timeout_while(guard, time, |()| !self.is_stopping());
        drop(waited);
        !self.is_stopping()
    }

    pub(crate) fn report_ready(&self) {
        if !self.ready.swap(true, Ordering::SeqCst) {
            self.reports.ready(self.run);
        }
    }

    /// Whether it is announced for the first time.
    pub(crate) fn announce(&self) -> bool {
        !self.announced.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn beat(&self) {
        // 2^64 ns are 584 years.
        let nanos =
            u64::try_from(self.reports.uptime().elapsed().as_nanos()).unwrap_or(u64::MAX - 1);
        let Signals { heartbeat, .. } = &**self.signals.get_or_init(Box::default);
        heartbeat.fetch_max(nanos + 1, Ordering::Relaxed);
    }

    pub(crate) fn last_heartbeat(&self) -> Option<Uptime> {
        let nanos = self.signals.get()?.heartbeat.load(Ordering::Relaxed).checked_sub(1)?;
        Some(Uptime::after(Duration::from_nanos(nanos)))
    }

    pub(crate) fn helpers(&self) -> CellGuard<'_, Helpers> {
        lock_cell(&self.helpers)
    }
}

/// No user code runs under any lock of this crate, so a poisoned one holds nothing half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, not(supervisor_loom)))]
mod tests {
    use super::*;

    struct Nobody;

    impl Reports for Nobody {
        fn ready(&self, _: RunKey) {}

        fn uptime(&self) -> Uptime {
            Uptime::ZERO
        }

        fn ended(&self, _: RunKey, _: RunEnd) {}

        fn helper_panicked(&self, _: RunKey) {}

        fn handle(&self) -> SupervisorHandle {
            SupervisorHandle::of_no_tree()
        }
    }

    #[test]
    fn nothing_of_a_run_that_is_over_is_found_by_the_next_one_in_its_cell() {
        let (root, run) = (ChildPath::root(), RunKey::for_test());
        let next = RunKey { generation: run.generation.next(), ..run };
        let path = root.join(&crate::id::ChildId::new("a").expect("an id"));
        let mut cell =
            RunCell::new(run, root, Arc::new(Box::new(Nobody) as Box<dyn Reports>), RunSpan::NONE);
        cell.report_ready();
        cell.beat();
        assert!(cell.announce());
        let token = cell.stop_token();
        cell.request_stop();
        *cell.helpers() = Helpers::Over;

        let held = Arc::clone(&cell);
        assert!(!RunCell::renew(&mut cell, next, &path), "somebody knows it");
        assert!(held.run == run && held.is_stopping());
        drop(held);

        assert!(RunCell::renew(&mut cell, next, &path));
        assert!(cell.run == next && cell.path == path);
        assert!(!cell.is_stopping() && !cell.ready.load(Ordering::SeqCst));
        assert!(token.is_cancelled() && !cell.stop_token().is_cancelled());
        assert_eq!(cell.last_heartbeat(), None);
        assert!(cell.announce());
        assert!(matches!(*cell.helpers(), Helpers::None));
    }
}
