//! The core's only notion of time.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::Add;
use std::time::Duration;

/// Monotonic time since the tree was started, up to 584 years, which are the end of time.
///
/// Of 8 bytes, also where there may be none: every node has some of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Uptime(
    /// Nanoseconds, and 1 more.
    NonZeroU64,
);

impl Uptime {
    pub(crate) const ZERO: Self = Self(NonZeroU64::MIN);
    /// The end of time, which never comes.
    pub(crate) const MAX: Self = Self(NonZeroU64::MAX);

    /// So long after the start of the tree.
    pub(crate) fn after(time: Duration) -> Self {
        Self::ZERO + time
    }

    /// How long after the start of the tree.
    pub(crate) fn elapsed(self) -> Duration {
        self.since(Self::ZERO)
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Add<Duration> for Uptime {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }
}

impl Default for Uptime {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Debug for Uptime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.elapsed(), f)
    }
}

/// How long something has lasted, as small as an [`Uptime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(u64);

impl From<Duration> for Span {
    fn from(time: Duration) -> Self {
        Self(nanos(time))
    }
}

impl From<Span> for Duration {
    fn from(Span(nanos): Span) -> Self {
        Self::from_nanos(nanos)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_exact_to_the_nanosecond_and_stops_at_the_end_of_time() {
        let (time, nano) = (Duration::new(86_400 * 365, 999_999_998), Duration::from_nanos(1));
        assert_eq!(Uptime::after(time).elapsed(), time);
        assert_eq!(Uptime::after(time + nano).since(Uptime::after(nano)), time);
        assert_eq!(Uptime::ZERO.since(Uptime::after(time)), Duration::ZERO);
        assert_eq!(Uptime::after(time) + Duration::MAX, Uptime::MAX);
        assert_eq!(Duration::from(Span::from(time)), time);
        assert_eq!(size_of::<Option<Uptime>>(), 8);
    }
}
