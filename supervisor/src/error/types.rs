//! The error of every public operation.

use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::id::{ChildPath, IdError, PathError};
use crate::spec::validate::SpecErrors;
use crate::state::Lifecycle;
use crate::task::exit::Exit;
use crate::task::member::WrongArguments;

/// Why a tree could not be started, or a command could not be carried out.
///
/// `Debug` prints the message and its causes for a person, because that is what `fn main` shows
/// when it returns one.
#[derive(Clone, Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// The declaration of the tree, or of the child to be added, breaks rules.
    #[error(transparent)]
    Spec(SpecErrors),
    /// The configuration cannot be read, or does not fit the tree.
    #[cfg(feature = "config")]
    #[error(transparent)]
    Config(#[from] crate::config::error::ConfigError),
    /// There is no Tokio runtime to run on.
    #[error(
        "there is no Tokio runtime here: start the tree inside `#[tokio::main]` or \
         `Runtime::block_on`"
    )]
    NoRuntime,
    /// The Tokio runtime has no timer.
    #[error("the Tokio runtime has no timer: build it with `enable_all` or `enable_time`")]
    NoTimer,
    /// A child failed to start while the tree itself started. Those already up were stopped.
    #[error("the tree did not start, because `{child}` failed to start")]
    TreeStart {
        /// The child.
        child: ChildPath,
        /// How its start ended.
        #[source]
        cause: ExitError,
    },
    /// A child failed to start on command. It is down and is not tried again.
    #[error("`{path}` failed to start")]
    StartFailed {
        /// The child.
        path: ChildPath,
        /// How its start ended.
        #[source]
        cause: ExitError,
    },
    /// The path is none.
    #[error("the command names no child")]
    Path(#[from] PathError),
    /// There is no such child.
    #[error("there is no `{path}`{}", nearest(nearest_path.as_ref()))]
    UnknownPath {
        /// What was named.
        path: ChildPath,
        /// The deepest part of it that exists.
        known: ChildPath,
        /// The path that differs least, if one is close.
        nearest_path: Option<ChildPath>,
    },
    /// The path is a task's, and a supervisor's is needed.
    #[error("`{path}` is no supervisor, so it has no children")]
    NotASupervisor {
        /// What was named.
        path: ChildPath,
    },
    /// The supervisor of the child does not run, so nothing can be done with the child.
    #[error("nothing can be done with `{path}`, because `{supervisor}` is {lifecycle}")]
    SupervisorDown {
        /// The child.
        path: ChildPath,
        /// The supervisor above it that does not run.
        supervisor: ChildPath,
        /// What it is instead.
        lifecycle: Lifecycle,
    },
    /// The command is not for the root of the tree.
    #[error("`/root` is the tree itself: use `shutdown_tree` to end it")]
    IsRoot,
    /// A child with this id lives already.
    #[error("`{path}` is already started")]
    AlreadyStarted {
        /// The child.
        path: ChildPath,
    },
    /// A child with this id is known, and down.
    #[error("`{path}` is already known; start it, or delete it first")]
    AlreadyPresent {
        /// The child.
        path: ChildPath,
    },
    /// The pool has as many members as it may have.
    #[error("`{pool}` is full: it has its `max_children`, {max_children}")]
    PoolFull {
        /// The pool.
        pool: ChildPath,
        /// How many members it may have.
        max_children: u32,
    },
    /// What was to be spawned in is no pool, or one that does not know what its members are.
    #[error("`{path}` is no pool with `members`, so nothing can be spawned in it")]
    NotAPool {
        /// What was named.
        path: ChildPath,
    },
    /// The members of the pool take other arguments.
    #[error("nothing can be spawned in `{pool}`: {cause}")]
    WrongArguments {
        /// The pool.
        pool: ChildPath,
        /// What they take, and what was given.
        cause: WrongArguments,
    },
    /// The id of the member is none.
    #[error("`{pool}` cannot have a member of this name")]
    BadId {
        /// The pool.
        pool: ChildPath,
        /// What is wrong with the name.
        #[source]
        cause: IdError,
    },
    /// The child lives.
    #[error("`{path}` is running")]
    Running {
        /// The child.
        path: ChildPath,
    },
    /// The child is about to be started again by its supervisor.
    #[error("`{path}` is being restarted by its supervisor")]
    Restarting {
        /// The child.
        path: ChildPath,
    },
    /// The child starts as soon as what it depends on is ready.
    #[error("`{path}` waits for {}, and starts when that is ready", listed(dependencies))]
    Waiting {
        /// The child.
        path: ChildPath,
        /// What it depends on that is not ready.
        dependencies: Vec<ChildPath>,
    },
    /// The child, or a supervisor above it, is not to be started at all.
    #[error("`{path}` is disabled: its declaration or the configuration says so")]
    Disabled {
        /// The child; or the supervisor above it, where that is the one that is disabled.
        path: ChildPath,
    },
    /// An operator keeps the child down.
    #[error("`{path}` is paused; `resume_child` ends that")]
    Paused {
        /// The child.
        path: ChildPath,
    },
    /// The child failed too often, or an operator took it out, and it is kept down.
    #[error("`{path}` is quarantined; `resume_child` or `restart_child` ends that")]
    Quarantined {
        /// The child.
        path: ChildPath,
    },
    /// The run was aborted and is still there.
    #[error("`{path}` does not end, though it was aborted; it is given up and may still run")]
    Unjoinable {
        /// The child.
        path: ChildPath,
    },
    /// A later command, or the end of its supervisor, came in between.
    #[error("`{path}` was stopped before the command was carried out")]
    Stopped {
        /// The child.
        path: ChildPath,
    },
    /// A later command removed the child.
    #[error("`{path}` was removed before the command was carried out")]
    Removed {
        /// The child.
        path: ChildPath,
    },
    /// A new configuration is for a tree with other children.
    #[error("the new configuration is for a tree with other children")]
    AnotherTree,
    /// A new configuration changes what cannot change while the tree runs, so nothing was changed.
    #[cfg(feature = "config")]
    #[error("nothing was changed, because this needs a restart of the program:{}", lines(changes))]
    NeedsRestart {
        /// The changes that need it.
        changes: Vec<crate::config::plan::ConfigChange>,
    },
    /// Who asks, or why, was left blank.
    #[error("the command's `{field}` is blank: say {what}, it is what others will read later")]
    Blank {
        /// `requested_by` or `reason`.
        field: &'static str,
        /// What belongs there.
        what: &'static str,
    },
    /// The end of the tree has begun, or is over.
    #[error("the tree is shutting down")]
    ShuttingDown,
    /// The task that drives the tree is gone, and every run with it: its runtime was shut down.
    #[error("the tree is gone: the runtime it ran on was shut down")]
    DriverGone,
    /// The tree has an audit that cannot be written: it does not start, or a command is refused.
    #[cfg(feature = "audit")]
    #[error("refused, because it would not be in the audit log")]
    Audit(#[source] crate::audit::AuditError),
    /// The recording of the tree cannot be begun.
    #[cfg(feature = "record")]
    #[error(transparent)]
    Record(crate::record::RecordError),
    /// The socket of the tree cannot be made.
    #[cfg(all(feature = "ipc", unix))]
    #[error("the tree has no socket")]
    Ipc(#[source] Arc<crate::ipc::IpcError>),
    /// The program cannot read manifests.
    #[cfg(all(feature = "ipc", unix))]
    #[error(
        "no child can be added by a manifest: build the program with the feature `config` of \
         `rust-tokio-supervisor`"
    )]
    NoManifests,
    /// The signals of the process cannot be listened to.
    #[error("the signals of the process cannot be listened to")]
    Signal(#[source] Arc<std::io::Error>),
}

impl fmt::Debug for SupervisorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "config")]
        if let Self::Config(error) = self {
            let colour = crate::config::report::Colour::Auto;
            return write!(f, "the configuration cannot be used\n\n{}", error.report(colour));
        }
        write!(f, "{self}")?;
        let mut source = self.source();
        while let Some(error) = source {
            write!(f, "\n  because: {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl From<SpecErrors> for SupervisorError {
    fn from(errors: SpecErrors) -> Self {
        Self::Spec(errors)
    }
}

#[cfg(feature = "config")]
fn lines(changes: &[crate::config::plan::ConfigChange]) -> String {
    changes.iter().fold(String::new(), |lines, change| lines + "\n  " + &change.to_string())
}

/// An exit as the cause of an error.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct ExitError(pub Exit);

fn nearest(path: Option<&ChildPath>) -> String {
    path.map_or_else(String::new, |path| format!("; did you mean `{path}`?"))
}

fn listed(paths: &[ChildPath]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(", ")
}
