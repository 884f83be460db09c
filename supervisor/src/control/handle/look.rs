//! What a handle tells about its tree, without changing it.

use std::sync::Arc;

use tokio::sync::oneshot;
#[cfg(all(unix, feature = "systemd"))]
use tokio::sync::watch;
use tokio::time::timeout;

use super::SupervisorHandle;
#[cfg(feature = "audit")]
use crate::audit::AuditStatus;
#[cfg(feature = "config")]
use crate::config::effective::{EffectiveConfig, EffectiveValue};
use crate::control::stream::{EventFilter, EventStream, Live};
use crate::error::types::SupervisorError;
use crate::event::Event;
use crate::id::{ChildPath, IntoPath, nearest};
use crate::probe::{LivenessReport, NotAlive, NotReady, PATIENCE, ReadinessReport};
use crate::runtime::mailbox::{End, Message, Query};
use crate::state::{ChildState, TreeState};
use crate::summary::RunSummary;
use crate::why::Why;

impl SupervisorHandle {
    /// Every value that holds in the tree, with where it comes from and what it
    /// overrode. Children that were added later are not in it.
    #[cfg(feature = "config")]
    pub fn effective_config(&self) -> EffectiveConfig {
        let made_of = self.shared.made_of.as_ref();
        made_of.map_or_else(EffectiveConfig::default, |made_of| {
            let config = Arc::clone(&made_of.config.borrow());
            config.effective_beside(&made_of.spec, &made_of.beside)
        })
    }

    /// The values that hold for the child or supervisor at `path`; see
    /// [`effective_config`](Self::effective_config).
    ///
    /// # Errors
    ///
    /// [`Path`](SupervisorError::Path) for text that is no path, and
    /// [`UnknownPath`](SupervisorError::UnknownPath) for one that was not in the tree when it was
    /// started.
    #[cfg(feature = "config")]
    pub fn explain(&self, path: impl IntoPath) -> Result<Vec<EffectiveValue>, SupervisorError> {
        Ok(self.effective_config().of(&path.into_path()?)?.to_vec())
    }

    /// The state of the whole tree. After its end: as it was then.
    ///
    /// Answered at once, also while the tree shuts down.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::DriverGone`] when the tree is gone without a report.
    pub async fn current_state(&self) -> Result<TreeState, SupervisorError> {
        let (reply, answer) = oneshot::channel();
        if self.send(Message::Query(Query::State(reply)))
            && let Ok(snapshot) = answer.await
        {
            // Put together here, and not at the cost of the tree.
            return Ok(snapshot.tree());
        }
        self.final_state().map(|state| TreeState::clone(&state))
    }

    /// The state of one child. After the end of the tree: as it was then.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::UnknownPath`] with the nearest path that is known;
    /// [`SupervisorError::DriverGone`].
    pub async fn state_of(&self, path: impl IntoPath) -> Result<ChildState, SupervisorError> {
        let path = path.into_path()?;
        let (reply, answer) = oneshot::channel();
        if self.send(Message::Query(Query::StateOf(path.clone(), reply)))
            && let Ok(state) = answer.await
        {
            return state;
        }
        let state = self.final_state()?;
        state.get(path.as_str()).cloned().ok_or_else(|| unknown_in(&state, path))
    }

    /// The events from now on.
    ///
    /// A subscriber that reads too slowly misses the oldest ones and is told how many; it never
    /// slows the tree, and others lose nothing.
    pub fn subscribe_events(&self) -> EventStream {
        self.subscribe(EventFilter::ALL)
    }

    /// The events that a filter lets through, from now on or from the sequence that it names.
    ///
    /// After the end of the tree: what the journal has of them.
    pub fn subscribe(&self, filter: EventFilter) -> EventStream {
        let events = self.shared.events.upgrade();
        let count = || Arc::clone(&self.shared.subscribers);
        let live =
            events.map(|events| Live::new(&events, count()).measured_as(self.shared.is_measured));
        // After the subscription, so that nothing falls between the two.
        let earlier = filter.begins_at().map(|from| self.shared.journal.from(from));
        EventStream::of_a_running_tree(live, filter, earlier.unwrap_or_default())
    }

    /// The latest events, the oldest first, up to the capacity of the journal.
    pub fn journal(&self) -> Vec<Arc<Event>> {
        self.shared.journal.from(1).0
    }

    /// What was known when a supervisor melted down, a failure was escalated, a shutdown was ended
    /// by force, and the tree had ended: the latest 16, the oldest first. Also after the end.
    pub fn summaries(&self) -> Vec<Arc<RunSummary>> {
        self.shared.journal.summaries()
    }

    /// Why the child at `path` is in its state, as data and in sentences. After the end of the
    /// tree: as it was then.
    ///
    /// # Errors
    ///
    /// As [`state_of`](Self::state_of).
    pub async fn why(&self, path: impl IntoPath) -> Result<Why, SupervisorError> {
        let path = path.into_path()?;
        let (reply, answer) = oneshot::channel();
        if self.send(Message::Query(Query::Why(path.clone(), reply)))
            && let Ok(why) = answer.await
        {
            return why;
        }
        let tree = self.final_state()?;
        let state = tree.get(path.as_str()).cloned().ok_or_else(|| unknown_in(&tree, path))?;
        let above = std::iter::successors(state.path.parent(), ChildPath::parent);
        let above = above.filter_map(|path| tree.get(path.as_str()).cloned()).collect();
        Ok(Why::new(tree.uptime, state, above))
    }

    /// Whether the tree is ready for work: it is alive and not shutting down, the root is up, and
    /// so is every child with
    /// [`Criticality::Critical`](crate::policy::failure::Criticality::Critical), wherever it
    /// stands. What `/readyz` asks.
    ///
    /// A tree that does not answer within [`PATIENCE`] is not ready.
    pub async fn readiness(&self) -> ReadinessReport {
        if *self.shared.is_ending.borrow() {
            return ReadinessReport::because(match self.reason_it_is_over() {
                Some(NotAlive::Gone) => NotReady::NotAlive(NotAlive::Gone),
                _ => NotReady::ShuttingDown,
            });
        }
        match timeout(PATIENCE, self.current_state()).await {
            Ok(Ok(state)) => ReadinessReport::of(&state),
            Ok(Err(_)) => ReadinessReport::because(NotReady::NotAlive(NotAlive::Gone)),
            Err(_) => {
                ReadinessReport::because(NotReady::NotAlive(NotAlive::Silent { waited: PATIENCE }))
            }
        }
    }

    /// Whether the tree is alive: it has not ended, and it answers within [`PATIENCE`]. One that
    /// shuts down is. What `/livez` asks.
    pub async fn liveness(&self) -> LivenessReport {
        let answer = timeout(PATIENCE, self.state_of(ChildPath::root())).await;
        let silent = answer.is_err().then_some(NotAlive::Silent { waited: PATIENCE });
        LivenessReport { reason: self.reason_it_is_over().or(silent) }
    }

    fn reason_it_is_over(&self) -> Option<NotAlive> {
        match &*self.shared.end.borrow() {
            None => None,
            Some(End::Report { .. } | End::NoTree) => Some(NotAlive::Ended),
            Some(End::Gone) => Some(NotAlive::Gone),
        }
    }

    /// Becomes `true` when the end of the tree begins.
    #[cfg(all(unix, feature = "systemd"))]
    pub(crate) fn is_ending(&self) -> watch::Receiver<bool> {
        self.shared.is_ending.subscribe()
    }

    /// How the audit of the tree stands; `None` for a tree without one. Also after its end.
    #[cfg(feature = "audit")]
    pub fn audit_status(&self) -> Option<AuditStatus> {
        self.shared.audit.as_ref().map(|audit| audit.status())
    }

    /// Where the socket of the tree lies; `None` for a tree without one.
    #[cfg(all(feature = "ipc", unix))]
    pub fn ipc_path(&self) -> Option<&std::path::Path> {
        self.shared.ipc_path.as_deref()
    }

    pub(super) fn final_state(&self) -> Result<Arc<TreeState>, SupervisorError> {
        match &*self.shared.end.borrow() {
            Some(End::Report { last, .. }) => Ok(last.tree()),
            Some(End::NoTree) => Err(SupervisorError::ShuttingDown),
            Some(End::Gone) | None => Err(SupervisorError::DriverGone),
        }
    }
}

/// Some children of a tree at one moment.
#[cfg(all(feature = "ipc", unix))]
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// The sequence of the latest event that is in them.
    pub(crate) sequence: u64,
    /// Each, or nothing where it is not known.
    pub(crate) children: Vec<Option<ChildState>>,
}

/// For those who reach the tree over its socket.
#[cfg(all(feature = "ipc", unix))]
impl SupervisorHandle {
    /// Some children at one moment. Not answered any more when the tree ends.
    pub(crate) async fn rows(&self, paths: Vec<ChildPath>) -> Result<Rows, SupervisorError> {
        let (reply, answer) = oneshot::channel();
        if self.send(Message::Query(Query::Rows(paths, reply)))
            && let Ok(rows) = answer.await
        {
            return Ok(rows);
        }
        Err(self.end_error())
    }

    /// Whether the end of the tree has begun.
    pub(crate) fn has_begun_to_end(&self) -> bool {
        *self.shared.is_ending.borrow()
    }

    /// The sequence of the oldest event that the journal has.
    pub(crate) fn oldest_event(&self) -> Option<u64> {
        self.shared.journal.oldest()
    }

    /// Names the configuration that holds.
    #[cfg_attr(
        not(feature = "config"),
        expect(clippy::unused_self, reason = "without configurations there is one answer")
    )]
    pub(crate) fn config_version(&self) -> Arc<str> {
        #[cfg(feature = "config")]
        if let Some(made_of) = &self.shared.made_of {
            return made_of.config.borrow().version();
        }
        "compiled".into()
    }
}

/// The error for a path that was unknown when the tree ended.
fn unknown_in(state: &TreeState, path: ChildPath) -> SupervisorError {
    let is_known = |path: &ChildPath| state.get(path.as_str()).is_some();
    let known = std::iter::successors(path.parent(), ChildPath::parent)
        .find(is_known)
        .unwrap_or_else(ChildPath::root);
    let siblings = state.children_of(known.as_str()).map(|child| child.path.clone());
    let nearest_path = nearest(&path, &known, siblings);
    SupervisorError::UnknownPath { path, known, nearest_path }
}
