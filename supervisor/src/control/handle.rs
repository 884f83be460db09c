//! The handle of a running tree.

pub(crate) mod look;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::command::{By, Command, Verb};
use super::outcome::CommandOutcome;
use crate::error::types::SupervisorError;
use crate::id::{ChildId, ChildPath, IntoPath};
use crate::observe::journal::Journal;
use crate::report::ShutdownReport;
use crate::runtime::mailbox::{End, Message, Query, Shared};
use crate::spec::NodeSpec;
use crate::task::cell::lock;
use crate::task::member::Arguments;

/// The handle of a running tree. Cheap to clone.
///
/// Dropping the last one shuts the tree down, unless [`detach`](Self::detach) said otherwise. A
/// handle that a child got from its context does not count.
///
/// Every command names who asks and why; both are kept and neither may be blank. What a command
/// answers is true when it is answered.
///
/// # Errors of every command
///
/// - [`Path`](SupervisorError::Path) for text that is no path, and
///   [`UnknownPath`](SupervisorError::UnknownPath) with the nearest one that is known;
/// - [`IsRoot`](SupervisorError::IsRoot) for what only a child can be asked, and
///   [`NotASupervisor`](SupervisorError::NotASupervisor) where only a supervisor has children;
/// - [`SupervisorDown`](SupervisorError::SupervisorDown) where the supervisor of the child does not
///   run;
/// - [`Blank`](SupervisorError::Blank) when nobody, or nothing, is given as the reason;
/// - [`ShuttingDown`](SupervisorError::ShuttingDown) when the end of the tree has begun, and
///   [`DriverGone`](SupervisorError::DriverGone) when its runtime is gone;
/// - `Audit` (feature `audit`) when the tree has an audit that cannot be written: then the command
///   has had no effect.
///
/// # Cancel safety
///
/// Dropping the future of a query loses its answer and nothing else. Dropping that of a command
/// takes nothing back once it has been polled: what was asked for is carried out though nobody
/// waits.
#[derive(Clone)]
#[must_use = "when the last handle is dropped, the tree is shut down"]
pub struct SupervisorHandle {
    pub(super) shared: Arc<Shared>,
    /// What keeps the tree alive; `None` inside it.
    life: Option<Arc<Life>>,
}

/// Shared by all handles from outside the tree: the last one ends it.
struct Life(Arc<Shared>);

impl Drop for Life {
    fn drop(&mut self) {
        if self.0.is_detached() || cfg!(plant_bug = "orphaned_by_drop") {
            return;
        }
        let by =
            By { requested_by: "the program".into(), reason: "the last handle was dropped".into() };
        let (reply, _) = oneshot::channel();
        // A tree that has ended already needs no asking.
        drop(self.0.mailbox.send(Message::Command(Command::Shutdown(by), reply)));
    }
}

impl SupervisorHandle {
    pub(crate) fn strong(shared: Arc<Shared>) -> Self {
        let life = Some(Arc::new(Life(Arc::clone(&shared))));
        Self { shared, life }
    }

    pub(crate) fn weak(shared: Arc<Shared>) -> Self {
        Self { shared, life: None }
    }

    /// The same tree, which this handle does not keep alive.
    #[cfg(feature = "config")]
    pub(crate) fn weak_of(handle: &Self) -> Self {
        Self::weak(Arc::clone(&handle.shared))
    }

    /// The handle of a context that belongs to no tree: everything answers that it is over.
    pub(crate) fn of_no_tree() -> Self {
        let (mailbox, _) = mpsc::unbounded_channel();
        let (events, _) = broadcast::channel(1);
        Self::weak(Arc::new(Shared {
            mailbox,
            events: events.downgrade(),
            subscribers: Arc::new(AtomicUsize::new(0)),
            journal: Journal::new(0),
            is_ending: watch::Sender::new(true),
            end: watch::Sender::new(Some(End::NoTree)),
            is_detached: AtomicBool::new(false),
            is_measured: false,
            #[cfg(feature = "config")]
            made_of: None,
            counts: std::sync::Mutex::default(),
            #[cfg(feature = "audit")]
            audit: None,
            #[cfg(all(feature = "ipc", unix))]
            ipc_path: None,
        }))
    }

    /// How many children the many at `path` is declared with.
    pub(crate) fn count_of(&self, path: &ChildPath) -> usize {
        lock(&self.shared.counts).get(path).copied().unwrap_or_default()
    }

    pub(crate) fn end_error(&self) -> SupervisorError {
        self.shared.end_error()
    }

    /// Adds a child, a task or a supervisor, to the running supervisor at `parent`, as its
    /// youngest, and waits until it is ready, has ignored its start, or has failed to. One that has
    /// to wait for what it depends on is added, and answered as waiting, at once.
    ///
    /// It is not part of the declaration: when its supervisor is restarted it is gone.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::AlreadyStarted`] and [`SupervisorError::AlreadyPresent`] for an id that
    /// is known; [`SupervisorError::StartFailed`] when it failed: then nothing is kept of it;
    /// [`SupervisorError::Spec`] with everything that is wrong with its declaration; and those
    /// of every command.
    pub async fn add_child(
        &self,
        parent: impl IntoPath,
        spec: impl Into<NodeSpec>,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let (parent, spec) = (parent.into_path()?, Box::new(spec.into()));
        self.change(Verb::Add { parent, spec }, requested_by, reason).await
    }

    /// Adds a member to the running pool at `pool`, with what it is given, and waits as
    /// [`add_child`](Self::add_child) does. Each of its runs gets a clone of `arguments`.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::PoolFull`]; [`SupervisorError::NotAPool`];
    /// [`SupervisorError::WrongArguments`] when its members take another type;
    /// [`SupervisorError::BadId`]; and those of [`add_child`](Self::add_child).
    pub async fn spawn_member<A: Any + Send + Sync>(
        &self,
        pool: impl IntoPath,
        id: &str,
        arguments: A,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let pool = pool.into_path()?;
        let id = ChildId::new(id)
            .map_err(|cause| SupervisorError::BadId { pool: pool.clone(), cause })?;
        let (id, arguments) = (Some(id), Arguments::new(arguments));
        self.spawn(pool, id, arguments, requested_by, reason).await
    }

    /// As [`spawn_member`](Self::spawn_member), with the next number as the id: 1, 2, 3 and so on,
    /// those left out that are taken. The pool goes on counting when it is restarted.
    ///
    /// # Errors
    ///
    /// As [`spawn_member`](Self::spawn_member).
    pub async fn spawn_next_member<A: Any + Send + Sync>(
        &self,
        pool: impl IntoPath,
        arguments: A,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let (pool, arguments) = (pool.into_path()?, Arguments::new(arguments));
        self.spawn(pool, None, arguments, requested_by, reason).await
    }

    async fn spawn(
        &self,
        pool: ChildPath,
        id: Option<ChildId>,
        arguments: Arguments,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let verb = Verb::Spawn { pool, id, arguments, overrides: None };
        self.change(verb, requested_by, reason).await
    }

    /// Starts a child that is down.
    ///
    /// A start that fails leaves it down: it is not tried again and costs nothing. One that has to
    /// wait for what the child depends on is answered at once, as waiting; what becomes of it later
    /// is a matter of its policies.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Running`] when it lives; [`SupervisorError::Restarting`] when its
    /// supervisor is about to start it; [`SupervisorError::Waiting`] when it starts as soon as what
    /// it depends on is ready; [`SupervisorError::Quarantined`];
    /// [`SupervisorError::Paused`];
    /// [`SupervisorError::Unjoinable`]; [`SupervisorError::StartFailed`];
    /// [`SupervisorError::Stopped`] and [`SupervisorError::Removed`] when a later command came
    /// between; and those of every command.
    pub async fn start_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Start(path.into_path()?), requested_by, reason).await
    }

    /// Stops a child and waits until it is gone. It stays known, unless it is temporary.
    ///
    /// A child that is down already is no error. One that waits for its restart waits no longer.
    /// It does not last: a restart round, or a restart of its supervisor, starts it again.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Unjoinable`] when it does not end although it was aborted; and those of
    /// every command.
    pub async fn stop_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Stop(path.into_path()?), requested_by, reason).await
    }

    /// Stops a child, waits until it is gone, and starts it again; one that is down, quarantined
    /// or waiting for its restart is started at once. It spends no budget. One that waits for what
    /// it depends on goes on waiting.
    ///
    /// A start that fails leaves it down, as with [`start_child`](Self::start_child).
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Paused`]; [`SupervisorError::StartFailed`];
    /// [`SupervisorError::Unjoinable`]; [`SupervisorError::Stopped`] and
    /// [`SupervisorError::Removed`] when a later command came between; and those of every command.
    pub async fn restart_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Restart(path.into_path()?), requested_by, reason).await
    }

    /// Deletes a child that is down. It does not last: a restart of its supervisor brings a
    /// declared child back.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Running`] when it lives; [`SupervisorError::Restarting`] when its
    /// supervisor is about to start it; [`SupervisorError::Unjoinable`]; and those of every command.
    pub async fn delete_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Delete(path.into_path()?), requested_by, reason).await
    }

    /// Stops a child if it lives, waits until it is gone, and deletes it for good: no restart of
    /// its supervisor brings it back.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Unjoinable`] when it does not end although it was aborted: then it is
    /// removed when it does; and those of every command.
    pub async fn remove_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Remove(path.into_path()?), requested_by, reason).await
    }

    /// Stops a child, waits until it is gone, and keeps it out of restarts and rounds until
    /// [`resume_child`](Self::resume_child).
    ///
    /// It is kept by path: a round, a sibling's failure and a restart of any supervisor above do
    /// not undo it, also when a declared child is built again. A temporary child is not forgotten
    /// while it is paused. One that was added is gone when its supervisor restarts, and the pause
    /// with it. Pausing a supervisor stops everything below it.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Unjoinable`] when it does not end although it was aborted: it is paused
    /// when it does; [`SupervisorError::Removed`] when it is being removed; and those of every
    /// command.
    pub async fn pause_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Pause(path.into_path()?), requested_by, reason).await
    }

    /// Ends a pause or a quarantine. A child that ran before, or was about to, is started; one
    /// that was down stays down. A supervisor is started whole. It leaves the budget as it is.
    ///
    /// A child that is neither paused nor quarantined is no error. A start that fails leaves it
    /// down, as with [`start_child`](Self::start_child).
    ///
    /// # Errors
    ///
    /// [`SupervisorError::StartFailed`]; [`SupervisorError::Unjoinable`];
    /// [`SupervisorError::Stopped`] and [`SupervisorError::Removed`] when a later command came
    /// between; and those of every command.
    pub async fn resume_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Resume(path.into_path()?), requested_by, reason).await
    }

    /// As [`pause_child`](Self::pause_child), until [`resume_child`](Self::resume_child) or
    /// [`restart_child`](Self::restart_child). The same state as that of a child that has used up
    /// its own limit.
    ///
    /// # Errors
    ///
    /// As [`pause_child`](Self::pause_child).
    pub async fn quarantine_child(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::Quarantine(path.into_path()?), requested_by, reason).await
    }

    /// Makes a child's own [`restart_limit`](crate::policy::Policy::restart_limit) whole again:
    /// none of its restarts so far counts. It starts nothing, and ends no quarantine. The
    /// intensity of its supervisor stays as it is.
    ///
    /// # Errors
    ///
    /// Those of every command.
    pub async fn reset_budget(
        &self,
        path: impl IntoPath,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.change(Verb::ResetBudget(path.into_path()?), requested_by, reason).await
    }

    /// Ends the tree, youngest children first, and waits for the report.
    ///
    /// Asking again gives the same report, also after the end.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::Blank`]; and those of [`join`](Self::join).
    pub async fn shutdown_tree(
        &self,
        requested_by: &str,
        reason: &str,
    ) -> Result<ShutdownReport, SupervisorError> {
        self.request_shutdown(requested_by, reason)?;
        self.join().await
    }

    /// Aborts everything at once, and waits for the report. What the second Ctrl-C does.
    ///
    /// # Errors
    ///
    /// As [`shutdown_tree`](Self::shutdown_tree).
    pub async fn shutdown_now(
        &self,
        requested_by: &str,
        reason: &str,
    ) -> Result<ShutdownReport, SupervisorError> {
        self.request_shutdown_now(requested_by, reason)?;
        self.join().await
    }

    /// Waits until the tree has ended, for whatever reason.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::DriverGone`] when the tree is gone without a report;
    /// [`SupervisorError::ShuttingDown`] from a handle that a child got from its context, as soon
    /// as the end has begun: the end waits for the child, so the child cannot wait for the end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn join(&self) -> Result<ShutdownReport, SupervisorError> {
        if self.life.is_none() {
            let mut is_ending = self.shared.is_ending.subscribe();
            // `shared` holds the sender: it is never closed.
            drop(is_ending.wait_for(|&is_ending| is_ending).await);
            if self.shared.end.borrow().is_none() {
                return Err(SupervisorError::ShuttingDown);
            }
        }
        let mut end = self.shared.end.subscribe();
        let end = end.wait_for(Option::is_some).await.map_err(|_| SupervisorError::DriverGone)?;
        match &*end {
            Some(End::Report { report, .. }) => Ok(ShutdownReport::clone(report)),
            Some(End::NoTree) => Err(SupervisorError::ShuttingDown),
            Some(End::Gone) | None => Err(SupervisorError::DriverGone),
        }
    }

    /// Lets the tree live on when the last handle is dropped.
    pub fn detach(&self) {
        self.shared.is_detached.store(true, Ordering::SeqCst);
    }

    /// Waits until the child at `path` is up; `/root` is when the whole tree is.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::UnknownPath`]; [`SupervisorError::Removed`] when the child is forgotten
    /// meanwhile; [`SupervisorError::ShuttingDown`] when the end of the tree has begun.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait_until_ready(
        &self,
        path: impl IntoPath,
    ) -> Result<CommandOutcome, SupervisorError> {
        self.ask(Command::WaitReady(path.into_path()?)).await
    }

    /// Waits until nothing is starting, stopping, delayed or queued anywhere in the tree, or the
    /// tree has ended. A child that waits for what it depends on is at rest.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::DriverGone`] when the tree is gone without a report.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait_until_settled(&self) -> Result<(), SupervisorError> {
        let (reply, answer) = oneshot::channel();
        if self.send(Message::Query(Query::Settled(reply))) && answer.await.is_ok() {
            return Ok(());
        }
        self.final_state().map(drop)
    }

    /// Asks for the end of the tree without waiting for it.
    pub(crate) fn request_shutdown(
        &self,
        requested_by: &str,
        reason: &str,
    ) -> Result<(), SupervisorError> {
        let by = By::new(requested_by, reason)?;
        let (reply, _) = oneshot::channel();
        // A tree that has ended already needs no asking.
        self.send(Message::Command(Command::Shutdown(by), reply));
        Ok(())
    }

    pub(crate) fn request_shutdown_now(
        &self,
        requested_by: &str,
        reason: &str,
    ) -> Result<(), SupervisorError> {
        let by = By::new(requested_by, reason)?;
        let (reply, _) = oneshot::channel();
        self.send(Message::Command(Command::ShutdownNow(by), reply));
        Ok(())
    }

    pub(super) async fn change(
        &self,
        verb: Verb,
        requested_by: &str,
        reason: &str,
    ) -> Result<CommandOutcome, SupervisorError> {
        let by = By::new(requested_by, reason)?;
        self.ask(Command::Do(verb, by)).await
    }

    pub(super) async fn ask(&self, command: Command) -> Result<CommandOutcome, SupervisorError> {
        let (reply, answer) = oneshot::channel();
        if !self.send(Message::Command(command, reply)) {
            return Err(self.end_error());
        }
        answer.await.unwrap_or_else(|_| Err(self.end_error()))
    }

    /// Whether the driver is still there to receive it.
    pub(super) fn send(&self, message: Message) -> bool {
        self.shared.mailbox.send(message).is_ok()
    }
}

impl fmt::Debug for SupervisorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorHandle")
            .field("has_ended", &self.shared.end.borrow().is_some())
            .field("keeps_alive", &self.life.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_handle_that_is_dropped_asks_for_the_end() {
        let (mailbox, mut inbox) = mpsc::unbounded_channel();
        let (events, _) = broadcast::channel(1);
        let shared = Arc::new(Shared {
            mailbox,
            events: events.downgrade(),
            subscribers: Arc::new(AtomicUsize::new(0)),
            journal: Journal::new(0),
            is_ending: watch::Sender::new(false),
            end: watch::Sender::new(None),
            is_detached: AtomicBool::new(false),
            is_measured: false,
            #[cfg(feature = "config")]
            made_of: None,
            counts: std::sync::Mutex::default(),
            #[cfg(feature = "audit")]
            audit: None,
            #[cfg(all(feature = "ipc", unix))]
            ipc_path: None,
        });
        let first = SupervisorHandle::strong(Arc::clone(&shared));
        let second = first.clone();
        drop(SupervisorHandle::weak(shared));
        drop(first);
        assert!(inbox.try_recv().is_err(), "one is left");
        drop(second);
        assert!(matches!(inbox.try_recv(), Ok(Message::Command(Command::Shutdown(_), _))));
    }
}
