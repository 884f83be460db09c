//! What is known of a child because we have drawn it, and not because the library says so.

use std::time::Duration;

use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::dependency::StartMode;
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;

/// One child, or supervisor.
#[derive(Clone, Debug)]
pub(crate) struct Nature {
    pub(crate) restart: Restart,
    pub(crate) readiness: Readiness,
    pub(crate) is_blocking: bool,
    /// Whether it is added while the tree runs.
    pub(crate) is_dynamic: bool,
    pub(crate) grace: Grace,
    pub(crate) abort_wait: Duration,
    pub(crate) start_timeout: Duration,
    /// After what silence it is stopped, where it has to send heartbeats.
    pub(crate) stale_after: Option<Duration>,
    pub(crate) backoff: Backoff,
    pub(crate) restart_limit: Option<Limit>,
    /// Whether a class of failure has a limit of its own.
    pub(crate) has_class_limit: bool,
    pub(crate) probe_after: Option<Duration>,
    pub(crate) depends_on: Vec<ChildPath>,
    /// What it is where it is a supervisor.
    pub(crate) group: Option<Group>,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) strategy: Strategy,
    pub(crate) start: StartMode,
    pub(crate) intensity: Limit,
    /// The names of the declared children, in their order.
    pub(crate) declared: Vec<String>,
    /// What its members are, where it is a pool, and how many it takes.
    pub(crate) members: Option<(Box<Nature>, usize)>,
}

impl Nature {
    pub(crate) fn is_supervisor(&self) -> bool {
        self.group.is_some()
    }
}
