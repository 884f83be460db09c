//! How the class of a failure is found: the type of what a child returns is asked what it can do.
//!
//! A tag of the type is asked for a method that it has where its bounds hold, and that a trait has
//! for it in any case, so that what has no class is no mistake. With `classify` several
//! traits have the method, and the compiler takes the first whose bounds hold, one reference after
//! the other. This works only where the type is known. A generic child is asked again at the
//! field where it stands: see [`Asks`].

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::policy::failure::{Failure, TaskFailureKind};
use crate::task::exit::{Ask, TaskFailure, class_in};
use crate::task::result::IntoFailure;
use crate::tree::many::Many;
use crate::tree::pool::Pool;

/// Stands for the type of what a child returns, to be asked what can be made of it.
#[derive(Debug)]
pub struct Tag<T>(PhantomData<fn() -> T>);

/// The tag of what `future` comes to.
pub fn tag_of_output<F: Future>(_: &F) -> Tag<F::Output> {
    Tag(PhantomData)
}

/// The tag of `value`.
pub fn tag_of<T>(_: &T) -> Tag<T> {
    Tag(PhantomData)
}

/// Reads what a child returned.
pub trait Reads<T>: Copy + Send + 'static {
    /// What it amounts to.
    type Said;
    /// Reads it.
    fn read(self, value: T) -> Self::Said;
}

/// Takes it as it is.
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

impl<T> Reads<T> for AsItIs {
    type Said = T;

    fn read(self, value: T) -> T {
        value
    }
}

/// Takes what never comes.
#[derive(Clone, Copy, Debug)]
pub struct Never;

/// Names the type `!`, which cannot be written yet.
pub trait Returned {
    /// What the function returns.
    type Output;
}

impl<R> Returned for fn() -> R {
    type Output = R;
}

impl Reads<<fn() -> ! as Returned>::Output> for Never {
    type Said = Infallible;

    fn read(self, value: <fn() -> ! as Returned>::Output) -> Infallible {
        value
    }
}

/// Asks the error for its class.
#[derive(Clone, Copy, Debug)]
pub struct WithClass;

impl<T, E: Failure + IntoFailure> Reads<Result<T, E>> for WithClass {
    type Said = Result<T, TaskFailure>;

    fn read(self, value: Result<T, E>) -> Self::Said {
        value.map_err(|error| TaskFailure::new(error.kind(), error.into_box()))
    }
}

impl<T, E: Failure + IntoFailure> Tag<Result<T, E>> {
    /// The reader for an error that has a class. By value, like the method of the trait: at each
    /// step the compiler prefers what the type has itself.
    pub fn pick(self) -> WithClass {
        WithClass
    }
}

/// Whatever has no class.
pub trait PickAnything {
    /// The reader for it.
    fn pick(self) -> AsItIs;
}

impl<T> PickAnything for Tag<T> {
    fn pick(self) -> AsItIs {
        AsItIs
    }
}

/// Looks whether an error is a `T`, which knows its class, or a box with one.
pub fn ask<T: Failure + Error + 'static>(error: &(dyn Error + 'static)) -> Option<TaskFailureKind> {
    let itself = error.downcast_ref::<T>();
    let boxed = || error.downcast_ref::<Box<T>>().map(|boxed| &**boxed);
    let shared = || error.downcast_ref::<Arc<T>>().map(|shared| &**shared);
    itself.or_else(boxed).or_else(shared).map(T::kind)
}

/// Looks for classes in what an error is a wrapper of: `anyhow::Error`, `eyre::Report`,
/// `Box<dyn Error + Send + Sync>`.
#[derive(Clone, Copy, Debug)]
pub struct Inside(&'static [Ask]);

impl<T, E> Reads<Result<T, E>> for Inside
where
    E: Deref<Target = dyn Error + Send + Sync + 'static> + IntoFailure,
{
    type Said = Result<T, TaskFailure>;

    fn read(self, value: Result<T, E>) -> Self::Said {
        value.map_err(|error| {
            let class = class_in(&*error, self.0);
            TaskFailure::classed(class, error.into_box())
        })
    }
}

/// Looks for classes in the chain of an error.
#[derive(Clone, Copy, Debug)]
pub struct Chain(&'static [Ask]);

impl<T, E: Error + IntoFailure + 'static> Reads<Result<T, E>> for Chain {
    type Said = Result<T, TaskFailure>;

    fn read(self, value: Result<T, E>) -> Self::Said {
        value.map_err(|error| {
            let class = class_in(&error, self.0);
            TaskFailure::classed(class, error.into_box())
        })
    }
}

/// Finds no chain.
#[derive(Clone, Copy, Debug)]
pub struct NoChain;

/// What has a chain of errors.
#[diagnostic::on_unimplemented(
    message = "`classify` finds no errors in `{Self}`",
    label = "has no chain of errors",
    note = "it looks into an error of your own, `anyhow::Error`, `eyre::Report` and \
            `Box<dyn Error + Send + Sync>`"
)]
pub trait HasChain {}

impl<T: HasChain> Reads<T> for NoChain {
    type Said = T;

    fn read(self, value: T) -> T {
        value
    }
}

/// With `classify`: an error that has a class says it.
pub trait ClassifyByItself {
    /// The reader.
    fn classify(&self, asks: &'static [Ask]) -> WithClass;
}

impl<T, E: Failure + IntoFailure> ClassifyByItself for &&&Tag<Result<T, E>> {
    fn classify(&self, _: &'static [Ask]) -> WithClass {
        WithClass
    }
}

/// With `classify`: a wrapper is opened.
pub trait ClassifyInside {
    /// The reader.
    fn classify(&self, asks: &'static [Ask]) -> Inside;
}

impl<T, E> ClassifyInside for &&Tag<Result<T, E>>
where
    E: Deref<Target = dyn Error + Send + Sync + 'static> + IntoFailure,
{
    fn classify(&self, asks: &'static [Ask]) -> Inside {
        Inside(asks)
    }
}

/// With `classify`: an error is searched.
pub trait ClassifyChain {
    /// The reader.
    fn classify(&self, asks: &'static [Ask]) -> Chain;
}

impl<T, E: Error + IntoFailure + 'static> ClassifyChain for &Tag<Result<T, E>> {
    fn classify(&self, asks: &'static [Ask]) -> Chain {
        Chain(asks)
    }
}

/// With `classify`: there is nothing to search.
pub trait Unclassified {
    /// The reader.
    fn classify(&self, asks: &'static [Ask]) -> NoChain;
}

impl<T> Unclassified for Tag<T> {
    fn classify(&self, _: &'static [Ask]) -> NoChain {
        NoChain
    }
}

/// What a generic child returns, whose error depends on its types.
pub trait Returns {
    /// What it returns.
    type Output;
}

impl<C: Returns> Returns for Pool<C> {
    type Output = C::Output;
}

impl<C: Returns> Returns for Many<C> {
    type Output = C::Output;
}

/// Who is asked about the failures of the child `C`, at the field where it stands: `Asks::<C>::ASK`
/// is the constant of the type itself where its bounds hold, and that of [`AskNobody`] elsewhere.
pub struct Asks<C>(PhantomData<fn() -> C>);

impl<C, T, E> Asks<C>
where
    C: Returns<Output = Result<T, E>>,
    E: Failure + Error + 'static,
{
    /// The error of the child.
    pub const ASK: Option<Ask> = Some(ask::<E>);
}

/// Nobody can be asked.
pub trait AskNobody {
    /// Nobody.
    const ASK: Option<Ask> = None;
}

impl<C> AskNobody for Asks<C> {}

impl<C> fmt::Debug for Asks<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asks")
    }
}
