//! What a child's function may take, recognised by trait.

use std::sync::Arc;

use super::graph::key::Key;
use super::state::{Provide, State};
use crate::task::context::{BlockingContext, TaskContext};

/// Everything at hand when the parameters of one run are made: the state of the application and
/// the run's own context.
#[derive(Debug)]
pub struct Run<S, C> {
    state: Arc<S>,
    context: C,
}

impl<S, C> Run<S, C> {
    pub(crate) fn new(state: Arc<S>, context: C) -> Self {
        Self { state, context }
    }
}

/// What a child with the context `C` may take at all, whatever the state of the application.
#[diagnostic::on_unimplemented(
    message = "a child that runs with a `{C}` cannot take a `{Self}`",
    label = "not something a supervisor can hand to it",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, in any order",
    note = "for a value of your own, put it into the application state and take it as `State<…>`"
)]
pub trait Parameter<C> {
    /// What it is a handle of, if it is one.
    const HANDLE: Option<Key> = None;
}

/// A parameter of a child with the context `C` in an application whose state is `S`.
#[diagnostic::on_unimplemented(
    message = "a child that runs with a `{C}` cannot take a `{Self}` out of the state `{S}`",
    label = "needed by a child of this tree"
)]
pub trait Extract<S, C>: Sized {
    /// Makes the parameter for one run.
    fn extract(run: &Run<S, C>) -> Self;
}

impl Parameter<Self> for TaskContext {}

impl<S> Extract<S, Self> for TaskContext {
    fn extract(run: &Run<S, Self>) -> Self {
        run.context.clone()
    }
}

impl Parameter<Self> for BlockingContext {}

impl<S> Extract<S, Self> for BlockingContext {
    fn extract(run: &Run<S, Self>) -> Self {
        run.context.clone()
    }
}

impl<C, T> Parameter<C> for State<T> {}

impl<S: Provide<T>, C, T> Extract<S, C> for State<T> {
    fn extract(run: &Run<S, C>) -> Self {
        Self(S::provide(&run.state))
    }
}
