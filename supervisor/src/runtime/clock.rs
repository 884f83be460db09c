//! What time it is, for the engine and for what is told.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::core::time::Uptime;

/// How far the wall clock is taken on by the other one before it is looked at again. Nobody who
/// reads an event can tell the difference, and a look costs as much as a small decision.
const TAKEN_ON: Duration = Duration::from_millis(1);

/// The time, as it was at the latest look. So many inputs are taken in at one moment.
pub(super) struct Clock {
    pub(super) epoch: Instant,
    pub(super) now: Uptime,
    /// The wall clock when it was last looked at, and when that was.
    wall: Option<(SystemTime, Uptime)>,
    /// The latest look on the wall clock, once somebody has asked.
    at: Option<SystemTime>,
}

impl Clock {
    pub(super) fn new(epoch: Instant) -> Self {
        Self { epoch, now: Uptime::ZERO, wall: None, at: None }
    }

    pub(super) fn look(&mut self) -> Uptime {
        self.at = None;
        self.now = Uptime::after(self.epoch.elapsed());
        self.now
    }

    /// The latest look, on the wall clock.
    pub(super) fn at(&mut self) -> SystemTime {
        if let Some(at) = self.at {
            return at;
        }
        let at = self.taken_on();
        self.at = Some(at);
        at
    }

    fn taken_on(&mut self) -> SystemTime {
        if let Some((wall, then)) = self.wall {
            let since = self.now.since(then);
            if since <= TAKEN_ON
                && let Some(at) = wall.checked_add(since)
            {
                return at;
            }
        }
        let at = SystemTime::now();
        self.wall = Some((at, self.now));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_looked_at_again_when_it_has_been_taken_on_for_a_while() {
        let mut clock = Clock::new(Instant::now());
        let long_ago = SystemTime::UNIX_EPOCH;
        clock.wall = Some((long_ago, Uptime::ZERO));
        clock.now = Uptime::after(TAKEN_ON);
        assert_eq!(clock.at(), long_ago + TAKEN_ON);
        clock.at = None;
        clock.now = Uptime::after(TAKEN_ON + Duration::from_nanos(1));
        assert!(clock.at() > long_ago + Duration::from_secs(1));
    }
}
