//! Durations as people write them, for messages.

use std::fmt;
use std::time::Duration;

/// A duration in the units that people write: `10h`, `1m 30s`, and below a minute `1.5s` or `250ms`.
///
/// With a precision it is a measured one, and from a minute on it is rounded to seconds.
#[derive(Clone, Copy)]
pub(crate) struct Written(pub(crate) Duration);

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(plant_bug = "time_in_seconds") || self.0 < Duration::from_mins(1) {
            return if self.0.is_zero() { f.write_str("0s") } else { fmt::Debug::fmt(&self.0, f) };
        }
        let mut seconds = self.0.as_secs();
        let mut rest = Duration::from_nanos(self.0.subsec_nanos().into());
        if f.precision().is_some() {
            seconds = seconds.saturating_add(u64::from(rest >= Duration::from_millis(500)));
            rest = Duration::ZERO;
        }
        let mut gap = "";
        for (length, unit) in UNITS {
            let (number, left) = (seconds / length, seconds % length);
            if unit == "s" && !rest.is_zero() {
                return write!(f, "{gap}{:?}", Duration::from_secs(number) + rest);
            }
            if number > 0 {
                write!(f, "{gap}{number}{unit}")?;
                gap = " ";
            }
            seconds = left;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_the_units_that_people_write() {
        for (time, expected) in [
            (Duration::ZERO, "0s"),
            (Duration::from_millis(250), "250ms"),
            (Duration::from_millis(1_500), "1.5s"),
            (Duration::from_secs(59), "59s"),
            (Duration::from_mins(1), "1m"),
            (Duration::from_millis(90_500), "1m 30.5s"),
            (Duration::from_millis(60_250), "1m 250ms"),
            (Duration::from_hours(10), "10h"),
            (Duration::from_secs(90_061), "1d 1h 1m 1s"),
        ] {
            assert_eq!(Written(time).to_string(), expected);
        }
    }

    #[test]
    fn what_was_measured_is_rounded() {
        for (millis, expected) in [(187_601, "3m 8s"), (59_400, "59s"), (119_700, "2m")] {
            assert_eq!(format!("{:.0}", Written(Duration::from_millis(millis))), expected);
        }
    }
}
