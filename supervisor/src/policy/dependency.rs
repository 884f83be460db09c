//! In which order children start, and what they do while something they depend on is not ready.

use std::fmt;

/// How a supervisor starts its children, and stops them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum StartMode {
    /// One after the other in the order of declaration, each when the one before is ready. They
    /// are stopped one at a time, youngest first.
    ///
    /// Source: OTP's supervisors.
    #[default]
    Sequential,
    /// Each as soon as what it depends on is ready. They are stopped in the reverse layers of
    /// their dependencies, all of a layer at once.
    Parallel,
}

impl fmt::Display for StartMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sequential => "sequential",
            Self::Parallel => "parallel",
        })
    }
}

/// What a child does that runs while something it depends on is not ready, for whatever reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum OnDependencyRestart {
    /// It goes on. If it ends itself meanwhile, its next run waits.
    #[default]
    Keep,
    /// It is stopped, waits, and starts when the dependency is ready. That costs no budget. A
    /// temporary child is never started again, so it goes on.
    Restart,
}

impl fmt::Display for OnDependencyRestart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "keep",
            Self::Restart => "restart",
        })
    }
}
