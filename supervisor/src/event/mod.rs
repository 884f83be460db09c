//! What happened, as the tree saw it: one event for each transition, in the order of decision.

#[cfg(feature = "serde")]
pub mod form;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::meltdown::MeltdownError;
use crate::id::{ChildPath, CommandId, CorrelationId, Generation};
use crate::policy::decision::RestartDecision;
use crate::task::exit::Exit;

/// Something that happened to one child, or to the tree (whose path is `/root`).
///
/// `Display` is a line for a person: when, who, which run, what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Numbers the events of a tree from 1, without gaps.
    pub sequence: u64,
    /// When, on the wall clock.
    pub at: SystemTime,
    /// When, on the monotonic clock, since the tree was started.
    pub uptime: Duration,
    /// Whom it concerns.
    pub path: ChildPath,
    /// Which run; 0 before the first.
    pub generation: Generation,
    /// What holds it together with the other events that have the same cause.
    pub correlation: CorrelationId,
    /// The command that caused it, if one did directly.
    pub command: Option<CommandId>,
    /// What happened.
    pub kind: EventKind,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.uptime.as_millis();
        write!(f, "{millis:>6} ms  {} {}  {}", self.path, self.generation, self.kind)
    }
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// It is to start, and waits until all it depends on is ready.
    Waiting {
        /// What is not.
        dependencies: Vec<ChildPath>,
    },
    /// A run, or a supervisor, begins its start phase.
    Starting,
    /// It is up.
    Ready,
    /// It failed to start. For a supervisor: those of its children that were up have been stopped.
    StartFailed {
        /// How the attempt ended.
        exit: Exit,
    },
    /// It had nothing to do here.
    StartIgnored,
    /// A run ended, or a supervisor.
    Exited {
        /// How.
        exit: Exit,
    },
    /// What follows from that.
    Decided {
        /// The decision and its rule.
        decision: RestartDecision,
    },
    /// It is asked to stop.
    StopRequested,
    /// It sends no heartbeats any more: it is stuck, and is stopped.
    Stale {
        /// For how long it has sent none.
        silent_for: Duration,
    },
    /// Something it depends on is not ready any more, and it is one that does not go on without:
    /// it is stopped, and waits.
    DependencyLost {
        /// The first that was lost.
        dependency: ChildPath,
    },
    /// Its grace is over: it is ended by force.
    Aborted,
    /// It cannot be ended: it is given up, and may still run.
    Unjoinable,
    /// A restart round begins.
    RoundStarted {
        /// Whose failure began it.
        origin: ChildPath,
    },
    /// A supervisor has restarted its children more often than it may, or a child's failure was
    /// escalated: it ends.
    Meltdown {
        /// The child that failed last.
        child: ChildPath,
        /// How that ended.
        exit: Exit,
        /// The decision that led here.
        decision: RestartDecision,
        /// The whole story, down to the run that began it.
        why: MeltdownError,
    },
    /// A supervisor ends by itself, because significant children have ended.
    AutoShutdown {
        /// The child whose end was the last straw.
        child: ChildPath,
    },
    /// A command was accepted.
    Commanded {
        /// The name of the method on the handle.
        command: &'static str,
        /// The id of the child that it adds, for a command that adds one.
        adds: Option<Arc<str>>,
        /// Who asked.
        requested_by: Arc<str>,
        /// Why.
        reason: Arc<str>,
    },
    /// A new configuration is in place. Waits that have begun go on as they are.
    Reconfigured {
        /// What changes about this child, at once or with its next run.
        changes: Vec<ValueChange>,
    },
    /// An operator's pause holds: the child is kept out of restarts and rounds.
    Paused,
    /// An operator's quarantine holds. One that follows from a limit is a decision.
    Quarantined,
    /// Nobody keeps it out any longer. If it ran before, it is started.
    Resumed,
    /// A child that has used up its own limit is started as a trial.
    Probing,
    /// The child's own limit counts from nothing: somebody said so, or it has stood its trial,
    /// which is seen when that run ends.
    BudgetReset,
    /// A child was added while the tree runs.
    Added,
    /// A child is no longer known: it was removed or deleted, or it was temporary and has ended.
    Removed,
    /// The shutdown of the tree has been asked for.
    ShutdownRequested {
        /// By whom.
        requested_by: Arc<str>,
        /// And why.
        reason: Arc<str>,
    },
    /// All that is left is aborted at once.
    ShutdownForced {
        /// Who wants it.
        cause: ForceCause,
    },
    /// The audit cannot be written. Whether commands are refused from now on is what its
    /// `on_failure` says.
    AuditFailing {
        /// What is wrong with it.
        because: Arc<str>,
    },
    /// The audit can be written again.
    AuditRestored {
        /// How many entries are missing, although what they are about took place.
        missing: u64,
    },
    /// The recording of the tree ends here; the tree goes on.
    RecordingEnded {
        /// Why.
        because: Arc<str>,
    },
    /// The tree has ended. The last event.
    Ended {
        /// Whether nothing had to be aborted or given up.
        is_clean: bool,
    },
}

/// Who ends a shutdown by force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForceCause {
    /// Nobody: it has taken longer than its budget.
    BudgetSpent,
    /// Somebody asked for it.
    Requested {
        /// Who.
        requested_by: Arc<str>,
        /// And why.
        reason: Arc<str>,
    },
}

/// `its budget is spent`, or who asked for it.
impl fmt::Display for ForceCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BudgetSpent => f.write_str("its budget is spent"),
            Self::Requested { requested_by, reason } => {
                write!(f, "asked for by {requested_by}: {reason}")
            }
        }
    }
}

/// One value of a configuration that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueChange {
    /// The child or supervisor it is about.
    pub path: ChildPath,
    /// The key, as it is written about the child: `backoff.max`.
    pub key: Arc<str>,
    /// As it was, if it was said or built in; `***` for a secret.
    pub before: Option<Arc<str>>,
    /// As it is; `***` for a secret.
    pub after: Option<Arc<str>>,
}

/// `backoff.max 5s -> 10s`.
impl fmt::Display for ValueChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<Arc<str>>| value.clone().unwrap_or_else(|| "nothing".into());
        write!(f, "{} {} -> {}", self.key, text(&self.before), text(&self.after))
    }
}

/// The kinds of events without what they carry, and their names.
macro_rules! tags {
    ($($tag:ident $name:literal,)*) => {
        /// The kind of an event without what it carries, such as a filter names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum EventTag {
            $(
                #[doc = concat!("See [`EventKind::", stringify!($tag), "`].")]
                $tag,
            )*
        }

        impl EventTag {
            /// Every kind of event.
            pub const ALL: &[Self] = &[$(Self::$tag),*];

            /// The name in `snake_case`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$tag => $name,)*
                }
            }
        }

        impl EventKind {
            /// The kind without what it carries.
            pub fn tag(&self) -> EventTag {
                match self {
                    $(Self::$tag { .. } => EventTag::$tag,)*
                }
            }
        }
    };
}

tags! {
    Waiting "waiting",
    Starting "starting",
    Ready "ready",
    StartFailed "start_failed",
    StartIgnored "start_ignored",
    Exited "exited",
    Decided "decided",
    StopRequested "stop_requested",
    Stale "stale",
    DependencyLost "dependency_lost",
    Aborted "aborted",
    Unjoinable "unjoinable",
    RoundStarted "round_started",
    Meltdown "meltdown",
    AutoShutdown "auto_shutdown",
    Commanded "commanded",
    Reconfigured "reconfigured",
    Paused "paused",
    Quarantined "quarantined",
    Resumed "resumed",
    Probing "probing",
    BudgetReset "budget_reset",
    Added "added",
    Removed "removed",
    ShutdownRequested "shutdown_requested",
    ShutdownForced "shutdown_forced",
    AuditFailing "audit_failing",
    AuditRestored "audit_restored",
    RecordingEnded "recording_ended",
    Ended "ended",
}

impl EventKind {
    /// The name of the variant in `snake_case`.
    pub fn name(&self) -> &'static str {
        self.tag().name()
    }
}

impl fmt::Display for EventTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { dependencies } => {
                let paths: Vec<_> = dependencies.iter().map(ChildPath::as_str).collect();
                write!(f, "waits for {}", paths.join(", "))
            }
            Self::Starting => f.write_str("starting"),
            Self::Ready => f.write_str("ready"),
            Self::StartFailed { exit } => write!(f, "failed to start: {exit}"),
            Self::StartIgnored => f.write_str("has nothing to do here"),
            Self::Exited { exit } => write!(f, "ended: {exit}"),
            Self::Decided { decision } => write!(f, "decision: {decision}"),
            Self::StopRequested => f.write_str("is asked to stop"),
            Self::Stale { silent_for } => {
                write!(f, "is stuck: no heartbeat for {silent_for:.1?}")
            }
            Self::DependencyLost { dependency } => {
                write!(f, "is stopped until {dependency} is ready again")
            }
            Self::Aborted => f.write_str("is aborted, its grace is over"),
            Self::Unjoinable => f.write_str("cannot be ended and is given up"),
            Self::RoundStarted { origin } => write!(f, "restart round, begun by {origin}"),
            Self::Meltdown { child, why, .. } => {
                write!(f, "meltdown over {child}: {}", why.why())
            }
            Self::AutoShutdown { child } => write!(f, "ends, because {child} has ended"),
            Self::Commanded { command, adds, requested_by, reason } => {
                f.write_str(command)?;
                adds.iter().try_for_each(|id| write!(f, " {id}"))?;
                write!(f, ", asked for by {requested_by}: {reason}")
            }
            Self::Reconfigured { changes } => {
                f.write_str("reconfigured")?;
                let mut mark = ": ";
                changes.iter().try_for_each(|change| {
                    write!(f, "{}{change}", std::mem::replace(&mut mark, ", "))
                })
            }
            Self::Paused => f.write_str("paused"),
            Self::Quarantined => f.write_str("quarantined"),
            Self::Resumed => f.write_str("kept out no longer"),
            Self::Probing => f.write_str("is started as a trial"),
            Self::BudgetReset => f.write_str("its own limit counts from nothing"),
            Self::Added => f.write_str("added"),
            Self::Removed => f.write_str("removed"),
            Self::ShutdownRequested { requested_by, reason } => {
                write!(f, "shutdown, asked for by {requested_by}: {reason}")
            }
            Self::ShutdownForced { cause } => write!(f, "all that is left is aborted, {cause}"),
            Self::AuditFailing { because } => write!(f, "the audit cannot be written: {because}"),
            Self::AuditRestored { missing } => {
                write!(f, "the audit can be written again, {missing} entries are missing")
            }
            Self::RecordingEnded { because } => write!(f, "the recording ends: {because}"),
            Self::Ended { is_clean: true } => f.write_str("the tree has ended, clean"),
            Self::Ended { is_clean: false } => f.write_str("the tree has ended, not clean"),
        }
    }
}
