//! How long to wait before a restart.

use std::time::Duration;

use super::{or, said_or};

/// The wait before a restart grows from `initial` by `factor` up to `max`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Backoff {
    /// The first wait. Zero restarts at once, without a timer. Default: 100 ms.
    pub initial: Duration,
    /// The longest wait. Not below `initial`. Default: 30 s.
    pub max: Duration,
    /// What each wait is multiplied by to give the next. At least 1. Default: 2.
    pub factor: f64,
    /// The share of the wait that is drawn at random: a wait of `d` is uniform in
    /// `(1 - jitter) * d ..= d`. Between 0 and 1. Default: 0.2.
    pub jitter: f64,
    /// A run that was ready for this long without a break lets the wait start from `initial`
    /// again. Monotonic clock. Of any length; with zero every run that was ready does. Default:
    /// 60 s.
    pub reset_after: Duration,
}

impl Backoff {
    /// 100 ms doubling up to 30 s, a fifth of it random, forgotten after a minute of health.
    pub const DEFAULT: Self = Self {
        initial: Duration::from_millis(100),
        max: Duration::from_secs(30),
        factor: 2.0,
        jitter: 0.2,
        reset_after: Duration::from_mins(1),
    };

    /// No wait at all.
    pub const NONE: Self =
        Self { initial: Duration::ZERO, max: Duration::ZERO, jitter: 0.0, ..Self::DEFAULT };

    /// A wait from `initial` up to `max`, with the default factor, jitter and reset.
    pub const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, ..Self::DEFAULT }
    }

    /// See [`factor`](field@Self::factor).
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// See [`jitter`](field@Self::jitter).
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// See [`reset_after`](field@Self::reset_after).
    #[must_use]
    pub const fn reset_after(mut self, reset_after: Duration) -> Self {
        self.reset_after = reset_after;
        self
    }

    /// The wait before the restart that follows `earlier` restarts in a row, before jitter.
    pub fn wait(&self, earlier: u32) -> Duration {
        // Nothing, however often it is multiplied: also by more than a number can be.
        if self.initial.is_zero() {
            return Duration::ZERO;
        }
        let exponent = i32::try_from(earlier).unwrap_or(i32::MAX);
        let seconds = self.initial.as_secs_f64() * self.factor.powi(exponent);
        // Infinite and beyond what a `Duration` holds: the ceiling is reached long before.
        Duration::try_from_secs_f64(seconds).map_or(self.max, |wait| wait.min(self.max))
    }

    /// The wait after `earlier` restarts in a row, where `draw` in `0..1` decides the jitter.
    pub fn wait_with_jitter(&self, earlier: u32, draw: f64) -> Duration {
        let wait = self.wait(earlier);
        if cfg!(plant_bug = "no_jitter") {
            return wait;
        }
        let share = (1.0 - self.jitter * draw).clamp(0.0, 1.0);
        // Near the end of what a `Duration` holds rounding would go beyond it.
        Duration::try_from_secs_f64(wait.as_secs_f64() * share).map_or(wait, |part| part.min(wait))
    }
}

/// What somebody wrote down about the wait: every key may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct BackoffPatch {
    /// See [`Backoff::initial`].
    pub initial: Option<Duration>,
    /// See [`Backoff::max`].
    pub max: Option<Duration>,
    /// See [`Backoff::factor`].
    pub factor: Option<f64>,
    /// See [`Backoff::jitter`].
    pub jitter: Option<f64>,
    /// See [`Backoff::reset_after`].
    pub reset_after: Option<Duration>,
}

impl BackoffPatch {
    /// Says nothing.
    pub const NONE: Self =
        Self { initial: None, max: None, factor: None, jitter: None, reset_after: None };

    /// Whether any key is set.
    pub const fn says_something(&self) -> bool {
        let Self { initial, max, factor, jitter, reset_after } = self;
        initial.is_some()
            || max.is_some()
            || factor.is_some()
            || jitter.is_some()
            || reset_after.is_some()
    }

    /// Lays this patch over a weaker one, key by key.
    #[must_use]
    pub const fn over(self, weaker: Self) -> Self {
        Self {
            initial: or(self.initial, weaker.initial),
            max: or(self.max, weaker.max),
            factor: or(self.factor, weaker.factor),
            jitter: or(self.jitter, weaker.jitter),
            reset_after: or(self.reset_after, weaker.reset_after),
        }
    }

    /// Says [`Backoff::initial`].
    #[must_use]
    pub const fn initial(mut self, initial: Duration) -> Self {
        self.initial = Some(initial);
        self
    }

    /// Says [`Backoff::max`].
    #[must_use]
    pub const fn max(mut self, max: Duration) -> Self {
        self.max = Some(max);
        self
    }

    /// Says [`Backoff::factor`].
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = Some(factor);
        self
    }

    /// Says [`Backoff::jitter`].
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = Some(jitter);
        self
    }

    /// Says [`Backoff::reset_after`].
    #[must_use]
    pub const fn reset_after(mut self, reset_after: Duration) -> Self {
        self.reset_after = Some(reset_after);
        self
    }

    /// Fills every open key from [`Backoff::DEFAULT`].
    pub const fn resolve(self) -> Backoff {
        let built_in = Backoff::DEFAULT;
        Backoff {
            initial: said_or(self.initial, built_in.initial),
            max: said_or(self.max, built_in.max),
            factor: said_or(self.factor, built_in.factor),
            jitter: said_or(self.jitter, built_in.jitter),
            reset_after: said_or(self.reset_after, built_in.reset_after),
        }
    }
}

impl From<Backoff> for BackoffPatch {
    fn from(backoff: Backoff) -> Self {
        Self {
            initial: Some(backoff.initial),
            max: Some(backoff.max),
            factor: Some(backoff.factor),
            jitter: Some(backoff.jitter),
            reset_after: Some(backoff.reset_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_by_the_factor_up_to_its_ceiling() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<_> = (0..6).map(|n| backoff.wait(n).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(backoff.wait(u32::MAX), Duration::from_secs(1));
    }

    #[test]
    fn a_wait_of_nothing_stays_one_however_often_it_grows() {
        let backoff = Backoff::new(Duration::ZERO, Duration::from_secs(30));
        assert_eq!([0, 1, 1_023, 1_024, u32::MAX].map(|n| backoff.wait(n)), [Duration::ZERO; 5]);
    }

    #[test]
    fn no_wait_at_all_begins_with_nothing_grows_to_nothing_and_draws_nothing() {
        let nothing = Backoff::new(Duration::ZERO, Duration::ZERO).jitter(0.0);
        assert_eq!(Backoff::NONE, nothing);
    }

    #[test]
    fn jitter_takes_away_at_most_its_share() {
        let backoff =
            Backoff { jitter: 0.25, ..Backoff::new(Duration::from_secs(1), Duration::MAX) };
        assert_eq!(backoff.wait_with_jitter(0, 0.0), Duration::from_secs(1));
        assert_eq!(backoff.wait_with_jitter(0, 1.0), Duration::from_millis(750));
        assert_eq!(Backoff::NONE.wait_with_jitter(9, 0.5), Duration::ZERO);
    }

    #[test]
    fn the_longest_wait_there_is_is_no_trouble() {
        let backoff = Backoff::new(Duration::MAX, Duration::MAX);
        assert_eq!(backoff.wait_with_jitter(3, 0.0), Duration::MAX);
        assert!(backoff.wait_with_jitter(3, 0.9) < Duration::MAX);
    }

    #[test]
    fn each_key_alone_says_something() {
        let second = Duration::from_secs(1);
        let none = BackoffPatch::NONE;
        for said in [
            BackoffPatch { initial: Some(second), ..none },
            BackoffPatch { max: Some(second), ..none },
            BackoffPatch { factor: Some(2.0), ..none },
            BackoffPatch { jitter: Some(0.5), ..none },
            BackoffPatch { reset_after: Some(second), ..none },
        ] {
            assert!(said.says_something(), "{said:?}");
        }
        assert!(!none.says_something());
    }
}
