//! What systemd is told of the tree, in the words of `sd_notify(3)`.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::control::handle::SupervisorHandle;
use crate::probe::{PATIENCE, ReadinessReport};
use crate::report::ShutdownReport;
use crate::state::{Lifecycle, TreeState};

/// However much happens, the status is said no more often than this.
const STATUS_EVERY: Duration = Duration::from_secs(1);

/// What carries the words to systemd.
type Tell = dyn Fn(&[NotifyState<'_>]) + Send + Sync;

/// The service manager that has started this process, if one has.
pub(super) struct ServiceManager {
    tell: Box<Tell>,
    /// Within what time it wants to hear of the tree again, if it watches over it.
    watchdog: Option<Duration>,
    is_told_of_ready: AtomicBool,
    is_told_of_end: AtomicBool,
}

impl ServiceManager {
    /// As the variables `NOTIFY_SOCKET` and `WATCHDOG_USEC` of the process say. Without them
    /// nothing is said to anybody.
    pub(super) fn of_this_process() -> Self {
        Self::new(sd_notify::watchdog_enabled(), |words| {
            if let Err(error) = sd_notify::notify(words) {
                tracing::warn!("the service manager cannot be told: {error}");
            }
        })
    }

    fn new(
        watchdog: Option<Duration>,
        tell: impl Fn(&[NotifyState<'_>]) + Send + Sync + 'static,
    ) -> Self {
        Self {
            tell: Box::new(tell),
            watchdog,
            is_told_of_ready: AtomicBool::new(false),
            is_told_of_end: AtomicBool::new(false),
        }
    }

    /// Says how the tree is, and whenever that changes.
    pub(super) async fn follow(&self, handle: &SupervisorHandle) -> Infallible {
        tokio::select! {
            never = self.say_how_it_is(handle) => never,
            never = self.feed_the_watchdog(handle) => never,
        }
    }

    async fn say_how_it_is(&self, handle: &SupervisorHandle) -> Infallible {
        let mut is_ending = handle.is_ending();
        let mut said = String::new();
        loop {
            // Before the state is read, so that nothing is missed in between.
            let mut events = handle.subscribe_events();
            if *is_ending.borrow_and_update() {
                self.say_that_it_ends();
            }
            let state = timeout(PATIENCE, handle.current_state()).await;
            let status = match &state {
                Ok(Ok(state)) => self.status_of(state),
                _ => "the tree does not answer".to_owned(),
            };
            if status != said {
                (self.tell)(&[NotifyState::Status(&status)]);
                said = status;
            }
            tokio::select! {
                event = events.next() => if event.is_none() {
                    // What is left to say is how it has ended.
                    std::future::pending::<()>().await;
                },
                Ok(()) = is_ending.changed() => continue,
            }
            tokio::select! {
                () = sleep(STATUS_EVERY) => {}
                Ok(()) = is_ending.changed() => {}
            }
        }
    }

    /// One line about the tree. The first time that it is ready, that is said as well.
    fn status_of(&self, state: &TreeState) -> String {
        let ends = self.is_told_of_end.load(Ordering::Relaxed);
        let readiness = ReadinessReport::of(state);
        let word = if ends {
            "shutting down".to_owned()
        } else if readiness.is_ready() {
            if !self.is_told_of_ready.swap(true, Ordering::Relaxed) {
                (self.tell)(&[NotifyState::Ready]);
            }
            "ready".to_owned()
        } else {
            format!("not ready: {}", readiness.to_string().replace('\n', "; "))
        };
        let mut counts = BTreeMap::new();
        for child in state.children.iter().filter(|child| !child.path.is_root()) {
            *counts.entry(child.lifecycle.to_string()).or_insert(0_usize) += 1;
        }
        let all: usize = counts.values().sum();
        let up = counts.remove(&Lifecycle::Up.to_string()).unwrap_or(0);
        let others = counts.into_iter().map(|(lifecycle, count)| format!(", {count} {lifecycle}"));
        format!("{word}; {up} of {all} children up{}", others.collect::<String>())
    }

    /// It is fed with answers of the tree, so that a tree that is stuck starves it.
    async fn feed_the_watchdog(&self, handle: &SupervisorHandle) -> Infallible {
        let Some(within) = self.watchdog.filter(|within| !within.is_zero()) else {
            return std::future::pending().await;
        };
        // Twice as often as it has to be, as sd_watchdog_enabled(3) advises.
        let mut turns = interval((within / 2).max(Duration::from_millis(1)));
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            let is_alive = handle.liveness().await.is_alive();
            if is_alive || cfg!(plant_bug = "watchdog_always_fed") {
                (self.tell)(&[NotifyState::Watchdog]);
            }
        }
    }

    /// A reload of the configuration begins.
    #[cfg(feature = "config")]
    pub(super) fn reload_begins(&self) {
        let mut words = vec![NotifyState::Reloading];
        // `Type=notify-reload` asks for it.
        words.extend(NotifyState::monotonic_usec_now());
        (self.tell)(&words);
    }

    /// It is over, and the tree is as ready as it was.
    #[cfg(feature = "config")]
    pub(super) fn reload_is_over(&self) {
        if self.is_told_of_ready.load(Ordering::Relaxed) {
            (self.tell)(&[NotifyState::Ready]);
        }
    }

    /// How the tree has ended.
    pub(super) fn tree_has_ended(&self, report: &ShutdownReport) {
        self.say_that_it_ends();
        let report = report.to_string();
        (self.tell)(&[NotifyState::Status(report.lines().next().unwrap_or_default())]);
    }

    fn say_that_it_ends(&self) {
        if !self.is_told_of_end.swap(true, Ordering::Relaxed) {
            (self.tell)(&[NotifyState::Stopping]);
        }
    }
}
