//! How much clients may ask for, and the arithmetic of it.

use std::time::Duration;

use tokio::time::Instant;

/// How much a target takes from its clients. What counts by user counts all connections of one
/// user of the system together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IpcLimits {
    /// The longest line, in bytes, without its newline. From 1,024 to 16,777,216. Default: 65,536.
    pub line_bytes: usize,
    /// How deep objects and lists may stand in each other. From 4 to 100. Default: 32.
    pub nesting: usize,
    /// How many connections there are at most. At least 1. Default: 64.
    pub connections: usize,
    /// How many of one user. At least 1. Default: 32.
    pub connections_per_user: usize,
    /// How many subscriptions one user has. Default: 32.
    pub subscriptions_per_user: usize,
    /// How many requests one user sends a second; a second's worth of them at once. A connection
    /// counts as one. At least 1. Default: 500.
    pub requests_per_second: u32,
    /// How many commands are being carried out at once. At least 1. Default: 32.
    pub commands_at_once: usize,
    /// How many ids of commands are remembered. At least 1. Default: 1,024.
    pub command_ids: usize,
    /// For how long they are. Longer than zero. Default: 1 h.
    pub command_ids_for: Duration,
    /// How long a connection lasts that asks for nothing and has subscribed to nothing. Longer
    /// than zero. Default: 5 min.
    pub idle_timeout: Duration,
    /// How long a line may take from its first byte to its newline. Longer than zero. Default:
    /// 10 s.
    pub line_timeout: Duration,
    /// How long a client may leave unread what the system does not hold for it. Longer than zero.
    /// Default: 10 s.
    pub write_timeout: Duration,
    /// How many of the latest events and lines of the log stand in a state. Default: 100.
    pub recent: usize,
    /// How many lines of the log are kept. Default: 1,024.
    pub log_capacity: usize,
}

impl Default for IpcLimits {
    fn default() -> Self {
        Self {
            line_bytes: 65_536,
            nesting: 32,
            connections: 64,
            connections_per_user: 32,
            subscriptions_per_user: 32,
            requests_per_second: 500,
            commands_at_once: 32,
            command_ids: 1_024,
            command_ids_for: Duration::from_hours(1),
            idle_timeout: Duration::from_mins(5),
            line_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            recent: 100,
            log_capacity: 1_024,
        }
    }
}

impl IpcLimits {
    /// The first that is out of its bounds: its key, and what they are.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let at_least_one = "it has to be at least 1";
        let longer = "it has to be longer than zero";
        let checks = [
            (
                "limits.line_bytes",
                (1_024..=1 << 24).contains(&self.line_bytes),
                "it has to be from 1024 to 16777216",
            ),
            ("limits.nesting", (4..=100).contains(&self.nesting), "it has to be from 4 to 100"),
            ("limits.connections", self.connections > 0, at_least_one),
            ("limits.connections_per_user", self.connections_per_user > 0, at_least_one),
            ("limits.requests_per_second", self.requests_per_second > 0, at_least_one),
            ("limits.commands_at_once", self.commands_at_once > 0, at_least_one),
            ("limits.command_ids", self.command_ids > 0, at_least_one),
            ("limits.command_ids_for", !self.command_ids_for.is_zero(), longer),
            ("limits.idle_timeout", !self.idle_timeout.is_zero(), longer),
            ("limits.line_timeout", !self.line_timeout.is_zero(), longer),
            ("limits.write_timeout", !self.write_timeout.is_zero(), longer),
        ];
        checks.into_iter().find(|(_, holds, _)| !holds).map(|(name, _, bounds)| (name, bounds))
    }
}

/// A bucket that fills at a steady rate up to a second's worth.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    per_second: u32,
    /// In billionths of a token, so that nothing is lost between two looks.
    filled: u128,
    since: Instant,
}

const WHOLE: u128 = 1_000_000_000;

impl Bucket {
    pub(super) fn full(per_second: u32, now: Instant) -> Self {
        Self { per_second, filled: u128::from(per_second) * WHOLE, since: now }
    }

    /// Takes one out, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_nanos();
        self.since = self.since.max(now);
        let most = u128::from(self.per_second) * WHOLE;
        self.filled = (self.filled + passed * u128::from(self.per_second)).min(most);
        let is_enough = self.filled >= WHOLE || cfg!(plant_bug = "ipc_no_rate_limit");
        if is_enough {
            self.filled = self.filled.saturating_sub(WHOLE);
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_gives_a_seconds_worth_at_once_and_then_its_rate() {
        let mut bucket = Bucket::full(10, Instant::now());
        let mut takes = |most: usize| (0..most).filter(|_| bucket.take(Instant::now())).count();
        assert_eq!(takes(100), 10);
        tokio::time::advance(Duration::from_millis(99)).await;
        assert_eq!(takes(100), 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(takes(100), 1);
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(takes(100), 10);
    }
}
