//! What the tree tells through the `metrics` facade (feature `metrics`): to whatever recorder the
//! program installs, before it starts the tree. Without one nothing is told.
//!
//! The label `path` is that of a declared child. All children that were added below one supervisor
//! while it runs share one, such as `/root/sessions/*`, so that there are only as many time series
//! as there are declarations.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

use crate::task::panic::contain;

/// A metric of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How long things take, in seconds.
    Histogram,
}

/// The metrics and their names, once.
macro_rules! table {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(pub(crate) const $constant: &str = $name;)*

        /// Every metric.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: MetricKind::$kind,
            labels: &[$($label),*],
            help: $help,
        }),*];
    };
}

table! {
    STARTS = Counter "supervisor_starts_total" ["path"] "attempts to start";
    START_FAILURES = Counter "supervisor_start_failures_total" ["path"] "attempts to start that failed";
    EXITS = Counter "supervisor_exits_total" ["path", "exit"] "ends of runs that had been ready, by how they ended";
    RESTARTS = Counter "supervisor_restarts_total" ["path"] "decisions to restart after a failure";
    QUARANTINES = Counter "supervisor_quarantines_total" ["path"] "decisions to quarantine, and quarantines by command";
    MELTDOWNS = Counter "supervisor_meltdowns_total" ["path"] "supervisors that gave up";
    STALE = Counter "supervisor_stale_total" ["path"] "runs that were stopped because they sent no heartbeat";
    ABORTS = Counter "supervisor_aborts_total" ["path"] "runs that were ended by force";
    UNJOINABLE = Counter "supervisor_unjoinable_total" ["path"] "runs that could not be ended";
    COMMANDS = Counter "supervisor_commands_total" ["command"] "commands that were accepted";
    EVENTS_MISSED = Counter "supervisor_events_missed_total" [] "events that slow subscribers have missed";
    CHILD_UP = Gauge "supervisor_child_up" ["path"] "children that are up: 0 or 1 for a declared one";
    CHILDREN = Gauge "supervisor_children" ["lifecycle"] "children in each state, the root included";
    MAILBOX_DEPTH = Gauge "supervisor_mailbox_depth" [] "messages that waited when the tree last looked";
    START_TIME = Gauge "supervisor_start_time_seconds" [] "when the tree was started, in seconds since 1970";
    CONFIG_VERSION = Gauge "supervisor_config_version" [] "configurations put in place: 1 at the start, and one more with each reload";
    AUDIT_FAILING = Gauge "supervisor_audit_failing" [] "1 while the audit cannot be written";
    BACKOFF = Histogram "supervisor_backoff_seconds" ["path"] "waits before restarts";
    START_DURATION = Histogram "supervisor_start_duration_seconds" ["path"] "from the start to ready";
    STOP_DURATION = Histogram "supervisor_stop_duration_seconds" ["path"] "from the request to stop to the end";
    RUN_UPTIME = Histogram "supervisor_run_uptime_seconds" ["path"] "how long runs were up, when they ended";
}

/// Tells the recorder what each metric is. Done when a tree is started.
pub fn describe() {
    for &Metric { name, kind, help, .. } in METRICS {
        // The recorder is the application's own code, and no concern of the tree.
        drop(contain(|| match kind {
            MetricKind::Counter => describe_counter!(name, help),
            MetricKind::Gauge => describe_gauge!(name, help),
            MetricKind::Histogram => describe_histogram!(name, Unit::Seconds, help),
        }));
    }
}
