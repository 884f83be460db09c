//! How many restarts are tolerated within how long.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::or;
use super::written::Written;
use crate::core::time::Uptime;

/// At most `max` restarts within `within`; one more is one too many.
///
/// For a supervisor this is its intensity, shared by all its children. Default there: 5 within 30 s.
///
/// Source: `intensity` and `period` in OTP's supervisor flags (which default to 1 within 5 s).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
pub struct Limit {
    /// How many are tolerated. With 0 the first request for a restart is one too many; with
    /// [`u32::MAX`] none ever is, and nothing is remembered for it.
    pub max: u32,
    /// The length of the window. Monotonic clock; a restart exactly this long ago still counts.
    /// Longer than zero unless `max` is 0.
    pub within: Duration,
}

impl Limit {
    /// 5 within 30 s.
    pub const DEFAULT: Self = Self::new(5, Duration::from_secs(30));

    /// At most `max` within `within`.
    pub const fn new(max: u32, within: Duration) -> Self {
        Self { max, within }
    }
}

/// What somebody wrote down about a limit: either half may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
pub struct LimitPatch {
    /// See [`Limit::max`].
    pub max: Option<u32>,
    /// See [`Limit::within`].
    pub within: Option<Duration>,
}

impl LimitPatch {
    /// Says nothing.
    pub const NONE: Self = Self { max: None, within: None };

    /// Lays this patch over a weaker one, half by half.
    #[must_use]
    pub const fn over(self, weaker: Self) -> Self {
        Self { max: or(self.max, weaker.max), within: or(self.within, weaker.within) }
    }

    /// The limit, if there is one.
    ///
    /// # Errors
    ///
    /// The half that nobody said, where the other one is said.
    pub const fn whole(self) -> Result<Option<Limit>, &'static str> {
        match (self.max, self.within) {
            (Some(max), Some(within)) => Ok(Some(Limit::new(max, within))),
            (None, None) => Ok(None),
            (Some(_), None) => Err("within"),
            (None, Some(_)) => Err("max"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} within {}", self.max, Written(self.within))
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The restarts that still count against a [`Limit`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    charges: VecDeque<Uptime>,
}

impl Window {
    /// Adds one restart and says whether the limit still holds.
    pub(crate) fn charge(&mut self, now: Uptime, limit: Limit) -> bool {
        if limit.max == u32::MAX {
            return true;
        }
        self.forget_before(now, limit.within);
        self.charges.push_back(now);
        let tolerated = self.charges.len() <= limit.max as usize;
        // One beyond the limit is all that is ever looked at.
        while self.charges.len() > limit.max as usize + 1 {
            self.charges.pop_front();
        }
        tolerated || cfg!(plant_bug = "endless_intensity")
    }

    /// How many restarts count at `now`.
    pub(crate) fn count(&self, now: Uptime, limit: Limit) -> usize {
        self.charges.iter().filter(|&&at| counts(now, at, limit.within)).count()
    }

    /// Forgets every restart.
    pub(crate) fn clear(&mut self) {
        self.charges.clear();
    }

    fn forget_before(&mut self, now: Uptime, within: Duration) {
        while self.charges.front().is_some_and(|&at| !counts(now, at, within)) {
            self.charges.pop_front();
        }
    }
}

/// The window is closed: a charge exactly `within` ago counts.
fn counts(now: Uptime, at: Uptime, within: Duration) -> bool {
    let age = now.since(at);
    if cfg!(plant_bug = "open_window") { age < within } else { age <= within }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit::new(2, Duration::from_secs(10));

    fn at(millis: u64) -> Uptime {
        Uptime::ZERO + Duration::from_millis(millis)
    }

    #[test]
    fn one_more_than_max_within_the_window_is_too_many() {
        let mut window = Window::default();
        assert!(window.charge(at(0), LIMIT));
        assert!(window.charge(at(1), LIMIT));
        assert!(!window.charge(at(2), LIMIT));
    }

    #[test]
    fn a_restart_exactly_one_period_ago_still_counts() {
        let mut window = Window::default();
        assert!(window.charge(at(0), LIMIT));
        assert!(window.charge(at(0), LIMIT));
        assert!(!window.clone().charge(at(10_000), LIMIT));
        assert!(window.charge(at(10_001), LIMIT));
    }

    #[test]
    fn with_a_limit_of_zero_the_first_request_is_too_many() {
        assert!(!Window::default().charge(at(0), Limit::new(0, Duration::ZERO)));
    }

    /// Miri is a thousand times slower.
    const MANY: u64 = if cfg!(miri) { 100 } else { 10_000 };

    #[test]
    fn a_window_never_holds_more_than_it_needs() {
        let mut window = Window::default();
        for n in 0..MANY {
            window.charge(at(n), LIMIT);
        }
        assert!(window.charges.len() <= 3);
    }

    #[test]
    fn without_a_limit_nothing_is_remembered() {
        let mut window = Window::default();
        assert!((0..MANY).all(|n| window.charge(at(n), Limit::new(u32::MAX, Duration::MAX))));
        assert!(window.charges.is_empty());
    }
}
