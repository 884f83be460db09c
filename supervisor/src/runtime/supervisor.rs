//! Starting a tree.

mod begin;
#[cfg(feature = "config")]
mod configured;

#[cfg(feature = "config")]
use std::path::PathBuf;

#[cfg(any(feature = "config", feature = "ipc"))]
use tokio::runtime::Handle;
use tokio::sync::oneshot;

#[cfg(feature = "config")]
use self::configured::{Before, spawn_all};
use super::mailbox::Capacities;
#[cfg(feature = "audit")]
use crate::audit::AuditLog;
#[cfg(feature = "config")]
use crate::config::configurable::SupervisorConfig;
#[cfg(feature = "config")]
use crate::config::environment::Environment;
#[cfg(feature = "config")]
use crate::config::error::ConfigError;
#[cfg(all(feature = "config", any(feature = "audit", feature = "record")))]
use crate::config::error::ConfigFault;
#[cfg(feature = "config")]
use crate::config::load::LoadedConfig;
#[cfg(feature = "config")]
use crate::config::load::sources::Sources;
#[cfg(feature = "config")]
use crate::config::manifest::Manifest;
use crate::control::handle::SupervisorHandle;
use crate::control::stream::{EventStream, Live};
use crate::core::reconfigure::Kept;
use crate::error::types::SupervisorError;
#[cfg(all(feature = "ipc", unix))]
use crate::ipc::IpcOptions;
#[cfg(feature = "record")]
use crate::record::RecordLog;
use crate::spec::supervisor::SupervisorSpec;

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

    /// Starts a tree without children from a configuration file. Children are added to it while
    /// it runs; what the file says about defaults and limits holds for them.
    ///
    /// The file is read away from the async threads, and everything that it includes with it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Config`] with everything that is wrong with the files, and as
    /// [`Supervisor::start`].
    ///
    /// # Cancel safety
    ///
    /// As [`Supervisor::start`].
    ///
    /// ```no_run
    /// use rust_supervisor::runtime::supervisor::Supervisor;
    /// #[tokio::main]
    /// async fn main() -> Result<(), rust_supervisor::error::types::SupervisorError> {
    /// let handle = Supervisor::start_from_config_file("examples/config/supervisor.yaml").await?;
    /// let current = handle.current_state().await?;
    /// println!("{current:#?}");
    /// handle.shutdown_tree("operator", "quickstart complete").await?;
    /// Ok(())
    /// }
    /// ```
    #[cfg(feature = "config")]
    pub async fn start_from_config_file(
        path: impl Into<PathBuf>,
    ) -> Result<SupervisorHandle, SupervisorError> {
        Self::builder(SupervisorSpec::root()).config_file(path).start().await
    }

    /// Starts with settings of the runtime's own.
    pub fn builder(spec: SupervisorSpec) -> SupervisorBuilder {
        SupervisorBuilder {
            spec: Box::new(spec),
            seed: None,
            capacities: Capacities {
                events: SupervisorBuilder::EVENT_CAPACITY,
                journal: SupervisorBuilder::JOURNAL_CAPACITY,
                kept: Kept {
                    last_exits: SupervisorBuilder::LAST_EXITS,
                    remembered_paths: SupervisorBuilder::REMEMBERED_PATHS,
                },
            },
            is_measured: true,
            subscribers: Vec::new(),
            #[cfg(feature = "test-support")]
            disorder: None,
            #[cfg(feature = "test-support")]
            reach: Reach::Outside,
            #[cfg(feature = "audit")]
            audit: None,
            #[cfg(feature = "record")]
            recording: None,
            #[cfg(all(feature = "ipc", unix))]
            ipc: None,
            #[cfg(feature = "config")]
            sources: Sources::default(),
            #[cfg(feature = "config")]
            made_of: None,
            #[cfg(feature = "config")]
            members: Vec::new(),
        }
    }
}

/// A tree about to be started, and the settings of its runtime.
#[derive(Debug)]
#[must_use = "nothing runs until `start` is called and awaited"]
pub struct SupervisorBuilder {
    /// In a box, because the future that starts it holds it.
    spec: Box<SupervisorSpec>,
    seed: Option<u64>,
    capacities: Capacities,
    /// Whether metrics are told, where there is the feature.
    is_measured: bool,
    subscribers: Vec<oneshot::Sender<Live>>,
    #[cfg(feature = "test-support")]
    disorder: Option<u64>,
    #[cfg(feature = "test-support")]
    reach: Reach,
    #[cfg(feature = "audit")]
    audit: Option<AuditLog>,
    #[cfg(feature = "record")]
    recording: Option<RecordLog>,
    #[cfg(all(feature = "ipc", unix))]
    ipc: Option<Box<IpcOptions>>,
    #[cfg(feature = "config")]
    sources: Sources,
    #[cfg(feature = "config")]
    made_of: Option<Box<Before>>,
    /// What is spawned as soon as the tree is up.
    #[cfg(feature = "config")]
    members: Vec<Manifest>,
}

/// Whether a tree may be seen, and leave something, outside of its process.
#[cfg(feature = "test-support")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Outside,
    Inside,
}

impl SupervisorBuilder {
    /// How many events a subscriber may lag behind by default.
    pub const EVENT_CAPACITY: usize = 1024;

    /// How many events the journal keeps by default.
    pub const JOURNAL_CAPACITY: usize = 1024;

    /// How many exits are kept with each child by default.
    pub const LAST_EXITS: usize = 8;

    /// How many removed paths keep their generation by default.
    pub const REMEMBERED_PATHS: usize = 65_536;

    /// Seeds the tree's own generator, which draws the jitter. Default: drawn at random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// How many events a subscriber may lag behind before it misses the oldest. At least 1
    /// and at most 1,048,576, because the room for them is taken at once. Default: 1,024.
    pub fn event_capacity(mut self, events: usize) -> Self {
        self.capacities.events = events.clamp(1, 1 << 20);
        self
    }

    /// How many of the latest events the journal keeps, for those who come late. At most
    /// 1,048,576. With 0 it keeps none, and no event is made while nobody subscribes. Default:
    /// 1,024.
    pub fn journal_capacity(mut self, events: usize) -> Self {
        self.capacities.journal = events.min(1 << 20);
        self
    }

    /// How many exits are kept with each child, for its state. At least 1, because a supervisor
    /// that is busy looks there for what it has still to decide. Default: 8.
    pub fn last_exits(mut self, exits: usize) -> Self {
        self.capacities.kept.last_exits = exits.max(1);
        self
    }

    /// How many removed paths keep their generation, so that a child added again under one goes
    /// on counting. Beyond that the one removed longest ago is let go. Default: 65,536.
    pub fn remembered_paths(mut self, paths: usize) -> Self {
        self.capacities.kept.remembered_paths = paths;
        self
    }

    /// The events from the very first on, those of the start included.
    pub fn subscribe_events(&mut self) -> EventStream {
        let (subscriber, stream) = EventStream::of_a_tree_to_come();
        self.subscribers.push(subscriber);
        stream
    }

    /// Writes every command to this audit before it has any effect. Replaces one given before.
    #[cfg(feature = "audit")]
    pub fn audit(mut self, audit: AuditLog) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Records everything that happens to the tree, for
    /// [`Recording::read`](crate::record::Recording::read). A path is that of a new file, in a
    /// folder that is there; one that is there already is an error when the tree is started.
    /// [`RecordLog`] can say more. Replaces what was said before.
    ///
    /// It grows with every input: some hundred bytes for each start, end and command. It is
    /// written away from the tree, and a disk that is full ends the recording and nothing else.
    #[cfg(feature = "record")]
    pub fn record(mut self, recording: impl Into<RecordLog>) -> Self {
        self.recording = Some(recording.into());
        self
    }

    /// Opens a socket for the tree: who may can see and steer it from the same host. It is there
    /// from before the first child starts until the tree has ended. Replaces one given before. What
    /// a configuration says about `ipc` is laid over it, key by key.
    #[cfg(all(feature = "ipc", unix))]
    pub fn ipc(mut self, options: IpcOptions) -> Self {
        self.ipc = Some(Box::new(options));
        self
    }

    /// Lays a configuration over the tree when it is started, and over the settings made here.
    /// Replaces one given before, and a file.
    #[cfg(feature = "config")]
    pub fn config(mut self, config: SupervisorConfig) -> Self {
        self.sources = self.sources.with_value(config);
        self
    }

    /// Reads a configuration file, and everything that it includes, when the tree is started, and
    /// lays it over the tree and over the settings made here. Replaces one given before, and a
    /// configuration.
    #[cfg(feature = "config")]
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.sources = self.sources.with_file(path);
        self
    }

    /// Lays these variables over the configuration. Default: with a file those of the process
    /// whose names begin with `RUST_SUPERVISOR__`, without one none.
    #[cfg(feature = "config")]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.sources.environment = Some(environment);
        self
    }

    /// Where the configuration comes from.
    #[cfg(feature = "cli")]
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Sees that what a configuration says beside the tree can be: about the socket, the audit and
    /// recordings.
    #[cfg(feature = "config")]
    #[cfg_attr(
        not(any(all(feature = "ipc", unix), feature = "audit", feature = "record")),
        expect(
            clippy::unused_self,
            reason = "where the code can say nothing there is nothing to look at"
        )
    )]
    pub(crate) fn check_beside(&self, config: &LoadedConfig) -> Result<(), ConfigError> {
        #[cfg(all(feature = "ipc", unix))]
        let beside = config.ipc_over(self.ipc.as_deref().cloned()).map(drop);
        #[cfg(not(all(feature = "ipc", unix)))]
        let beside = config.check_ipc();
        if cfg!(plant_bug = "audit_and_recording_unchecked") {
            return beside;
        }
        #[cfg(any(feature = "audit", feature = "record"))]
        let misplaced = |key| config.error_about(key, ConfigFault::MissingPlace);
        #[cfg(feature = "audit")]
        let beside = {
            let audit = config.config().observability.audit.over(self.audit.clone());
            ConfigError::both(beside, audit.map_err(misplaced)).map(drop)
        };
        #[cfg(feature = "record")]
        let beside = {
            let recording = config.config().observability.record.over(self.recording.clone());
            ConfigError::both(beside, recording.map_err(misplaced)).map(drop)
        };
        beside
    }

    /// The tree that will be started, without what a configuration says about it.
    pub fn spec(&self) -> &SupervisorSpec {
        &self.spec
    }

    /// The same tree in other clothes, with a seed that is always the same unless one was given,
    /// and room for the events of a long test. It opens no socket, and writes no audit and no
    /// recording, whoever asks for them.
    #[cfg(feature = "test-support")]
    pub(crate) fn for_test(
        mut self,
        dress: impl FnOnce(SupervisorSpec) -> SupervisorSpec,
        events: usize,
    ) -> Self {
        *self.spec = dress(*self.spec);
        self.seed.get_or_insert(0);
        self.capacities.events = self.capacities.events.max(events);
        self.reach = Reach::Inside;
        self
    }

    /// Without what would be seen outside, if it is under test. What is said about that has been
    /// checked by now.
    #[cfg(feature = "test-support")]
    fn within_reach(self) -> Self {
        if self.reach == Reach::Inside && !cfg!(plant_bug = "tests_reach_outside") {
            Self {
                #[cfg(feature = "audit")]
                audit: None,
                #[cfg(feature = "record")]
                recording: None,
                #[cfg(all(feature = "ipc", unix))]
                ipc: None,
                ..self
            }
        } else {
            self
        }
    }

    #[cfg(not(feature = "test-support"))]
    fn within_reach(self) -> Self {
        self
    }

    /// Has the driver give way to others at random, between any two messages. For simulations:
    /// what is right in one order of turns has to be right in all of them.
    #[cfg(feature = "test-support")]
    #[doc(hidden)]
    pub fn disordered(mut self, seed: u64) -> Self {
        self.disorder = Some(seed);
        self
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
    pub async fn start(self) -> Result<SupervisorHandle, SupervisorError> {
        #[cfg(feature = "config")]
        {
            let mut this = Box::pin(self.configured()).await?;
            let members = std::mem::take(&mut this.members);
            // It is done once and is large: whoever waits for it need not be.
            let handle = Box::pin(this.within_reach().start_as_it_is()).await?;
            Box::pin(spawn_all(&handle, members)).await?;
            Ok(handle)
        }
        #[cfg(not(feature = "config"))]
        Box::pin(self.within_reach().start_as_it_is()).await
    }
}

/// Does what may wait for a disk where waiting does no harm.
#[cfg(any(feature = "config", feature = "ipc"))]
pub(crate) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SupervisorError> {
    let runtime = Handle::try_current().map_err(|_| SupervisorError::NoRuntime)?;
    runtime.spawn_blocking(work).await.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // Only a runtime that is shutting down does not carry it out.
        Err(_) => SupervisorError::NoRuntime,
    })
}

/// With nothing set yet.
impl From<SupervisorSpec> for SupervisorBuilder {
    fn from(spec: SupervisorSpec) -> Self {
        Supervisor::builder(spec)
    }
}
