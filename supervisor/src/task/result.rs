//! What a child may return.

use std::convert::Infallible;
use std::error::Error;

use super::exit::{Ask, TaskFailure};

/// What a run says about its own end.
///
/// A child need not name it: see [`Outcome`] for everything it may return instead.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub enum TaskResult {
    /// The work is done.
    Succeeded,
    /// It ended on purpose, like a child that was asked to stop: a transient child stays down.
    Shutdown,
    /// There is nothing to do here. Before the run is ready it ignores the start: the child is
    /// down, which is no failure. Afterwards it counts as [`TaskResult::Succeeded`].
    Ignored,
    /// It failed.
    Failed(TaskFailure),
}

/// What a child may return: `()`, `Result<(), E>`, [`TaskResult`], `Result<TaskResult, E>`, and,
/// where it never ends by itself, `Infallible` or `Result<Infallible, E>`. A `#[child]` function may
/// also return `!`.
///
/// `E` is anything that goes into a `Box<dyn Error + Send + Sync>`: every error, `String`, `&str`.
/// Its class is recoverable unless it is a [`TaskFailure`], which has one; in a `#[child]` function
/// an `E` that implements [`Failure`](crate::policy::failure::Failure) is asked for it.
#[diagnostic::on_unimplemented(
    message = "a child cannot return `{Self}`",
    label = "the supervisor cannot tell what this means",
    note = "return nothing, `Result<(), E>` where `E` is an error, or `TaskResult`"
)]
pub trait Outcome {
    /// What it means to the supervisor.
    fn into_task_result(self) -> TaskResult;
}

impl Outcome for () {
    fn into_task_result(self) -> TaskResult {
        TaskResult::Succeeded
    }
}

impl Outcome for TaskResult {
    fn into_task_result(self) -> TaskResult {
        self
    }
}

impl Outcome for Infallible {
    fn into_task_result(self) -> TaskResult {
        match self {}
    }
}

impl<E: IntoFailure> Outcome for Result<(), E> {
    fn into_task_result(self) -> TaskResult {
        self.map_or_else(failed, |()| TaskResult::Succeeded)
    }
}

impl<E: IntoFailure> Outcome for Result<TaskResult, E> {
    fn into_task_result(self) -> TaskResult {
        self.unwrap_or_else(failed)
    }
}

impl<E: IntoFailure> Outcome for Result<Infallible, E> {
    fn into_task_result(self) -> TaskResult {
        self.map_or_else(failed, |never| match never {})
    }
}

fn failed(error: impl IntoFailure) -> TaskResult {
    TaskResult::Failed(TaskFailure::from_error(error.into_box()))
}

impl TaskResult {
    /// The same. A failure whose class nobody has said has the one that `ask` knows.
    pub(crate) fn or_ask(self, ask: Ask) -> Self {
        match self {
            Self::Failed(failure) => Self::Failed(failure.or_ask(ask)),
            result => result,
        }
    }
}

/// What a child may fail with: everything that goes into a `Box<dyn Error + Send + Sync>`.
#[diagnostic::on_unimplemented(
    message = "a child cannot fail with `{Self}`",
    label = "`{Self}` is no error that can be kept",
    note = "take a `String`, `anyhow::Error`, or an error of your own: derive `Debug` and \
            `thiserror::Error` on it; what is in it must be `Send` and `Sync`"
)]
pub trait IntoFailure {
    /// Puts it into a box.
    fn into_box(self) -> Box<dyn Error + Send + Sync + 'static>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync + 'static>>> IntoFailure for E {
    fn into_box(self) -> Box<dyn Error + Send + Sync + 'static> {
        self.into()
    }
}
