//! The places of a tree as values: `App::PAYMENTS.at(Payments::LEDGER)`.

use std::fmt;
use std::marker::PhantomData;

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
        SlotPath { names: vec![self.name, inner.name], types: PhantomData }
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
    names: Vec<&'static str>,
    types: PhantomData<fn() -> (P, T)>,
}

impl<P, T> SlotPath<P, T> {
    /// The place `inner` of the supervisor that stands there.
    #[must_use]
    pub fn at<U>(mut self, inner: Slot<T, U>) -> SlotPath<P, U> {
        self.names.push(inner.name);
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
    fn names(self) -> Vec<&'static str>;
}

impl<P, T> Below<P> for Slot<P, T> {
    fn names(self) -> Vec<&'static str> {
        vec![self.name]
    }
}

impl<P, T> Below<P> for SlotPath<P, T> {
    fn names(self) -> Vec<&'static str> {
        self.names
    }
}
