//! What a child's function may take, recognised by trait.

use std::sync::Arc;

use super::args::NoArgs;
use super::lease::Lease;
use super::state::{Provide, State};
#[cfg(feature = "config")]
use crate::config::settings::ReadSettings;
use crate::id::{ChildPath, Generation};
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::TaskFailure;
use crate::task::member::Arguments;

/// Everything at hand when the parameters of one run are made: the state of the application, the
/// run's own context, and what the child was given.
#[derive(Debug)]
pub struct Run<S, C> {
    pub(crate) state: Arc<S>,
    pub(crate) context: C,
    arguments: Option<Arguments>,
}

impl<S, C> Run<S, C> {
    pub(crate) fn new(state: Arc<S>, context: C, arguments: Option<Arguments>) -> Self {
        Self { state, context, arguments }
    }

    /// What this very child was given.
    pub(crate) fn arguments(&self) -> Option<&Arguments> {
        self.arguments.as_ref()
    }
}

/// The side of a run that faces its supervisor: an async one has a [`TaskContext`], a blocking one
/// a [`BlockingContext`].
pub trait RunContext {
    /// Where the child stands in the tree.
    fn path(&self) -> &ChildPath;
    /// Which run of the child it is.
    fn generation(&self) -> Generation;
    /// The child's settings as they were read, if it has some.
    #[cfg(feature = "config")]
    #[doc(hidden)]
    fn read_settings(&self) -> Option<&ReadSettings>;
}

impl RunContext for TaskContext {
    fn path(&self) -> &ChildPath {
        self.path()
    }

    fn generation(&self) -> Generation {
        self.generation()
    }

    #[cfg(feature = "config")]
    fn read_settings(&self) -> Option<&ReadSettings> {
        self.settings.as_ref()
    }
}

impl RunContext for BlockingContext {
    fn path(&self) -> &ChildPath {
        self.path()
    }

    fn generation(&self) -> Generation {
        self.generation()
    }

    #[cfg(feature = "config")]
    fn read_settings(&self) -> Option<&ReadSettings> {
        self.settings.as_ref()
    }
}

/// What a child with the context `C` may take, whatever the state of the application.
#[diagnostic::on_unimplemented(
    message = "a child cannot take a `{Self}`",
    label = "not something a supervisor can hand to it",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, `Args<T>` and `Lease<T>`, in any order",
    note = "for a value of your own, put it into the application state and take it as `State<…>`",
    note = "another name for one of these (`type Db = State<…>`) is not seen through: write it out"
)]
pub trait FromContext<C> {
    /// Makes the parameter for one run.
    fn from_context(context: &C) -> Self;
}

impl FromContext<Self> for TaskContext {
    fn from_context(context: &Self) -> Self {
        context.clone()
    }
}

impl FromContext<Self> for BlockingContext {
    fn from_context(context: &Self) -> Self {
        context.clone()
    }
}

/// A parameter that needs something of the application, of the child's place, or of its field.
#[diagnostic::on_unimplemented(
    message = "a child cannot take a `{Self}`",
    label = "not something a supervisor can hand to it",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, `Args<T>` and `Lease<T>`, in any order",
    note = "for a value of your own, put it into the application state and take it as `State<…>`"
)]
pub trait Parameter {
    /// What the field of the child has to give for it: [`NoArgs`] if nothing.
    type Needs;
}

impl<T> Parameter for State<T> {
    type Needs = NoArgs;
}

impl<T> Parameter for Lease<T> {
    type Needs = NoArgs;
}

/// A parameter of a child with the context `C` in an application whose state is `S`.
#[diagnostic::on_unimplemented(
    message = "a child that runs with a `{C}` cannot take a `{Self}` out of the state `{S}`",
    label = "needed by a child of this tree",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, `Args<T>` and `Lease<T>` of this crate, in any order"
)]
pub trait Extract<S, C>: Sized {
    /// Makes the parameter for one run.
    ///
    /// # Errors
    ///
    /// Where it cannot be had: then the run has failed to start.
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure>;
}

impl<S: Provide<T>, C, T> Extract<S, C> for State<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        Ok(Self(S::provide(&run.state)))
    }
}
