//! How failures are classed, and what follows when a child has failed too often.

use std::fmt;

/// What kind of failure ended a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum TaskFailureKind {
    /// It may well work the next time. What an error is that says nothing about itself.
    #[default]
    Recoverable,
    /// Something outside this process is not there.
    ExternalDependency,
    /// Something took too long.
    Timeout,
    /// The configuration is wrong: another run would fail the same way.
    FatalConfig,
    /// The program is wrong: another run would fail the same way.
    FatalBug,
    /// The run panicked.
    Panic,
    /// The run says it was cancelled, though nobody asked it to stop.
    Cancelled,
}

impl TaskFailureKind {
    /// Whether another run would fail the same way, so that none is tried.
    pub const fn is_fatal(self) -> bool {
        matches!(self, Self::FatalConfig | Self::FatalBug)
    }
}

impl fmt::Display for TaskFailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recoverable => "recoverable",
            Self::ExternalDependency => "external_dependency",
            Self::Timeout => "timeout",
            Self::FatalConfig => "fatal_config",
            Self::FatalBug => "fatal_bug",
            Self::Panic => "panic",
            Self::Cancelled => "cancelled",
        })
    }
}

/// An error that knows its class.
///
/// A `#[child]` function that returns `Result<(), E>` fails with the class that its `E` names;
/// where `E` does not implement this, the failure is recoverable. A child that is made by hand says
/// `Result<(), TaskFailure>`: `?` and `into()` make a
/// [`TaskFailure`](crate::task::exit::TaskFailure) of every error that has a class.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[derive(Debug, thiserror::Error, Failure)]
/// enum LedgerError {
///     #[error("the bank does not answer")]
///     #[failure(external_dependency)]
///     Unreachable,
///     #[error("there is no schema `ledger`")]
///     #[failure(fatal_config)]
///     NoSchema,
/// }
///
/// #[child(restart(transient))]
/// async fn ledger(_: TaskContext) -> Result<(), LedgerError> {
///     Err(LedgerError::NoSchema) // another run would fail the same way: none is tried
/// }
/// # fn main() {}
/// ```
///
/// The derive wants a class for every variant: `recoverable`, `external_dependency`, `timeout`,
/// `fatal_config`, `fatal_bug`, `cancelled`, or `source`, which asks the inner error. Written on
/// the enum it holds for the variants that say nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what kind of failure it is",
    label = "has no class",
    note = "derive `Failure` on it, or implement `rust_supervisor::policy::failure::Failure`"
)]
pub trait Failure {
    /// The class of this failure.
    ///
    /// It may panic like everything else that a child does: then the run has panicked.
    fn kind(&self) -> TaskFailureKind;
}

/// How much the program needs a child. Decides [`OnLimit`] where that is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Criticality {
    /// Without it the supervisor is no use: escalate.
    Critical,
    /// The others can go on without it: quarantine.
    #[default]
    Standard,
    /// Nice to have: stop it.
    BestEffort,
}

impl Criticality {
    /// What follows by default when the child has failed too often.
    pub const fn on_limit(self) -> OnLimit {
        match self {
            Self::Critical => OnLimit::Escalate,
            Self::Standard => OnLimit::Quarantine,
            Self::BestEffort => OnLimit::Stop,
        }
    }
}

impl fmt::Display for Criticality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::Standard => "standard",
            Self::BestEffort => "best_effort",
        })
    }
}

/// What follows when a child has used up its own restart limit, or failed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnLimit {
    /// It is kept down and out of restart rounds until an operator resumes or restarts it; siblings
    /// are untouched.
    Quarantine,
    /// Its supervisor melts down.
    Escalate,
    /// It is down, as after a stop.
    Stop,
    /// The whole tree is shut down.
    ShutdownTree,
}

impl fmt::Display for OnLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quarantine => "quarantine",
            Self::Escalate => "escalate",
            Self::Stop => "stop",
            Self::ShutdownTree => "shutdown_tree",
        })
    }
}

/// As what is inside.
impl<E: Failure + ?Sized> Failure for Box<E> {
    fn kind(&self) -> TaskFailureKind {
        E::kind(self)
    }
}

/// As what is inside.
impl<E: Failure + ?Sized> Failure for std::sync::Arc<E> {
    fn kind(&self) -> TaskFailureKind {
        E::kind(self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct NoBank;

    impl Failure for NoBank {
        fn kind(&self) -> TaskFailureKind {
            TaskFailureKind::ExternalDependency
        }
    }

    #[test]
    fn a_failure_that_is_boxed_or_shared_is_of_the_kind_of_what_is_inside() {
        let failures: [&dyn Failure; 3] = [&NoBank, &Box::new(NoBank), &Arc::new(NoBank)];
        for failure in failures {
            assert_eq!(failure.kind(), TaskFailureKind::ExternalDependency);
        }
    }
}
