//! The handle of one child, and who asks it for what.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use super::Answer;
use super::seat::{FromSeat, Seat};
use crate::control::handle::SupervisorHandle;
use crate::control::outcome::CommandOutcome;
use crate::error::types::SupervisorError;
use crate::id::ChildPath;
use crate::state::ChildState;
use crate::why::Why;

/// The handle of one child of a running tree; its type says which. Cheap to clone, equal by path.
///
/// It keeps the tree alive, like every [`SupervisorHandle`]. A child that a command has removed
/// is still named by it; commands then answer
/// [`UnknownPath`](SupervisorError::UnknownPath).
pub struct Handle<C> {
    seat: Seat,
    child: PhantomData<fn() -> C>,
}

impl<C> Handle<C> {
    /// Where the child stands in the tree.
    pub fn path(&self) -> &ChildPath {
        &self.seat.path
    }

    /// The tree it stands in.
    pub fn supervisor(&self) -> &SupervisorHandle {
        &self.seat.handle
    }

    /// See [`SupervisorHandle::restart_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restart(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.restart_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::stop_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn stop(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.stop_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::start_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn start(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.start_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::remove_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remove(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.remove_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::pause_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn pause(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.pause_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::resume_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn resume(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.resume_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::quarantine_child`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn quarantine(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.quarantine_child(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// See [`SupervisorHandle::reset_budget`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn reset_budget(&self, why: impl IntoAttribution) -> Answer<CommandOutcome> {
        self.ask(why, |seat, why| async move {
            seat.handle.reset_budget(&seat.path, why.requested_by(), why.reason()).await
        })
    }

    /// The state of the child; see [`SupervisorHandle::state_of`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn state(&self) -> Result<ChildState, SupervisorError> {
        self.seat.handle.state_of(self.path()).await
    }

    /// Why the child is in its state; see [`SupervisorHandle::why`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn why(&self) -> Result<Why, SupervisorError> {
        self.seat.handle.why(self.path()).await
    }

    /// Waits until the child is up; see [`SupervisorHandle::wait_until_ready`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait_until_ready(&self) -> Result<CommandOutcome, SupervisorError> {
        self.seat.handle.wait_until_ready(self.path()).await
    }
}

impl<C> Handle<C> {
    fn ask<F>(
        &self,
        why: impl IntoAttribution,
        command: impl FnOnce(Seat, Attribution) -> F,
    ) -> Answer<CommandOutcome>
    where
        F: Future<Output = Result<CommandOutcome, SupervisorError>> + Send + 'static,
    {
        Box::pin(command(self.seat.clone(), why.into_attribution()))
    }
}

impl<C: 'static> FromSeat for Handle<C> {
    fn from_seat(seat: Seat) -> Self {
        Self { seat, child: PhantomData }
    }
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Self {
        Self { seat: self.seat.clone(), child: PhantomData }
    }
}

impl<C> fmt::Debug for Handle<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(self.path()).finish()
    }
}

impl<C> PartialEq for Handle<C> {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path()
    }
}

impl<C> Eq for Handle<C> {}

impl<C> Hash for Handle<C> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.path().hash(hasher);
    }
}

/// Who asks for something, and why. Others will read it later; neither part may be blank, which
/// the command checks.
///
/// Made by [`by`], or from a pair of both.
///
/// ```
/// use rust_supervisor::tree::handle::{Attribution, by};
///
/// let why = by("alice").because("schema fixed");
/// assert_eq!(why, Attribution::from(("alice", "schema fixed")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribution {
    requested_by: String,
    reason: String,
}

impl Attribution {
    /// Who.
    pub fn requested_by(&self) -> &str {
        &self.requested_by
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Who asks and why, as a command takes it: `by("alice").because("schema fixed")`, or the pair
/// `("alice", "schema fixed")`.
#[diagnostic::on_unimplemented(
    message = "a command says who asks for it and why, and `{Self}` does not say both",
    label = "who, why, or both are missing",
    note = "write `by(\"alice\").because(\"schema fixed\")`"
)]
pub trait IntoAttribution {
    /// Who, and why.
    fn into_attribution(self) -> Attribution;
}

impl IntoAttribution for Attribution {
    fn into_attribution(self) -> Attribution {
        self
    }
}

impl<W: Into<String>, R: Into<String>> IntoAttribution for (W, R) {
    fn into_attribution(self) -> Attribution {
        self.into()
    }
}

impl<W: Into<String>, R: Into<String>> From<(W, R)> for Attribution {
    fn from((requested_by, reason): (W, R)) -> Self {
        Self { requested_by: requested_by.into(), reason: reason.into() }
    }
}

/// Says who asks: `by("alice").because("schema fixed")`.
pub fn by(requested_by: impl Into<String>) -> Requester {
    Requester { requested_by: requested_by.into() }
}

/// Who asks; the reason is still to be said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "say why, with `because`"]
pub struct Requester {
    requested_by: String,
}

impl Requester {
    /// Says why.
    #[must_use = "give it to the command"]
    pub fn because(self, reason: impl Into<String>) -> Attribution {
        Attribution { requested_by: self.requested_by, reason: reason.into() }
    }
}
