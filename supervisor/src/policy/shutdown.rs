//! How a run is stopped: asked, then forced, then given up.

use std::fmt;
use std::time::Duration;

use super::or;
use super::written::Written;

/// How long a cancelled run may take before it is aborted.
///
/// On the monotonic clock, from the cancellation.
///
/// Source: `shutdown` in OTP's child specification, with the same defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grace {
    /// This long. At least 1 ms: zero is never what was meant.
    After(Duration),
    /// As long as it takes. The default of a supervisor, whose children have graces of their own;
    /// a task has it only when it says so.
    Infinite,
}

impl fmt::Display for Grace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(grace) => Written(*grace).fmt(f),
            Self::Infinite => f.write_str("infinite"),
        }
    }
}

/// The wait after an abort that a supervisor has about which nobody said one: what is below it has
/// its own.
pub(crate) const EACH_ITS_OWN: Duration = Duration::MAX;

/// What somebody wrote down about stopping: every key may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ShutdownPatch {
    /// See [`Policy::grace`](super::Policy::grace).
    #[cfg_attr(feature = "record", serde(with = "crate::record::grace"))]
    pub grace: Option<Grace>,
    /// See [`Policy::abort_wait`](super::Policy::abort_wait).
    pub abort_wait: Option<Duration>,
}

impl ShutdownPatch {
    /// Says nothing.
    pub const NONE: Self = Self { grace: None, abort_wait: None };

    /// Lays this patch over a weaker one, key by key.
    #[must_use]
    pub const fn over(self, weaker: Self) -> Self {
        Self {
            grace: or(self.grace, weaker.grace),
            abort_wait: or(self.abort_wait, weaker.abort_wait),
        }
    }
}
