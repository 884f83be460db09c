//! The typed tree: what the attribute macros declare, started, and named by its fields.

pub mod args;
pub(crate) mod declared;
pub(crate) mod graph;
pub mod handle;
pub(crate) mod layers;
pub mod lease;
pub(crate) mod lent;
pub mod many;
pub(crate) mod parameter;
pub mod pool;
pub(crate) mod runs;
pub(crate) mod seat;
pub mod slot;
pub mod state;
pub(crate) mod supervised;

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
#[cfg(feature = "config")]
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use self::declared::specs::root_spec;
use self::handle::IntoAttribution;
use self::lent::check_leases;
use self::seat::{FromSeat, Seat, Seated};
use self::slot::Below;
use self::supervised::RunsUnder;
#[cfg(feature = "config")]
use crate::config::configurable::SupervisorConfig;
#[cfg(feature = "config")]
use crate::config::environment::Environment;
use crate::control::handle::SupervisorHandle;
use crate::control::outcome::CommandOutcome;
use crate::control::stream::EventStream;
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::report::ShutdownReport;
use crate::runtime::supervisor::{Supervisor, SupervisorBuilder};
use crate::spec::supervisor::SupervisorSpec;

/// The future of what a tree answers. Boxed, so that it does not depend on what was asked with,
/// and one mistake there is one message.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, SupervisorError>> + Send>>;

/// What every `#[supervisor]` struct can do. The struct itself is the handle of the running tree.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn poller(ctx: TaskContext) {
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     poller: poller,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let app = App::start(()).await?;
/// app.poller.restart(by("doc").because("to show it")).await?;
/// let report = app.shutdown(by("doc").because("end of the example")).await?;
/// assert!(report.is_clean());
/// # Ok(())
/// # }
/// ```
pub trait SupervisionTree: Seated + FromSeat {
    /// Starts the tree on the current Tokio runtime and waits until all of it is up.
    ///
    /// `state` is what the children's [`State`](state::State) parameters are taken from; `()`
    /// when they have none.
    ///
    /// # Errors
    ///
    /// As [`Supervisor::start`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future shuts down what has been started so far.
    fn start<S>(state: S) -> Answer<Self>
    where
        Self: RunsUnder<S>,
        S: Send + Sync + 'static,
    {
        Box::pin(Self::builder(state).start())
    }

    /// Starts with settings of the runtime's own.
    fn builder<S>(state: S) -> TreeBuilder<Self>
    where
        Self: RunsUnder<S>,
        S: Send + Sync + 'static,
    {
        TreeBuilder { builder: Supervisor::builder(Self::spec(state)), tree: PhantomData }
    }

    /// Starts the tree with a configuration file laid over it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Config`] with everything that is wrong with the files, and as
    /// [`Supervisor::start`].
    ///
    /// # Cancel safety
    ///
    /// As [`start`](Self::start).
    #[cfg(feature = "config")]
    fn start_from_config_file<S>(path: impl Into<PathBuf>, state: S) -> Answer<Self>
    where
        Self: RunsUnder<S>,
        S: Send + Sync + 'static,
    {
        Box::pin(Self::builder(state).config_file(path).start())
    }

    /// The declaration of the whole tree, for the untyped builder.
    fn spec<S>(state: S) -> SupervisorSpec
    where
        Self: RunsUnder<S>,
        S: Send + Sync + 'static,
    {
        // Where the struct names its state, this has been said there.
        const { check_leases::<Self, S>() };
        root_spec::<Self, S>(&Arc::new(state))
    }

    /// The untyped handle of the tree.
    fn handle(&self) -> &SupervisorHandle {
        &self.seat().handle
    }

    /// Where this supervisor stands in the tree.
    fn path(&self) -> &ChildPath {
        &self.seat().path
    }

    /// Ends the whole tree, whichever supervisor in it is asked, youngest children first.
    ///
    /// # Errors
    ///
    /// As [`SupervisorHandle::shutdown_tree`].
    fn shutdown(&self, why: impl IntoAttribution) -> Answer<ShutdownReport> {
        let (handle, why) = (self.handle().clone(), why.into_attribution());
        Box::pin(async move { handle.shutdown_tree(why.requested_by(), why.reason()).await })
    }

    /// Waits until the tree has ended, and lets the signals of the process end it; see
    /// [`SupervisorHandle::run_until_signal`].
    ///
    /// # Errors
    ///
    /// As [`SupervisorHandle::run_until_signal`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops listening. A shutdown that has begun goes on.
    fn run_until_signal(&self) -> Answer<ShutdownReport> {
        let handle = self.handle().clone();
        Box::pin(async move { handle.run_until_signal().await })
    }

    /// Restarts what stands in `slot`, a child or a whole supervisor:
    /// `app.restart(App::PAYMENTS.at(Payments::LEDGER), by("alice").because("schema fixed"))`.
    ///
    /// # Errors
    ///
    /// As [`SupervisorHandle::restart_child`].
    fn restart(&self, slot: impl Below<Self>, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        let seat = slot.names().into_iter().fold(self.seat().clone(), |seat, name| seat.at(&name));
        let why = why.into_attribution();
        Box::pin(async move {
            seat.handle.restart_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }
}

impl<T: Seated + FromSeat> SupervisionTree for T {}

/// A typed tree about to be started, and the settings of its runtime.
#[must_use = "nothing runs until `start` is called and awaited"]
pub struct TreeBuilder<T> {
    builder: SupervisorBuilder,
    tree: PhantomData<fn() -> T>,
}

impl<T: SupervisionTree> TreeBuilder<T> {
    /// See [`SupervisorBuilder::seed`].
    pub fn seed(self, seed: u64) -> Self {
        Self { builder: self.builder.seed(seed), ..self }
    }

    /// See [`SupervisorBuilder::event_capacity`].
    pub fn event_capacity(self, events: usize) -> Self {
        Self { builder: self.builder.event_capacity(events), ..self }
    }

    /// See [`SupervisorBuilder::journal_capacity`].
    pub fn journal_capacity(self, events: usize) -> Self {
        Self { builder: self.builder.journal_capacity(events), ..self }
    }

    /// See [`SupervisorBuilder::last_exits`].
    pub fn last_exits(self, exits: usize) -> Self {
        Self { builder: self.builder.last_exits(exits), ..self }
    }

    /// See [`SupervisorBuilder::remembered_paths`].
    pub fn remembered_paths(self, paths: usize) -> Self {
        Self { builder: self.builder.remembered_paths(paths), ..self }
    }

    /// See [`SupervisorBuilder::audit`].
    #[cfg(feature = "audit")]
    pub fn audit(self, audit: crate::audit::AuditLog) -> Self {
        Self { builder: self.builder.audit(audit), ..self }
    }

    /// See [`SupervisorBuilder::record`].
    #[cfg(feature = "record")]
    pub fn record(self, recording: impl Into<crate::record::RecordLog>) -> Self {
        Self { builder: self.builder.record(recording), ..self }
    }

    /// See [`SupervisorBuilder::subscribe_events`].
    pub fn subscribe_events(&mut self) -> EventStream {
        self.builder.subscribe_events()
    }

    /// See [`SupervisorBuilder::config`].
    #[cfg(feature = "config")]
    pub fn config(self, config: SupervisorConfig) -> Self {
        Self { builder: self.builder.config(config), ..self }
    }

    /// See [`SupervisorBuilder::config_file`].
    #[cfg(feature = "config")]
    pub fn config_file(self, path: impl Into<PathBuf>) -> Self {
        Self { builder: self.builder.config_file(path), ..self }
    }

    /// See [`SupervisorBuilder::environment`].
    #[cfg(feature = "config")]
    pub fn environment(self, environment: Environment) -> Self {
        Self { builder: self.builder.environment(environment), ..self }
    }

    /// The tree that will be started.
    pub fn spec(&self) -> &SupervisorSpec {
        self.builder.spec()
    }

    /// Starts the tree; see [`SupervisionTree::start`].
    ///
    /// # Errors
    ///
    /// As [`Supervisor::start`].
    ///
    /// # Cancel safety
    ///
    /// As [`SupervisionTree::start`].
    pub async fn start(self) -> Result<T, SupervisorError> {
        self.builder.start().await.map(|handle| T::from_seat(Seat::root(handle)))
    }
}

/// The same without the types.
impl<T> From<TreeBuilder<T>> for SupervisorBuilder {
    fn from(tree: TreeBuilder<T>) -> Self {
        tree.builder
    }
}

impl<T> fmt::Debug for TreeBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeBuilder").field("builder", &self.builder).finish_non_exhaustive()
    }
}
