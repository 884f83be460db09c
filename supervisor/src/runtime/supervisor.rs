//! Starting a tree.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use tokio::runtime::Handle;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::driver::Driver;
use super::mailbox::Shared;
use crate::control::handle::{EventStream, SupervisorHandle};
use crate::core::engine::{Engine, Options};
use crate::error::types::SupervisorError;
use crate::event::Event;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::exit::contain;

/// Starts trees.
#[derive(Clone, Copy, Debug)]
pub struct Supervisor;

impl Supervisor {
    /// Starts the tree that `spec` declares, on the current Tokio runtime, and waits until all of
    /// it is up.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Spec`] with everything that is wrong with the declaration;
    /// [`SupervisorError::NoRuntime`] and [`SupervisorError::NoTimer`];
    /// [`SupervisorError::TreeStart`] when a child failed to start: then those that were up have
    /// been stopped, youngest first.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future shuts down what has been started so far.
    ///
    /// ```
    /// use rust_supervisor::runtime::supervisor::Supervisor;
    /// use rust_supervisor::spec::child::ChildSpec;
    /// use rust_supervisor::spec::supervisor::SupervisorSpec;
    /// use rust_supervisor::task::context::TaskContext;
    /// use rust_supervisor::task::factory::service_fn;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), rust_supervisor::error::types::SupervisorError> {
    /// let poller = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    /// let tree = SupervisorSpec::root().child(ChildSpec::new("poller", poller));
    ///
    /// let handle = Supervisor::start(tree).await?;
    /// let report = handle.shutdown_tree("doc", "end of the example").await?;
    /// assert!(report.is_clean());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(spec: SupervisorSpec) -> Result<SupervisorHandle, SupervisorError> {
        Self::builder(spec).start().await
    }

    /// Starts with settings of the runtime's own.
    pub fn builder(spec: SupervisorSpec) -> SupervisorBuilder {
        SupervisorBuilder {
            spec,
            seed: None,
            event_capacity: SupervisorBuilder::EVENT_CAPACITY,
            last_exits: SupervisorBuilder::LAST_EXITS,
            remembered_paths: SupervisorBuilder::REMEMBERED_PATHS,
            events: None,
        }
    }
}

/// A tree about to be started, and the settings of its runtime.
#[derive(Debug)]
#[must_use = "nothing runs until `start` is called and awaited"]
pub struct SupervisorBuilder {
    spec: SupervisorSpec,
    seed: Option<u64>,
    event_capacity: usize,
    last_exits: usize,
    remembered_paths: usize,
    events: Option<Events>,
}

/// The channel of the events, and how many read it.
#[derive(Clone, Debug)]
struct Events {
    sender: broadcast::Sender<Arc<Event>>,
    subscribers: Arc<AtomicUsize>,
}

impl SupervisorBuilder {
    /// How many events a subscriber may lag behind by default.
    pub const EVENT_CAPACITY: usize = 1024;

    /// How many exits are kept with each child by default.
    pub const LAST_EXITS: usize = 8;

    /// How many removed paths keep their generation by default.
    pub const REMEMBERED_PATHS: usize = 65_536;

    /// Seeds the tree's own generator, which draws the jitter. Default: drawn at random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How many events a subscriber may lag behind before it misses the oldest. At least 1.
    /// Default: 1,024.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.event_capacity = events.max(1);
        self
    }

    /// How many exits are kept with each child, for its state. At least 1, because a supervisor
    /// that is busy looks there for what it has still to decide. Default: 8.
    pub fn last_exits(mut self, exits: usize) -> Self {
        self.last_exits = exits.max(1);
        self
    }

    /// How many removed paths keep their generation, so that a child added again under one goes
    /// on counting. Beyond that the one removed longest ago is let go. Default: 65,536.
    pub fn remembered_paths(mut self, paths: usize) -> Self {
        self.remembered_paths = paths;
        self
    }

    /// The events from the very first on, those of the start included. To be called after
    /// [`event_capacity`](Self::event_capacity), which it makes final.
    pub fn subscribe_events(&mut self) -> EventStream {
        let Events { sender, subscribers } = self.events();
        EventStream::new(Some(&sender), subscribers)
    }

    fn events(&mut self) -> Events {
        let capacity = self.event_capacity;
        let new =
            || Events { sender: broadcast::Sender::new(capacity), subscribers: Arc::default() };
        self.events.get_or_insert_with(new).clone()
    }

    /// The tree that will be started.
    pub fn spec(&self) -> &SupervisorSpec {
        &self.spec
    }

    /// Starts the tree; see [`Supervisor::start`].
    ///
    /// # Errors
    ///
    /// As [`Supervisor::start`].
    ///
    /// # Cancel safety
    ///
    /// As [`Supervisor::start`].
    pub async fn start(mut self) -> Result<SupervisorHandle, SupervisorError> {
        let Events { sender: events, subscribers } = self.events();
        self.events = None;
        let valid = self.spec.validate()?;
        let runtime = Handle::try_current().map_err(|_| SupervisorError::NoRuntime)?;
        // There is no way to ask a runtime whether it has a timer.
        drop(
            contain(|| tokio::time::sleep(std::time::Duration::ZERO))
                .map_err(|_| SupervisorError::NoTimer)?,
        );
        if cfg!(panic = "abort") {
            tracing::warn!("built with panic = \"abort\": a panic ends the process, not the child");
        }
        let engine = Engine::new(
            &valid,
            Options {
                seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
                last_exits: self.last_exits,
                remembered_paths: self.remembered_paths,
            },
        );
        let (mailbox, inbox) = mpsc::unbounded_channel();
        let (started, is_up) = oneshot::channel();
        let shared = Arc::new(Shared {
            mailbox,
            events: events.downgrade(),
            subscribers,
            is_ending: watch::Sender::new(false),
            end: watch::Sender::new(None),
            is_detached: AtomicBool::new(false),
        });
        let handle = SupervisorHandle::strong(Arc::clone(&shared));
        let driver = Driver::new(engine, shared, inbox, events, started);
        runtime.spawn(driver.run());
        match is_up.await {
            Ok(Ok(())) => Ok(handle),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(handle.end_error()),
        }
    }
}
