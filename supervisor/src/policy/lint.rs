//! Settings that cannot mean what they say: the arithmetic behind the warnings.
//!
//! Everything here is `const`, so that whoever knows the values at build time can ask then.

use std::time::Duration;

use super::backoff::Backoff;
use super::intensity::Limit;

/// How many steps of a growing wait are followed one by one. A wait that has not reached its
/// ceiling by then grows so slowly that taking the rest as it stands changes nothing.
const STEPS: u32 = 10_000;

/// The shortest time in which a child alone can be charged `charges` times: run times are taken as
/// zero, and jitter as taking away all it can.
///
/// The first charge is free: between `n` charges there are `n - 1` waits.
pub const fn tightest_span(backoff: &Backoff, charges: u32) -> Duration {
    let least = 1.0 - backoff.jitter;
    let ceiling = backoff.max.as_secs_f64();
    let mut wait = backoff.initial.as_secs_f64();
    let mut left = charges.saturating_sub(1);
    let mut span = 0.0;
    let mut steps = 0;
    while left > 0 && wait < ceiling && steps < STEPS {
        span += wait * least;
        wait *= backoff.factor;
        left -= 1;
        steps += 1;
    }
    if wait > ceiling {
        wait = ceiling;
    }
    span += wait * least * left as f64;
    seconds(span)
}

/// Whether a child alone, however fast it fails, never fails often enough for the limit: then it
/// is restarted for ever.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor::policy::backoff::Backoff;
/// use rust_supervisor::policy::intensity::Limit;
/// use rust_supervisor::policy::lint::never_trips;
///
/// // 1 + 2 + 4 + 8 + 16 s between six failures: 31 s, and only 30 s are looked at.
/// let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
/// backoff.jitter = 0.0;
/// assert!(never_trips(&backoff, Limit::new(5, Duration::from_secs(30))));
/// assert!(!never_trips(&backoff, Limit::new(5, Duration::from_secs(31))));
/// ```
pub const fn never_trips(backoff: &Backoff, limit: Limit) -> bool {
    if is_in_reach(backoff.max, limit) {
        return false;
    }
    tightest_span(backoff, limit.max + 1).as_nanos() > limit.within.as_nanos()
}

/// Whether a child fails often enough for the limit even if all of its waits were as long as the
/// longest one.
pub(crate) const fn is_in_reach(longest: Duration, limit: Limit) -> bool {
    // Without end there is no limit at all, and meant so.
    limit.max == u32::MAX
        || longest.as_nanos().saturating_mul(limit.max as u128) <= limit.within.as_nanos()
}

/// Whether a supervisor's intensity is spent by one child before that child's own limit is, so
/// that the limit never has its say.
pub const fn trips_before(backoff: &Backoff, intensity: Limit, limit: Limit) -> bool {
    // The charge that breaks the child's own limit is not charged to the supervisor.
    intensity.max < limit.max && !never_trips(backoff, intensity) && !never_trips(backoff, limit)
}

/// As [`tightest_span`], where several rows of waits lead to the same limit: failures of different
/// classes, each with a row of its own. The shortest waits come first, from whichever row.
pub fn tightest_span_in_rows(rows: &[Backoff], charges: u32) -> Duration {
    if let [only] = rows {
        return tightest_span(only, charges);
    }
    // The next wait of each row, the share of it that is left at least, and what it grows by.
    let mut next: Vec<_> = rows
        .iter()
        .map(|row| (row.initial.as_secs_f64().min(row.max.as_secs_f64()), row))
        .collect();
    let mut left = charges.saturating_sub(1);
    let mut span = 0.0;
    let mut steps = 0;
    while left > 0 {
        let wait_of = |(wait, row): &(f64, &Backoff)| wait * (1.0 - row.jitter);
        let shortest = next.iter_mut().min_by(|a, b| wait_of(a).total_cmp(&wait_of(b)));
        let Some((wait, row)) = shortest else { break };
        let is_at_ceiling = *wait >= row.max.as_secs_f64() || row.factor <= 1.0;
        let taken = if is_at_ceiling || steps >= STEPS { left } else { 1 };
        span += *wait * (1.0 - row.jitter) * f64::from(taken);
        *wait = (*wait * row.factor).min(row.max.as_secs_f64());
        left -= taken;
        steps += 1;
    }
    seconds(span)
}

/// As [`never_trips`], for several rows.
pub fn never_trips_in_rows(rows: &[Backoff], limit: Limit) -> bool {
    limit.max != u32::MAX && tightest_span_in_rows(rows, limit.max + 1) > limit.within
}

/// As [`trips_before`], for several rows.
pub fn trips_before_in_rows(rows: &[Backoff], intensity: Limit, limit: Limit) -> bool {
    intensity.max < limit.max
        && !never_trips_in_rows(rows, intensity)
        && !never_trips_in_rows(rows, limit)
}

/// Seconds as a duration; what does not fit is the longest there is.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, compared before it is cut, and `Duration`'s own way is not const"
)]
const fn seconds(seconds: f64) -> Duration {
    let nanos = seconds * 1e9;
    if nanos >= u64::MAX as f64 { Duration::MAX } else { Duration::from_nanos(nanos as u64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn doubling(jitter: f64) -> Backoff {
        Backoff { jitter, ..Backoff::new(SECOND, 60 * SECOND) }
    }

    #[test]
    fn jitter_can_make_a_limit_trip_after_all() {
        let limit = Limit::new(5, 30 * SECOND);
        assert!(never_trips(&doubling(0.0), limit));
        assert!(!never_trips(&doubling(0.2), limit));
        assert_eq!(tightest_span(&doubling(0.5), 6), Duration::from_millis(15_500));
    }

    #[test]
    fn a_wait_at_its_ceiling_is_not_followed_step_by_step() {
        let backoff = Backoff { jitter: 0.0, ..Backoff::new(SECOND, SECOND) };
        assert_eq!(tightest_span(&backoff, 1_000_000_001), 1_000_000_000 * SECOND);
        assert!(!never_trips(&Backoff::NONE, Limit::new(u32::MAX - 1, SECOND)));
        assert!(!never_trips(&doubling(0.0), Limit::new(u32::MAX, SECOND)));
    }

    #[test]
    fn rows_of_waits_are_taken_by_turns_the_shortest_first() {
        let rows = [doubling(0.0), doubling(0.0)];
        // 1 + 1 + 2 + 2 s.
        assert_eq!(tightest_span_in_rows(&rows, 5), 6 * SECOND);
        assert_eq!(tightest_span_in_rows(&rows[..1], 5), 15 * SECOND);
        let quick = [doubling(0.0), Backoff::NONE];
        assert_eq!(tightest_span_in_rows(&quick, u32::MAX), Duration::ZERO);
    }

    #[test]
    fn the_defaults_trip() {
        assert!(!never_trips(&Backoff::DEFAULT, Limit::DEFAULT));
    }

    #[test]
    fn an_intensity_below_the_childs_own_limit_is_spent_first() {
        let backoff = Backoff::NONE;
        let limit = Limit::new(10, SECOND);
        assert!(trips_before(&backoff, Limit::new(9, SECOND), limit));
        assert!(!trips_before(&backoff, Limit::new(10, SECOND), limit));
        // It cannot be spent by this child alone.
        assert!(!trips_before(
            &doubling(0.0),
            Limit::new(5, SECOND),
            Limit::new(10, 3_600 * SECOND)
        ));
    }

    #[test]
    fn a_limit_trips_when_the_waits_fit_its_window_exactly() {
        // 1 + 2 + 4 + 8 + 16 s between six failures.
        let limit = |seconds| Limit::new(5, seconds * SECOND);
        let rows = [doubling(0.0)];
        for (seconds, is_never) in [(30, true), (31, false)] {
            assert_eq!(never_trips(&rows[0], limit(seconds)), is_never);
            assert_eq!(never_trips_in_rows(&rows, limit(seconds)), is_never);
        }
        assert!(!never_trips_in_rows(&rows, Limit::new(u32::MAX, SECOND)));
    }

    #[test]
    fn a_wait_grows_to_its_ceiling_and_stays_there() {
        // 1 + 2 + 4 + 8 + 16 + 32 s, and 60 s each from there on.
        let growing = [doubling(0.0), doubling(0.0)];
        for (charges, seconds) in [(7, 63), (8, 123), (9, 183)] {
            assert_eq!(tightest_span(&growing[0], charges), seconds * SECOND);
            // Each wait twice, once from each row.
            assert_eq!(tightest_span_in_rows(&growing, 2 * charges - 1), 2 * seconds * SECOND);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it follows many thousand waits")]
    fn a_wait_that_hardly_grows_is_followed_only_so_far() {
        let still = Backoff { jitter: 0.0, factor: 1.0, ..Backoff::new(SECOND, 2 * SECOND) };
        assert_eq!(tightest_span(&still, u32::MAX), (u32::MAX - 1) * SECOND);
        // A tenth in ten thousand waits, and no more: with all of a million it would be many times that.
        let slow = Backoff { factor: 1.000_01, ..Backoff::new(SECOND, 1_000_000 * SECOND) };
        let span = tightest_span(&Backoff { jitter: 0.0, ..slow }, 1_000_001);
        assert!(span < 1_200_000 * SECOND, "{span:?}");
        let slow = Backoff { factor: 1.0 + f64::EPSILON, ..still };
        let span = tightest_span_in_rows(&[slow, Backoff { max: 3 * SECOND, ..slow }], u32::MAX);
        assert!(span.abs_diff((u32::MAX - 1) * SECOND) < SECOND, "{span:?}");
    }

    #[test]
    fn a_span_beyond_all_clocks_is_the_longest_there_is() {
        let ages = Backoff { jitter: 0.0, ..Backoff::new(Duration::MAX, Duration::MAX) };
        assert_eq!(tightest_span(&ages, 2), Duration::MAX);
    }

    #[test]
    fn jitter_decides_which_row_comes_first() {
        // 4 s of which nothing is left, and 3 s of which all is.
        let long = Backoff { jitter: 1.0, ..Backoff::new(4 * SECOND, 4 * SECOND) };
        let short = Backoff { jitter: 0.0, ..Backoff::new(3 * SECOND, 3 * SECOND) };
        assert_eq!(tightest_span_in_rows(&[short, long], u32::MAX), Duration::ZERO);
        let half = Backoff { jitter: 0.5, ..Backoff::new(4 * SECOND, 8 * SECOND) };
        // 2 s of 4, and 3 s and 3 s before 4 s of 8.
        assert_eq!(tightest_span_in_rows(&[short, half], 4), 8 * SECOND);
    }

    #[test]
    fn in_rows_an_intensity_below_the_childs_own_limit_is_spent_first() {
        let rows = [Backoff::NONE, doubling(0.0)];
        let limit = Limit::new(10, SECOND);
        assert!(trips_before_in_rows(&rows, Limit::new(9, SECOND), limit));
        assert!(!trips_before_in_rows(&rows, limit, limit));
        let slow = [doubling(0.0), doubling(0.0)];
        assert!(!trips_before_in_rows(&slow, Limit::new(5, SECOND), Limit::new(6, 3_600 * SECOND)));
        assert!(!trips_before_in_rows(&slow, Limit::new(5, 3_600 * SECOND), Limit::new(6, SECOND)));
        assert!(!trips_before(&slow[0], Limit::new(5, 3_600 * SECOND), Limit::new(6, SECOND)));
    }

    #[test]
    fn jitter_counts_at_the_ceiling_too() {
        let half = Backoff { jitter: 0.5, ..Backoff::new(SECOND, SECOND) };
        assert_eq!(tightest_span(&half, 5), 2 * SECOND);
    }
}
