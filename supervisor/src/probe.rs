//! Whether the tree is ready for work and alive: what `/readyz` and `/livez` answer, as values.

use std::fmt;
use std::time::Duration;

use crate::id::ChildPath;
use crate::policy::failure::Criticality;
use crate::state::{Lifecycle, ReadinessStatus, TreeState};

/// How long a tree may take to answer before it counts as stuck, on Tokio's clock.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the tree is ready for work: an answer of
/// [`readiness`](crate::control::handle::SupervisorHandle::readiness). `Display` is one line for
/// each reason, or `ready`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadinessReport {
    /// What it is not ready for. Empty where it is.
    pub reasons: Vec<NotReady>,
}

/// A reason not to send work to the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// Its end has begun.
    ShuttingDown,
    /// It is not alive.
    NotAlive(NotAlive),
    /// The root supervisor is not up.
    RootNotUp {
        /// What it is.
        lifecycle: Lifecycle,
    },
    /// A critical child is not up.
    CriticalChild {
        /// The child.
        path: ChildPath,
        /// What it is.
        lifecycle: Lifecycle,
        /// What of that which it depends on is not ready, where it waits for that.
        waits_for: Vec<ChildPath>,
    },
}

impl ReadinessReport {
    /// Whether there is no reason not to be.
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }

    pub(crate) fn because(reason: NotReady) -> Self {
        Self { reasons: vec![reason] }
    }

    pub(crate) fn of(state: &TreeState) -> Self {
        let not_ready = state.children.iter().filter(|it| it.readiness() != ReadinessStatus::Ready);
        let reasons = not_ready.filter_map(|child| {
            let lifecycle = child.lifecycle;
            if child.path.is_root() {
                Some(NotReady::RootNotUp { lifecycle })
            } else if child.criticality == Criticality::Critical
                // What is not to be started is not waited for.
                && lifecycle != Lifecycle::Disabled
                && !cfg!(plant_bug = "critical_ignored")
            {
                let (path, waits_for) = (child.path.clone(), child.waits_for.clone());
                Some(NotReady::CriticalChild { path, lifecycle, waits_for })
            } else {
                None
            }
        });
        Self { reasons: reasons.collect() }
    }
}

impl fmt::Display for ReadinessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ready() {
            return f.write_str("ready");
        }
        for (n, reason) in self.reasons.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            match reason {
                NotReady::ShuttingDown => f.write_str("the tree is shutting down")?,
                NotReady::NotAlive(reason) => write!(f, "{reason}")?,
                NotReady::RootNotUp { lifecycle } => write!(f, "`/root` is {lifecycle}")?,
                NotReady::CriticalChild { path, lifecycle, waits_for } => {
                    write!(f, "the critical child `{path}` is {lifecycle}")?;
                    for (n, dependency) in waits_for.iter().enumerate() {
                        write!(f, "{} `{dependency}`", if n == 0 { " for" } else { " and" })?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether the tree is alive: an answer of
/// [`liveness`](crate::control::handle::SupervisorHandle::liveness). `Display` is the reason, or
/// `alive`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LivenessReport {
    /// Why it is not. `None` where it is.
    pub reason: Option<NotAlive>,
}

/// Why a tree is not alive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAlive {
    /// It has ended.
    Ended,
    /// It is gone without a report, with the runtime it lived on.
    Gone,
    /// It does not answer. On a runtime with one thread a run that never yields does that.
    Silent {
        /// For how long it was asked, on Tokio's clock.
        waited: Duration,
    },
}

impl LivenessReport {
    /// Whether there is no reason not to be.
    pub fn is_alive(&self) -> bool {
        self.reason.is_none()
    }
}

impl fmt::Display for LivenessReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            None => f.write_str("alive"),
            Some(reason) => fmt::Display::fmt(reason, f),
        }
    }
}

impl fmt::Display for NotAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the tree has ended"),
            Self::Gone => f.write_str("the tree is gone, with the runtime it lived on"),
            Self::Silent { waited } => write!(f, "the tree has not answered for {waited:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::supervisor::Supervisor;
    use crate::spec::child::ChildSpec;
    use crate::spec::supervisor::SupervisorSpec;
    use crate::task::context::TaskContext;
    use crate::task::factory::service_fn;

    #[tokio::test(start_paused = true)]
    async fn a_critical_child_counts_unless_it_is_disabled_and_another_does_not() {
        let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
        let critical = |id: &str| ChildSpec::new(id, parked()).criticality(Criticality::Critical);
        let tree = SupervisorSpec::root()
            .child(critical("db"))
            .child(critical("off").disabled())
            .child(ChildSpec::new("extra", parked()));
        let handle = Supervisor::start(tree).await.unwrap();
        assert!(handle.readiness().await.is_ready());
        handle.stop_child("/root/extra", "test", "because").await.unwrap();
        assert!(handle.readiness().await.is_ready());
        handle.stop_child("/root/db", "test", "because").await.unwrap();
        let path = ChildPath::parse("/root/db").unwrap();
        let reason =
            NotReady::CriticalChild { path, lifecycle: Lifecycle::Down, waits_for: Vec::new() };
        assert_eq!(handle.readiness().await.reasons, [reason]);
        let why = handle.why("/root/off").await.unwrap().to_string();
        assert!(why.contains("It is disabled"), "{why}");
        handle.shutdown_tree("test", "done").await.unwrap();
    }
}
