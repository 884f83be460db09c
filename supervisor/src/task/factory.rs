//! What makes a fresh run each time a child starts.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::context::{BlockingContext, TaskContext};
use super::exit::{TaskFailure, contain};
use super::result::{Outcome, TaskResult};
use super::then::Then;
#[cfg(feature = "config")]
use crate::config::settings::ReadSettings;

/// The future of one run.
pub type BoxFuture = Pin<Box<dyn Future<Output = TaskResult> + Send + 'static>>;

/// Makes the run of each generation of a child: a fresh future, or the work of a fresh thread.
///
/// Made by [`service_fn`] and [`blocking_fn`]. Cheap to clone.
#[derive(Clone)]
pub struct TaskFactory {
    pub(crate) kind: FactoryKind,
    /// For each run.
    #[cfg(feature = "config")]
    pub(crate) settings: Option<ReadSettings>,
}

#[derive(Clone)]
pub(crate) enum FactoryKind {
    Async(Arc<AsyncFn>),
    Blocking(Arc<BlockingFn>),
}

pub(crate) type AsyncFn = dyn Fn(TaskContext) -> Result<BoxFuture, TaskFailure> + Send + Sync;
pub(crate) type BlockingFn = dyn Fn(BlockingContext) -> TaskResult + Send + Sync;

/// A function of the user's. What it has captured may panic when it is dropped, and it is dropped
/// wherever the last spec or tree that knows it is, the driver included.
pub(super) struct Shielded<F>(Option<F>);

impl<F> Shielded<F> {
    pub(super) fn new(function: F) -> Self {
        Self(Some(function))
    }

    pub(super) fn get(&self) -> &F {
        self.0.as_ref().expect("only Drop takes the function out")
    }
}

impl<F> Drop for Shielded<F> {
    fn drop(&mut self) {
        let function = self.0.take();
        // Nobody is left whom it concerns: no run of it is alive.
        drop(contain(|| drop(function)));
    }
}

impl TaskFactory {
    /// A factory of futures that may itself fail: then the child's start has failed.
    ///
    /// `make` runs on the supervisor's own task. What takes time belongs into the future it makes.
    pub fn new<M>(make: M) -> Self
    where
        M: Fn(TaskContext) -> Result<BoxFuture, TaskFailure> + Send + Sync + 'static,
    {
        let make = Shielded::new(make);
        Self::of(FactoryKind::Async(Arc::new(move |ctx| make.get()(ctx))))
    }

    fn of(kind: FactoryKind) -> Self {
        Self {
            kind,
            #[cfg(feature = "config")]
            settings: None,
        }
    }

    /// The same, with `settings` for each run.
    #[cfg(feature = "config")]
    pub(crate) fn with_settings(self, settings: ReadSettings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// The same, with the settings of `other`.
    pub(crate) fn with_settings_of(self, other: &Self) -> Self {
        #[cfg(feature = "config")]
        if !cfg!(plant_bug = "settings_kept") {
            return Self { settings: other.settings.clone(), ..self };
        }
        let _ = other;
        self
    }

    /// Whether its runs have a thread of their own.
    pub fn is_blocking(&self) -> bool {
        matches!(self.kind, FactoryKind::Blocking(_))
    }
}

impl fmt::Debug for TaskFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskFactory").field("is_blocking", &self.is_blocking()).finish()
    }
}

/// Makes a factory from an async function, or from a closure that returns a future.
///
/// It is called once for each run, on the supervisor's own task: what takes time belongs into the
/// future.
///
/// ```
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::factory::service_fn;
///
/// async fn ticker(ctx: TaskContext) {
///     while ctx.sleep(std::time::Duration::from_secs(1)).await {
///         println!("tick");
///     }
/// }
///
/// let factory = service_fn(ticker);
/// assert!(!factory.is_blocking());
/// ```
pub fn service_fn<M, F>(make: M) -> TaskFactory
where
    M: Fn(TaskContext) -> F + Send + Sync + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    TaskFactory::new(move |ctx| {
        let future = make(ctx);
        Ok(Box::pin(Then::new(future, Outcome::into_task_result)))
    })
}

/// Makes a factory from a plain function whose runs each have a thread of their own, named after
/// the child.
///
/// A thread cannot be aborted, so the function has to look at
/// [`BlockingContext::is_stopping`] now and then.
///
/// ```
/// use rust_supervisor::task::context::BlockingContext;
/// use rust_supervisor::task::factory::blocking_fn;
///
/// let factory = blocking_fn(|ctx: BlockingContext| {
///     while ctx.sleep(std::time::Duration::from_millis(10)) { /* compact a little */ }
/// });
/// assert!(factory.is_blocking());
/// ```
pub fn blocking_fn<W, O>(work: W) -> TaskFactory
where
    W: Fn(BlockingContext) -> O + Send + Sync + 'static,
    O: Outcome,
{
    let work = Shielded::new(work);
    let run = move |ctx| work.get()(ctx).into_task_result();
    TaskFactory::of(FactoryKind::Blocking(Arc::new(run)))
}
