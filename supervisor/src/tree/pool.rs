//! The handle of a pool: members that come and go.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io;
use std::marker::PhantomData;

use thiserror::Error;

use super::args::{Needs, NoArgs, SpawnedWith};
use super::declared::Node;
use super::graph::key::Key;
use super::handle::Handle;
use super::runs::{MemberRuns, Runs};
use super::seat::{FromSeat, Seat};
use super::supervised::{Group, HasMembers, IsPool, Member, RunsUnder, Supervised};
use crate::control::handle::SupervisorHandle;
use crate::error::types::{ExitError, SupervisorError};
use crate::id::{ChildId, ChildPath, IdError};

/// Who asks, in the events about a spawn through a typed handle: it is the program itself.
const BY: &str = "the program";
const WHY: &str = "it was spawned";

/// A pool of `C`: children alike, which are spawned while the program runs, each with arguments of
/// its own, and are all stopped at the same time.
///
/// As the type of a field it declares a pool; `#[child(max_children = 1_000)]` there says how many
/// members it has at most, and the policies of a child are those of each member. In a running tree
/// it is the pool's handle: cheap to clone, equal by path. Like every handle from outside the tree it
/// keeps the tree alive.
///
/// A member whose life is over is forgotten; see [`SupervisorSpec::pool`]. When the pool is
/// restarted, all its members are gone.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[derive(Clone)]
/// struct Session {
///     user: u64,
/// }
///
/// #[child(restart(temporary))]
/// async fn session(ctx: TaskContext, Args(session): Args<Session>) {
///     println!("user {} is here", session.user);
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     #[child(max_children = 1_000)]
///     sessions: Pool<session>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let app = App::start(()).await?;
/// let ada = app.sessions.spawn("ada", Session { user: 1 }).await?;
/// assert_eq!(ada.path().as_str(), "/root/sessions/ada");
/// app.sessions.spawn_next(Session { user: 2 }).await?;
/// assert_eq!(app.sessions.len().await?, 2);
/// let report = app.shutdown(by("doc").because("end of the example")).await?;
/// assert_eq!(report.rows.len(), 3, "the pool and its members");
/// # Ok(())
/// # }
/// ```
///
/// [`SupervisorSpec::pool`]: crate::spec::supervisor::SupervisorSpec::pool
pub struct Pool<C> {
    seat: Seat,
    child: PhantomData<fn() -> C>,
}

impl<C: Member> Pool<C> {
    /// Spawns a member with this id, and waits until it is ready, or has said that there is nothing
    /// for it to do, or has failed to start.
    ///
    /// A child that takes no `Args` is spawned with `()`.
    ///
    /// # Errors
    ///
    /// As [`SpawnError`] says. Nothing is kept of a member that was not spawned.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes nothing back once it has been polled: the member is spawned though
    /// nobody waits.
    pub async fn spawn<N: SpawnedWith>(
        &self,
        id: impl AsRef<str> + Send,
        args: N::Value,
    ) -> Result<Handle<C>, SpawnError>
    where
        C: Needs<N>,
    {
        let pool = self.path();
        let spawned = self.seat.handle.spawn_member(pool, id.as_ref(), args, BY, WHY).await?;
        Ok(self.member(spawned.path))
    }

    /// Spawns a member with the next number as its id: 1, 2, 3 and so on. A number is not given
    /// twice, also when its member is gone, and one that is taken is left out.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    ///
    /// As [`spawn`](Self::spawn).
    pub async fn spawn_next<N: SpawnedWith>(&self, args: N::Value) -> Result<Handle<C>, SpawnError>
    where
        C: Needs<N>,
    {
        let pool = self.path();
        let spawned = self.seat.handle.spawn_next_member(pool, args, BY, WHY).await?;
        Ok(self.member(spawned.path))
    }
}

impl<C: 'static> Pool<C> {
    /// Where the pool stands in the tree.
    pub fn path(&self) -> &ChildPath {
        &self.seat.path
    }

    /// The tree it stands in.
    pub fn supervisor(&self) -> &SupervisorHandle {
        &self.seat.handle
    }

    /// The member with this id, if there is one now. `None` also when the tree is gone.
    pub async fn get(&self, id: impl AsRef<str> + Send) -> Option<Handle<C>> {
        let id = ChildId::new(id.as_ref()).ok()?;
        let path = self.path().join(&id);
        self.seat.handle.state_of(&path).await.ok().map(|_| self.member(path))
    }

    /// The members there are now, in the order in which they were spawned.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::DriverGone`] when the tree is gone without a report.
    pub async fn members(&self) -> Result<Vec<Handle<C>>, SupervisorError> {
        let state = self.seat.handle.current_state().await?;
        let members = state.children_of(self.path().as_str());
        Ok(members.map(|member| self.member(member.path.clone())).collect())
    }

    /// How many members there are now, those that wait for a restart or are kept out included.
    ///
    /// # Errors
    ///
    /// As [`members`](Self::members).
    pub async fn len(&self) -> Result<usize, SupervisorError> {
        let state = self.seat.handle.current_state().await?;
        Ok(state.children_of(self.path().as_str()).count())
    }

    /// Whether there is no member now.
    ///
    /// # Errors
    ///
    /// As [`members`](Self::members).
    pub async fn is_empty(&self) -> Result<bool, SupervisorError> {
        Ok(self.len().await? == 0)
    }

    fn member(&self, path: ChildPath) -> Handle<C> {
        Handle::from_seat(Seat { handle: self.seat.handle.clone(), path })
    }
}

impl<C: Member> Supervised for Pool<C> {
    type Handle = Self;
    const KEY: Key = C::KEY.group("Pool");
    const NODE: Node = Node::Pool(&C::NODE.of_members().in_a_group(Self::KEY));
}

impl<C: Member> Needs<NoArgs> for Pool<C> {}

impl<C: Member> Group for Pool<C> {}

impl<C: Member> IsPool for Pool<C> {}

impl<C> HasMembers for Pool<C> {
    type Member = C;
}

impl<S: 'static, C: Member + RunsUnder<S>> RunsUnder<S> for Pool<C> {
    const RUNS: Runs<S> =
        Runs::Members(&const { MemberRuns::new::<C>(<C as RunsUnder<S>>::TAKES) });
}

impl<C: 'static> FromSeat for Pool<C> {
    fn from_seat(seat: Seat) -> Self {
        Self { seat, child: PhantomData }
    }
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self { seat: self.seat.clone(), child: PhantomData }
    }
}

impl<C> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.seat.path).finish()
    }
}

impl<C> PartialEq for Pool<C> {
    fn eq(&self, other: &Self) -> bool {
        self.seat == other.seat
    }
}

impl<C> Eq for Pool<C> {}

impl<C> Hash for Pool<C> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.seat.hash(hasher);
    }
}

/// Why no member was spawned.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// A member with this id lives already.
    #[error("`{path}` is already started")]
    AlreadyStarted {
        /// The member.
        path: ChildPath,
    },
    /// A member with this id waits for its restart, is paused, or is quarantined.
    #[error("`{path}` is already known, though it does not run")]
    AlreadyPresent {
        /// The member.
        path: ChildPath,
    },
    /// The pool has as many members as it may have.
    #[error("`{pool}` is full: it has its `max_children`, {max_children}")]
    Full {
        /// The pool.
        pool: ChildPath,
        /// How many members it may have.
        max_children: u32,
    },
    /// The id cannot stand in a path.
    #[error("`{pool}` cannot have a member of this name")]
    BadId {
        /// The pool.
        pool: ChildPath,
        /// What is wrong with the name.
        #[source]
        cause: IdError,
    },
    /// The member failed to start.
    #[error("`{path}` failed to start")]
    StartFailed {
        /// The member.
        path: ChildPath,
        /// How its start ended.
        #[source]
        cause: ExitError,
    },
    /// The end of the tree has begun, or is over.
    #[error("the tree is shutting down")]
    ShuttingDown,
    /// Anything else: the pool, or a supervisor above it, does not run, say.
    #[error(transparent)]
    Other(SupervisorError),
}

impl From<SupervisorError> for SpawnError {
    fn from(error: SupervisorError) -> Self {
        match error {
            SupervisorError::AlreadyStarted { path } => Self::AlreadyStarted { path },
            SupervisorError::AlreadyPresent { path } => Self::AlreadyPresent { path },
            SupervisorError::PoolFull { pool, max_children } => Self::Full { pool, max_children },
            SupervisorError::BadId { pool, cause } => Self::BadId { pool, cause },
            SupervisorError::StartFailed { path, cause } => Self::StartFailed { path, cause },
            SupervisorError::ShuttingDown => Self::ShuttingDown,
            other => Self::Other(other),
        }
    }
}

/// So that `?` works where everything else may fail with a [`SupervisorError`].
impl From<SpawnError> for SupervisorError {
    fn from(error: SpawnError) -> Self {
        match error {
            SpawnError::AlreadyStarted { path } => Self::AlreadyStarted { path },
            SpawnError::AlreadyPresent { path } => Self::AlreadyPresent { path },
            SpawnError::Full { pool, max_children } => Self::PoolFull { pool, max_children },
            SpawnError::BadId { pool, cause } => Self::BadId { pool, cause },
            SpawnError::StartFailed { path, cause } => Self::StartFailed { path, cause },
            SpawnError::ShuttingDown => Self::ShuttingDown,
            SpawnError::Other(other) => other,
        }
    }
}

/// So that `?` works in a listener, where everything else fails with an [`io::Error`].
impl From<SpawnError> for io::Error {
    fn from(error: SpawnError) -> Self {
        Self::other(error)
    }
}
