//! What the driver can receive, and what handles and runs share with it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;

#[cfg(feature = "audit")]
use crate::audit::AuditError;
#[cfg(feature = "audit")]
use crate::audit::writer::Monitor;
#[cfg(feature = "config")]
use crate::config::effective::beside::Beside;
#[cfg(feature = "config")]
use crate::config::laid::laid;
#[cfg(feature = "config")]
use crate::config::load::LoadedConfig;
#[cfg(feature = "config")]
use crate::config::load::sources::Sources;
#[cfg(feature = "config")]
use crate::config::observability::ObservabilitySection;
#[cfg(all(feature = "audit", feature = "config"))]
use crate::control::command::By;
use crate::control::command::{Command, Reply};
use crate::control::handle::SupervisorHandle;
#[cfg(any(feature = "audit", feature = "record"))]
use crate::core::input::News;
use crate::core::input::RunEnd;
use crate::core::key::RunKey;
use crate::core::reconfigure::Kept;
use crate::core::time::Uptime;
use crate::core::view::Snapshot;
use crate::error::types::SupervisorError;
use crate::event::Event;
use crate::id::ChildPath;
#[cfg(feature = "audit")]
use crate::id::CommandId;
use crate::observe::journal::Journal;
use crate::report::ShutdownReport;
#[cfg(feature = "config")]
use crate::spec::supervisor::SupervisorSpec;
use crate::state::{ChildState, TreeState};
use crate::task::cell::Reports;
use crate::why::Why;

/// What the driver can receive.
pub(crate) enum Message {
    /// A run is over.
    Ended(RunKey, RunEnd),
    /// A run is ready.
    Ready(RunKey),
    /// A task that a run spawned panicked.
    HelperPanicked(RunKey),
    /// Somebody wants something. The answer goes nowhere if nobody waits for it.
    Command(Command, oneshot::Sender<Reply>),
    /// The entry about a command is on the disk, or cannot be.
    #[cfg(feature = "audit")]
    Audited(CommandId, Result<(), AuditError>),
    /// A reload was refused before the engine was asked. The answer comes when that is in the audit.
    #[cfg(all(feature = "audit", feature = "config"))]
    ReloadRefused(By, SupervisorError, oneshot::Sender<Reply>),
    /// Something has happened beside the tree.
    #[cfg(any(feature = "audit", feature = "record"))]
    News(News),
    /// Somebody wants to know.
    Query(Query),
}

pub(crate) enum Query {
    State(oneshot::Sender<Snapshot>),
    StateOf(ChildPath, oneshot::Sender<Result<ChildState, SupervisorError>>),
    Why(ChildPath, oneshot::Sender<Result<Why, SupervisorError>>),
    Settled(oneshot::Sender<()>),
    #[cfg(all(feature = "ipc", unix))]
    Rows(Vec<ChildPath>, oneshot::Sender<crate::control::handle::look::Rows>),
}

/// What the handles, the runs and the driver of one tree share.
pub(crate) struct Shared {
    pub(crate) mailbox: mpsc::UnboundedSender<Message>,
    /// Gone with the driver, so that the streams of events end with the tree.
    pub(crate) events: broadcast::WeakSender<Arc<Event>>,
    pub(crate) subscribers: Arc<AtomicUsize>,
    pub(crate) journal: Journal,
    /// Whether the end has begun.
    pub(crate) is_ending: watch::Sender<bool>,
    pub(crate) end: watch::Sender<Option<End>>,
    pub(crate) is_detached: AtomicBool,
    /// Whether metrics are told.
    pub(crate) is_measured: bool,
    /// What the tree was made of.
    #[cfg(feature = "config")]
    pub(crate) made_of: Option<MadeOf>,
    /// How many children each many is declared with.
    pub(crate) counts: Mutex<BTreeMap<ChildPath, usize>>,
    #[cfg(feature = "audit")]
    pub(crate) audit: Option<Arc<Monitor>>,
    /// Where the socket of the tree lies.
    #[cfg(all(feature = "ipc", unix))]
    pub(crate) ipc_path: Option<std::path::PathBuf>,
}

/// What a tree was made of, so that a new configuration can be laid over it.
#[cfg(feature = "config")]
pub(crate) struct MadeOf {
    /// Without tasks, so that nothing of the program is held.
    pub(crate) spec: SupervisorSpec,
    pub(crate) sources: Sources,
    /// How much is kept where the configuration does not say.
    pub(crate) in_code: Capacities,
    /// What the builder was told that stands beside the tree.
    pub(crate) beside: Beside,
    /// What holds.
    pub(crate) config: watch::Sender<Arc<LoadedConfig>>,
    /// Held by a reload, so that there is one at a time.
    pub(crate) reloading: tokio::sync::Mutex<()>,
}

/// How much is kept for those who look at the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capacities {
    /// How many events are kept for those who are slow.
    pub(crate) events: usize,
    /// How many events are kept for those who come late.
    pub(crate) journal: usize,
    pub(crate) kept: Kept,
}

#[cfg(feature = "config")]
impl Capacities {
    /// These, where `section` says nothing else.
    pub(crate) fn with(self, section: &ObservabilitySection) -> Self {
        let &ObservabilitySection {
            event_capacity,
            journal_capacity,
            last_exits,
            remembered_paths,
            ..
        } = section;
        let said = |key, said: Option<u32>, in_code| {
            let said = laid("ObservabilitySection", key, said);
            said.map_or(in_code, |said| usize::try_from(said).unwrap_or(usize::MAX))
        };
        Self {
            events: said("event_capacity", event_capacity, self.events),
            journal: said("journal_capacity", journal_capacity, self.journal),
            kept: Kept {
                last_exits: said("last_exits", last_exits, self.kept.last_exits),
                remembered_paths: said(
                    "remembered_paths",
                    remembered_paths,
                    self.kept.remembered_paths,
                ),
            },
        }
    }
}

/// How the driver ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The tree ended.
    Report { report: Arc<ShutdownReport>, last: Arc<LastState> },
    /// The driver was dropped, with the runtime it ran on.
    Gone,
    /// There never was a tree.
    NoTree,
}

/// The tree as it was when it had ended. Put together when somebody asks for it.
#[derive(Debug)]
pub(crate) struct LastState {
    snapshot: Snapshot,
    tree: OnceLock<Arc<TreeState>>,
}

impl LastState {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self { snapshot, tree: OnceLock::new() }
    }

    pub(crate) fn tree(&self) -> Arc<TreeState> {
        Arc::clone(self.tree.get_or_init(|| Arc::new(self.snapshot.tree())))
    }
}

impl Shared {
    pub(crate) fn is_detached(&self) -> bool {
        self.is_detached.load(Ordering::SeqCst)
    }

    /// What to answer when the driver does not.
    pub(crate) fn end_error(&self) -> SupervisorError {
        match &*self.end.borrow() {
            Some(End::Gone) => SupervisorError::DriverGone,
            Some(End::Report { .. } | End::NoTree) | None => SupervisorError::ShuttingDown,
        }
    }
}

/// Runs hold the mailbox and so never outlive it. A driver that is gone no longer cares.
pub(crate) struct RunReports {
    pub(crate) shared: Arc<Shared>,
    /// When the clock of the tree began.
    pub(crate) epoch: Instant,
}

impl RunReports {
    fn send(&self, message: Message) {
        // A tree that has ended does not want to know.
        drop(self.shared.mailbox.send(message));
    }
}

impl Reports for RunReports {
    fn ready(&self, run: RunKey) {
        self.send(Message::Ready(run));
        free_the_driver();
    }

    fn uptime(&self) -> Uptime {
        Uptime::after(self.epoch.elapsed())
    }

    fn ended(&self, run: RunKey, end: RunEnd) {
        self.send(Message::Ended(run, end));
    }

    fn helper_panicked(&self, run: RunKey) {
        self.send(Message::HelperPanicked(run));
    }

    fn handle(&self) -> SupervisorHandle {
        SupervisorHandle::weak(Arc::clone(&self.shared))
    }
}

/// A worker of the multi-thread runtime keeps the task that was woken last to itself, out of the
/// reach of the others: here that is the driver. Should the run that has woken it never yield, the
/// driver would wait for it for ever. So something else is put into that place.
fn free_the_driver() {
    let is_in_a_task = tokio::task::try_id().is_some();
    if let (true, Ok(runtime)) = (is_in_a_task, Handle::try_current())
        && runtime.runtime_flavor() != RuntimeFlavor::CurrentThread
    {
        drop(runtime.spawn(std::future::ready(())));
    }
}
