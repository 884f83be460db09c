//! What a run is given: how it is asked to stop, how it says that it is ready, who it is.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::cell::{CellInTask, Reports, RunCell};
use super::run::spawn_helper;
pub use super::stopped::{Stopped, UntilStopped};
use super::then::Then;
#[cfg(feature = "config")]
use crate::config::settings::{ReadSettings, Settings, SettingsType};
use crate::control::handle::SupervisorHandle;
use crate::core::input::RunEnd;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::id::{ChildPath, Generation};
use crate::observe::span::RunSpan;

/// The side of an async run that faces its supervisor. Cheap to clone.
#[derive(Clone)]
pub struct TaskContext {
    cell: CellInTask,
    #[cfg(feature = "config")]
    pub(crate) settings: Option<ReadSettings>,
}

impl TaskContext {
    pub(crate) fn new(cell: Arc<RunCell>) -> Self {
        Self {
            cell: CellInTask::new(cell),
            #[cfg(feature = "config")]
            settings: None,
        }
    }

    /// What its runs are given.
    #[cfg(feature = "config")]
    pub(crate) fn with_settings(self, settings: Option<ReadSettings>) -> Self {
        Self { settings, ..self }
    }

    /// The child's settings, if it [takes some](crate::spec::child::ChildSpec::settings) of this
    /// type.
    #[cfg(feature = "config")]
    pub fn settings<T: SettingsType>(&self) -> Option<Settings<T>> {
        self.settings.as_ref().and_then(ReadSettings::get)
    }

    /// Waits until the run is asked to stop.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the next call returns at once if the request has come.
    pub fn stopped(&self) -> Stopped<'_> {
        Stopped::new(&self.cell)
    }

    /// Whether the run has been asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.cell.is_stopping()
    }

    /// Runs `future` until it is done, or until the run is asked to stop: then `None`, and the
    /// future is dropped.
    ///
    /// # Cancel safety
    ///
    /// As that of `future`.
    pub fn until_stopped<F: Future>(&self, future: F) -> UntilStopped<'_, F> {
        UntilStopped::new(self.stopped(), future)
    }

    /// Sleeps for `time` and says `true`, or says `false` as soon as the run is asked to stop.
    ///
    /// On Tokio's clock.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[must_use = "false means that the run is asked to stop"]
    pub async fn sleep(&self, time: Duration) -> bool {
        self.slept(time).await
    }

    /// What it is made of, whoever waits with it need not look at to be `Send`: it says so itself.
    fn slept(&self, time: Duration) -> impl Future<Output = bool> + Send {
        Then::new(self.until_stopped(tokio::time::sleep(time)), |slept: Option<()>| slept.is_some())
    }

    /// A token that is cancelled when the run is asked to stop, for whatever takes one
    /// (`with_graceful_shutdown`, say). Cancelling it stops nothing.
    pub fn stop_token(&self) -> CancellationToken {
        self.cell.stop_token()
    }

    /// Says that the run is ready, which matters with `readiness(explicit)`. Only the first call
    /// counts.
    pub fn ready(&self) {
        self.cell.report_ready();
    }

    /// Says that the work goes on, which matters to a child with `health`. Call it where the work
    /// is done, so that it stops when the work does. Costs next to nothing.
    pub fn heartbeat(&self) {
        self.cell.beat();
    }

    /// Spawns `future` as a part of this run.
    ///
    /// The run has ended only when it has. When the run's own future ends, what it spawned is
    /// asked to stop and aborted; when what it spawned panics, the run ends with that panic. A run
    /// that is over spawns nothing: the future is dropped.
    ///
    /// A plain `tokio::spawn` is outside all of this.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        spawn_helper(&self.cell.shared(), future);
    }

    /// Where this child stands in the tree.
    pub fn path(&self) -> &ChildPath {
        &self.cell.path
    }

    /// Which run of this child it is, from 1.
    pub fn generation(&self) -> Generation {
        self.cell.generation()
    }

    /// The tree this child belongs to. The handle does not keep the tree alive, and answers
    /// [`ShuttingDown`](crate::error::types::SupervisorError::ShuttingDown) when its end has
    /// begun.
    pub fn supervisor(&self) -> SupervisorHandle {
        self.cell.reports.handle()
    }

    /// A context without a tree, and what a test steers it with.
    ///
    /// ```
    /// use rust_supervisor::task::context::TaskContext;
    ///
    /// async fn ticker(ctx: TaskContext) -> u32 {
    ///     ctx.ready();
    ///     ctx.stopped().await;
    ///     42
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (ctx, run) = TaskContext::for_test();
    /// run.stop();
    /// assert_eq!(ticker(ctx).await, 42);
    /// assert!(run.is_ready());
    /// # }
    /// ```
    pub fn for_test() -> (Self, TestRun) {
        let run = TestRun::new();
        (Self::new(Arc::clone(&run.cell)), run)
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_cell("TaskContext", &self.cell, f)
    }
}

/// The side of a blocking run, on its own thread, that faces its supervisor. Cheap to clone.
///
/// A thread cannot be aborted: one that does not look at [`BlockingContext::is_stopping`] is given
/// up as unjoinable when its time is over.
#[derive(Clone)]
pub struct BlockingContext {
    cell: Arc<RunCell>,
    #[cfg(feature = "config")]
    pub(crate) settings: Option<ReadSettings>,
}

impl BlockingContext {
    pub(crate) fn new(cell: Arc<RunCell>) -> Self {
        Self {
            cell,
            #[cfg(feature = "config")]
            settings: None,
        }
    }

    /// What its runs are given.
    #[cfg(feature = "config")]
    pub(crate) fn with_settings(self, settings: Option<ReadSettings>) -> Self {
        Self { settings, ..self }
    }

    /// The child's settings, if it [takes some](crate::spec::child::ChildSpec::settings) of this
    /// type.
    #[cfg(feature = "config")]
    pub fn settings<T: SettingsType>(&self) -> Option<Settings<T>> {
        self.settings.as_ref().and_then(ReadSettings::get)
    }

    /// Whether the run has been asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.cell.is_stopping()
    }

    /// Blocks this thread for `time` and says `true`, or says `false` as soon as the run is asked
    /// to stop. On the monotonic clock of the system.
    #[must_use = "false means that the run is asked to stop"]
    pub fn sleep(&self, time: Duration) -> bool {
        self.cell.sleep_blocking(time)
    }

    /// A token that is cancelled when the run is asked to stop.
    pub fn stop_token(&self) -> CancellationToken {
        self.cell.stop_token()
    }

    /// Says that the run is ready, which matters with `readiness(explicit)`. Only the first call
    /// counts.
    pub fn ready(&self) {
        self.cell.report_ready();
    }

    /// Says that the work goes on, which matters to a child with `health`. Call it where the work
    /// is done, so that it stops when the work does. Costs next to nothing.
    pub fn heartbeat(&self) {
        self.cell.beat();
    }

    /// Where this child stands in the tree.
    pub fn path(&self) -> &ChildPath {
        &self.cell.path
    }

    /// Which run of this child it is, from 1.
    pub fn generation(&self) -> Generation {
        self.cell.generation()
    }

    /// The tree this child belongs to; see [`TaskContext::supervisor`].
    pub fn supervisor(&self) -> SupervisorHandle {
        self.cell.reports.handle()
    }

    /// A context without a tree, and what a test steers it with.
    ///
    /// ```
    /// use rust_supervisor::task::context::BlockingContext;
    ///
    /// fn crunch(ctx: BlockingContext) -> bool {
    ///     ctx.is_stopping()
    /// }
    ///
    /// let (ctx, run) = BlockingContext::for_test();
    /// run.stop();
    /// assert!(crunch(ctx));
    /// ```
    pub fn for_test() -> (Self, TestRun) {
        let run = TestRun::new();
        (Self::new(Arc::clone(&run.cell)), run)
    }
}

impl fmt::Debug for BlockingContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_cell("BlockingContext", &self.cell, f)
    }
}

/// Steers a context made by `for_test`. Its path is `/root/test`, its generation 1.
pub struct TestRun {
    cell: Arc<RunCell>,
    reports: Arc<TestReports>,
}

impl TestRun {
    fn new() -> Self {
        let reports = Arc::new(TestReports::default());
        let path = ChildPath::root().join(&crate::id::ChildId::new("test").expect("a valid id"));
        let reporter = Arc::new(Box::new(Arc::clone(&reports)) as Box<dyn Reports>);
        let cell = RunCell::new(RunKey::for_test(), path, reporter, RunSpan::NONE);
        Self { cell, reports }
    }

    /// Asks the run to stop, as its supervisor would.
    pub fn stop(&self) {
        self.cell.request_stop();
    }

    /// Whether the run has called `ready()`.
    pub fn is_ready(&self) -> bool {
        self.reports.ready.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Whether the run has sent a heartbeat.
    pub fn has_sent_heartbeat(&self) -> bool {
        self.cell.last_heartbeat().is_some()
    }
}

impl fmt::Debug for TestRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestRun").field("is_ready", &self.is_ready()).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct TestReports {
    ready: std::sync::atomic::AtomicBool,
}

impl Reports for Arc<TestReports> {
    fn ready(&self, _: RunKey) {
        self.ready.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    fn uptime(&self) -> Uptime {
        Uptime::ZERO
    }

    fn ended(&self, _: RunKey, _: RunEnd) {}

    fn helper_panicked(&self, _: RunKey) {}

    fn handle(&self) -> SupervisorHandle {
        SupervisorHandle::of_no_tree()
    }
}

fn debug_cell(name: &str, cell: &RunCell, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("path", &cell.path)
        .field("generation", &cell.generation().0)
        .field("is_stopping", &cell.is_stopping())
        .finish_non_exhaustive()
}
