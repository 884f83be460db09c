//! Heartbeats: how often a child says that it is well, and after what silence it is not.

use std::time::Duration;

use super::or;

/// What is expected of a child that sends heartbeats.
///
/// The heartbeat comes from the work itself
/// ([`TaskContext::heartbeat`](crate::task::context::TaskContext::heartbeat)), or it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Health {
    /// How often the child promises to send one. Shorter than `stale_after`; nothing else is
    /// made of it.
    pub heartbeat: Duration,
    /// After this long without one the child is stuck: it is stopped, and has timed out. Monotonic
    /// clock, from the latest heartbeat or, before the first, from being ready. At least 1 ns.
    pub stale_after: Duration,
}

/// What somebody wrote down about heartbeats: every key may be open.
///
/// They are expected only of a child about which something is said itself. What is said in
/// defaults only supplies values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct HealthPatch {
    /// See [`Health::heartbeat`].
    pub heartbeat: Option<Duration>,
    /// See [`Health::stale_after`].
    pub stale_after: Option<Duration>,
}

impl HealthPatch {
    /// Says nothing.
    pub const NONE: Self = Self { heartbeat: None, stale_after: None };

    /// Whether any key is set.
    pub const fn says_something(&self) -> bool {
        self.heartbeat.is_some() || self.stale_after.is_some()
    }

    /// Lays this patch over a weaker one, key by key.
    #[must_use]
    pub const fn over(self, weaker: Self) -> Self {
        Self {
            heartbeat: or(self.heartbeat, weaker.heartbeat),
            stale_after: or(self.stale_after, weaker.stale_after),
        }
    }

    /// Says [`Health::heartbeat`].
    #[must_use]
    pub const fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// Says [`Health::stale_after`].
    #[must_use]
    pub const fn stale_after(mut self, stale_after: Duration) -> Self {
        self.stale_after = Some(stale_after);
        self
    }

    /// What is expected, if both keys are set: there is no default for either.
    pub fn resolve(self) -> Option<Health> {
        let (heartbeat, stale_after) = (self.heartbeat?, self.stale_after?);
        Some(Health { heartbeat, stale_after })
    }
}
