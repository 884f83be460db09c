//! The core's only notion of time.

use std::ops::Add;
use std::time::Duration;

/// Monotonic time since the tree was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Uptime(pub(crate) Duration);

impl Uptime {
    pub(crate) const ZERO: Self = Self(Duration::ZERO);

    /// How long ago `earlier` was; zero if it is still to come.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Uptime {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}
