//! The places of a tree as values: `App::PAYMENTS.at(Payments::LEDGER)`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::many::Many;
use super::pool::Pool;
use crate::id::{ChildId, IdError};

/// The place of a `T` directly in the supervisor `P`. `#[supervisor]` makes one for each field,
/// named like the field in capitals.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn ledger(ctx: TaskContext) {
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct Payments {
///     ledger: ledger,
/// }
///
/// #[supervisor]
/// struct App {
///     payments: Payments,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let app = App::start(()).await?;
/// let ledger = App::PAYMENTS.at(Payments::LEDGER);
/// let outcome = app.restart(ledger, by("doc").because("to show it")).await?;
/// assert_eq!(outcome.path.as_str(), "/root/payments/ledger");
/// # Ok(())
/// # }
/// ```
pub struct Slot<P, T> {
    name: &'static str,
    types: PhantomData<fn() -> (P, T)>,
}

impl<P, T> Slot<P, T> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// The id of the child that stands there.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The place `inner` of the supervisor that stands there.
    pub fn at<U>(self, inner: Slot<T, U>) -> SlotPath<P, U> {
        SlotPath { names: vec![self.name.into(), inner.name.into()], types: PhantomData }
    }
}

impl<P, T> Clone for Slot<P, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, T> Copy for Slot<P, T> {}

impl<P, T> fmt::Debug for Slot<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.name).finish()
    }
}

/// The place of a `T` somewhere below the supervisor `P`.
pub struct SlotPath<P, T> {
    names: Vec<Cow<'static, str>>,
    types: PhantomData<fn() -> (P, T)>,
}

impl<P, T> SlotPath<P, T> {
    /// The place `inner` of the supervisor that stands there.
    #[must_use]
    pub fn at<U>(mut self, inner: Slot<T, U>) -> SlotPath<P, U> {
        self.names.push(inner.name.into());
        SlotPath { names: self.names, types: PhantomData }
    }
}

/// The members of a pool, by their ids.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn session(ctx: TaskContext) {
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     sessions: Pool<session>,
///     #[child(count = 2)]
///     spares: Many<session>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App::start(()).await?;
/// app.sessions.spawn("ada", ()).await?;
/// app.restart(App::SESSIONS.member("ada")?, by("doc").because("to show it")).await?;
/// app.restart(App::SPARES.member(1), by("doc").because("to show it")).await?;
/// # app.shutdown(by("doc").because("end of the example")).await?;
/// # Ok(())
/// # }
/// ```
impl<P, C> Slot<P, Pool<C>> {
    /// The place of the member with this id, whether or not there is one.
    ///
    /// # Errors
    ///
    /// [`IdError`] when no child can have this id.
    pub fn member(self, id: &str) -> Result<SlotPath<P, C>, IdError> {
        SlotPath::of(self).member(id)
    }
}

/// The members of a pool, by their ids.
impl<P, C> SlotPath<P, Pool<C>> {
    /// The place of the member with this id, whether or not there is one.
    ///
    /// # Errors
    ///
    /// [`IdError`] when no child can have this id.
    pub fn member(self, id: &str) -> Result<SlotPath<P, C>, IdError> {
        ChildId::new(id)?;
        Ok(self.down_to(id.to_owned()))
    }
}

/// The children of a many, by their indices.
impl<P, C> Slot<P, Many<C>> {
    /// The place of the one with this index, whether or not there are so many.
    pub fn member(self, index: usize) -> SlotPath<P, C> {
        SlotPath::of(self).member(index)
    }
}

/// The children of a many, by their indices.
impl<P, C> SlotPath<P, Many<C>> {
    /// The place of the one with this index, whether or not there are so many.
    #[must_use]
    pub fn member(self, index: usize) -> SlotPath<P, C> {
        self.down_to(index.to_string())
    }
}

impl<P, T> SlotPath<P, T> {
    fn of(slot: Slot<P, T>) -> Self {
        Self { names: vec![slot.name.into()], types: PhantomData }
    }

    fn down_to<U>(mut self, id: String) -> SlotPath<P, U> {
        self.names.push(id.into());
        SlotPath { names: self.names, types: PhantomData }
    }
}

impl<P, T> Clone for SlotPath<P, T> {
    fn clone(&self) -> Self {
        Self { names: self.names.clone(), types: PhantomData }
    }
}

impl<P, T> fmt::Debug for SlotPath<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SlotPath").field(&self.names).finish()
    }
}

/// A place somewhere below the supervisor `P`.
#[diagnostic::on_unimplemented(
    message = "this names no place in `{P}`",
    label = "not in `{P}`",
    note = "name what stands in a nested supervisor through its parent: \
            `Parent::INNER.at(Inner::CHILD)`"
)]
pub trait Below<P> {
    /// The ids on the way down.
    fn names(self) -> Vec<Cow<'static, str>>;
}

impl<P, T> Below<P> for Slot<P, T> {
    fn names(self) -> Vec<Cow<'static, str>> {
        vec![self.name.into()]
    }
}

impl<P, T> Below<P> for SlotPath<P, T> {
    fn names(self) -> Vec<Cow<'static, str>> {
        self.names
    }
}
