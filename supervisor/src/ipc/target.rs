//! What all connections to one tree share.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, watch};

use super::memory::Memory;
use super::options::IpcOptions;
use super::peer::Users;
use super::view::{self, Phase};
#[cfg(feature = "audit")]
use crate::audit::writer::AuditWriter;
use crate::control::handle::SupervisorHandle;
use crate::control::handle::look::Rows;
use crate::dashboard::label::Role;
use crate::dashboard::model::{
    ControlCommandKind, DashboardState, RegistrationState, SupportedCommand, TargetConnectionState,
    TargetProcessIdentity, TargetProcessRegistration,
};
use crate::dashboard::protocol::{Hello, Method, Program, VERSION, WireLimits};
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::state::{ChildState, HealthStatus, TreeState};
use crate::task::cell::lock;

/// How long to wait for the answer to a command, as clients are told.
const COMMAND_SECONDS: u64 = 60;

/// A tree and its socket.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) options: IpcOptions,
    pub(super) path: PathBuf,
    pub(super) handle: SupervisorHandle,
    pub(super) users: Arc<Users>,
    pub(super) memory: Mutex<Memory>,
    pub(super) commands: Arc<Semaphore>,
    /// Drawn at random with each start.
    pub(super) instance: String,
    pub(super) end: watch::Sender<Option<Ended>>,
    pub(super) registration: watch::Sender<RegistrationState>,
    pub(super) audits: AtomicU64,
    #[cfg(feature = "audit")]
    pub(super) audit: Option<AuditWriter>,
    /// Which children were healthy when somebody looked, and how often that was another answer than
    /// before: it is the one change that is no event.
    health: Mutex<BTreeMap<ChildPath, HealthStatus>>,
    health_changes: AtomicU64,
}

/// How the tree has ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) state: Arc<TreeState>,
}

impl Target {
    pub(super) fn new(options: IpcOptions, path: PathBuf, handle: SupervisorHandle) -> Self {
        let limits = options.limits.clone();
        Self {
            path,
            handle,
            users: Users::new(limits.clone()),
            memory: Mutex::new(Memory::new(limits.command_ids, limits.command_ids_for)),
            commands: Arc::new(Semaphore::new(limits.commands_at_once)),
            instance: format!("{:016x}", fastrand::u64(..)),
            end: watch::Sender::new(None),
            registration: watch::Sender::new(RegistrationState::Expired),
            audits: AtomicU64::new(0),
            #[cfg(feature = "audit")]
            audit: None,
            health: Mutex::default(),
            health_changes: AtomicU64::new(0),
            options,
        }
    }

    /// The same, with every command in this audit.
    #[cfg(feature = "audit")]
    pub(super) fn audited(mut self, audit: Option<AuditWriter>) -> Self {
        self.audit = audit;
        self
    }

    pub(super) fn id(&self) -> &str {
        &self.options.target_id
    }

    /// Whether the end of the tree has begun.
    pub(super) fn phase(&self) -> Phase {
        if self.handle.has_begun_to_end() { Phase::Ending } else { Phase::Alive }
    }

    /// The whole tree; after its end as it was then.
    pub(super) async fn tree(&self) -> Result<TreeState, SupervisorError> {
        let mut end = self.end.subscribe();
        tokio::select! {
            biased;
            Ok(ended) = end.wait_for(Option::is_some) => {
                ended.as_ref().map(|ended| TreeState::clone(&ended.state)).ok_or(SupervisorError::ShuttingDown)
            }
            tree = answered(self.handle.current_state()) => Ok(tree),
        }
    }

    /// Some of its children at one moment.
    pub(super) async fn rows(&self, paths: Vec<ChildPath>) -> Result<Rows, SupervisorError> {
        let mut end = self.end.subscribe();
        tokio::select! {
            biased;
            Ok(ended) = end.wait_for(Option::is_some) => {
                let state = ended.as_ref().map(|ended| &ended.state).ok_or(SupervisorError::ShuttingDown)?;
                let find = |path: &ChildPath| state.get(path.as_str()).cloned();
                Ok(Rows { sequence: state.sequence, children: paths.iter().map(find).collect() })
            }
            rows = answered(self.handle.rows(paths.clone())) => Ok(rows),
        }
    }

    /// The generation of a state: each event is a change, and what is none is counted beside them.
    pub(super) fn generation(&self, sequence: u64) -> u64 {
        sequence + self.health_changes.load(Ordering::SeqCst)
    }

    /// Counts a change of the health of a child since somebody looked.
    pub(super) fn heard(&self, child: &ChildState) {
        let Some(health) = child.health else { return };
        let before = lock(&self.health).insert(child.path.clone(), health.status);
        if before.is_some_and(|before| before != health.status) {
            self.health_changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// What is said about who it is and what it can do.
    pub(super) fn hello(&self, role: Role) -> Hello {
        let limits = &self.options.limits;
        let number = |limit: usize| limit.try_into().unwrap_or(u64::MAX);
        Hello {
            protocol_version: VERSION.to_owned(),
            target_id: self.id().to_owned(),
            display_name: self.options.name().to_owned(),
            methods: Method::ALL.iter().map(|method| method.as_str().to_owned()).collect(),
            supported_commands: supported_commands(),
            registration: self.registration(),
            role,
            program: Program {
                process_id: std::process::id(),
                supervisor_version: env!("CARGO_PKG_VERSION").to_owned(),
                instance: self.instance.clone(),
            },
            limits: WireLimits {
                line_bytes: number(limits.line_bytes),
                nesting: number(limits.nesting),
                requests_per_second: limits.requests_per_second.into(),
            },
        }
    }

    /// What a relay is told.
    pub(super) fn registration(&self) -> TargetProcessRegistration {
        let lease = self.options.registration.clone().unwrap_or_default().lease;
        TargetProcessRegistration {
            target_id: self.id().to_owned(),
            display_name: self.options.name().to_owned(),
            ipc_path: self.path.display().to_string(),
            lease_seconds: lease.as_secs(),
            supported_commands: supported_commands(),
        }
    }

    /// The tree as it is now, and what happened last.
    pub(super) async fn state(&self) -> Result<DashboardState, SupervisorError> {
        let tree = self.tree().await?;
        let known: BTreeSet<_> = tree.children.iter().map(|child| &child.path).collect();
        lock(&self.health).retain(|path, _| known.contains(path));
        for child in &tree.children {
            self.heard(child);
        }
        let (limits, phase) = (&self.options.limits, self.phase());
        let version = self.handle.config_version();
        let events = self.handle.journal();
        let events = events.iter().filter(|event| event.sequence <= tree.sequence);
        let mut latest: Vec<_> = events.rev().take(limits.recent).collect();
        latest.reverse();
        let oldest = self.handle.oldest_event().unwrap_or(tree.sequence + 1);
        Ok(DashboardState {
            target: TargetProcessIdentity {
                target_id: self.id().to_owned(),
                display_name: self.options.name().to_owned(),
                registration_state: *self.registration.borrow(),
                connection_state: TargetConnectionState::Connected,
            },
            topology: view::topology(&tree),
            runtime_state: tree.children.iter().map(|child| view::row(child, phase)).collect(),
            recent_events: latest
                .into_iter()
                .map(|event| view::event(event, self.id(), &version))
                .collect(),
            recent_logs: self
                .options
                .logs
                .recent(limits.recent)
                .iter()
                .map(|line| view::log(line, self.id()))
                .collect(),
            dropped_event_count: oldest.saturating_sub(1),
            dropped_log_count: self.options.logs.gone(),
            config_version: version.to_string(),
            generated_at_unix_nanos: view::now_unix_nanos(),
            state_generation: self.generation(tree.sequence),
            event_sequence: tree.sequence,
        })
    }
}

/// A tree that does not answer has ended, which is told.
async fn answered<T>(answer: impl Future<Output = Result<T, SupervisorError>>) -> T {
    match answer.await {
        Ok(answer) => answer,
        Err(_) => std::future::pending().await,
    }
}

fn supported_commands() -> Vec<SupportedCommand> {
    ControlCommandKind::ALL
        .into_iter()
        .map(|command| SupportedCommand {
            name: command.as_str().to_owned(),
            idempotent: true,
            timeout_seconds: COMMAND_SECONDS,
        })
        .collect()
}
