//! How a declaration names what it depends on.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::id::{ChildId, ChildPath, IdError, PathError};

/// What a child or a supervisor depends on: another child, or a whole supervisor, anywhere in the
/// tree. A supervisor is ready when all its children have been started.
///
/// Made from text or from a [`ChildPath`]. Text that begins with `/root` is a path. Any other is
/// looked up from the supervisor that the dependant stands in, whichever tree that is part of:
///
/// | text | in `/root/payments/ledger` it is |
/// | --- | --- |
/// | `bank` | `/root/payments/bank`, a sibling |
/// | `storage/pool` | `/root/payments/storage/pool`, below a sibling |
/// | `../mail` | `/root/mail`, a sibling of the supervisor it stands in |
/// | `/root/mail` | `/root/mail` |
///
/// Nothing is checked before the tree is.
///
/// ```
/// use rust_supervisor::spec::child::ChildSpec;
/// use rust_supervisor::spec::supervisor::SupervisorSpec;
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::factory::service_fn;
///
/// let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
/// let tree = SupervisorSpec::root()
///     .child(ChildSpec::new("pool", parked()))
///     .child(
///         SupervisorSpec::new("payments")
///             .child(ChildSpec::new("bank", parked()))
///             .child(ChildSpec::new("ledger", parked()).depends_on("bank").depends_on("../pool")),
///     );
/// assert!(tree.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dependency(Arc<str>);

impl Dependency {
    /// The text as it was given; it has not been checked.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path that is meant by somebody who stands in `supervisor`.
    pub(crate) fn resolve(&self, supervisor: &ChildPath) -> Result<ChildPath, DependencyError> {
        if self.0.starts_with('/') {
            return Ok(ChildPath::parse(&self.0)?);
        }
        let mut path = supervisor.clone();
        let mut rest = &*self.0;
        while let Some(after) = rest.strip_prefix("../") {
            path = path.parent().ok_or(DependencyError::AboveRoot)?;
            rest = after;
        }
        for segment in rest.split('/') {
            path = path.join(&ChildId::new(segment)?);
        }
        Ok(path)
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<&str> for Dependency {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Dependency {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<ChildPath> for Dependency {
    fn from(path: ChildPath) -> Self {
        Self(path.as_str().into())
    }
}

impl From<&ChildPath> for Dependency {
    fn from(path: &ChildPath) -> Self {
        Self(path.as_str().into())
    }
}

/// Why a text names nothing that could be depended on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DependencyError {
    /// It is absolute and no path.
    #[error("a path begins with `/root`, such as `/root/payments/ledger`")]
    Path(#[from] PathError),
    /// One of its segments is no id.
    #[error("{0}")]
    Segment(#[from] IdError),
    /// It has more `..` than there are supervisors.
    #[error("it goes up beyond `/root`")]
    AboveRoot,
}

/// One step of a circle: what needs what, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyStep {
    /// It says so.
    DependsOn {
        /// Who.
        dependant: ChildPath,
        /// On whom.
        dependency: ChildPath,
    },
    /// In a sequential supervisor it starts after the sibling before it.
    DeclaredAfter {
        /// The later one.
        later: ChildPath,
        /// The one before.
        earlier: ChildPath,
    },
    /// It starts with the supervisor above it.
    StartsWith {
        /// The child.
        child: ChildPath,
        /// Its supervisor.
        supervisor: ChildPath,
    },
    /// A supervisor is ready when its children are.
    ReadyWith {
        /// The supervisor.
        supervisor: ChildPath,
        /// One of its children.
        child: ChildPath,
    },
}

impl fmt::Display for DependencyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DependsOn { dependant, dependency } => {
                write!(f, "`{dependant}` depends on `{dependency}`")
            }
            Self::DeclaredAfter { later, earlier } => {
                write!(f, "`{later}` is declared after `{earlier}`, and starts after it")
            }
            Self::StartsWith { child, supervisor } => {
                write!(f, "`{child}` starts with its supervisor `{supervisor}`")
            }
            Self::ReadyWith { supervisor, child } => {
                write!(f, "`{supervisor}` is ready when its child `{child}` is")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_from_the_supervisor_it_is_said_in() {
        let inner = ChildPath::parse("/root/s/u").unwrap();
        let resolve =
            |text: &str| Dependency::from(text).resolve(&inner).map(|path| path.to_string());
        for (text, path) in [
            ("a", "/root/s/u/a"),
            ("a/b", "/root/s/u/a/b"),
            ("../a", "/root/s/a"),
            ("../../a/b", "/root/a/b"),
            ("/root/x", "/root/x"),
        ] {
            assert_eq!(resolve(text).as_deref(), Ok(path), "{text}");
        }
        assert_eq!(resolve("../../../a"), Err(DependencyError::AboveRoot));
        assert_eq!(resolve(""), Err(DependencyError::Segment(IdError::Empty)));
        assert_eq!(resolve("a//b"), Err(DependencyError::Segment(IdError::Empty)));
        assert!(matches!(resolve("/etc"), Err(DependencyError::Path(_))));
        assert_eq!(Dependency::from(&inner), Dependency::from("/root/s/u"));
    }
}
