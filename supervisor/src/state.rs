//! What the tree is like right now.

#[cfg(feature = "serde")]
pub mod form;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::id::{ChildPath, CommandId, Generation};
use crate::policy::decision::RestartDecision;
use crate::policy::failure::Criticality;
use crate::policy::intensity::Limit;
use crate::policy::on_failure::FailureClass;
use crate::policy::written::Written;
use crate::spec::tags::Tags;
use crate::task::exit::Exit;

/// Where a child is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Lifecycle {
    /// Its turn to start has not come yet, or something that it depends on is not ready.
    Waiting,
    /// It was started and is not ready yet.
    Starting,
    /// It runs.
    Up,
    /// It was asked to stop and has not ended yet.
    Stopping,
    /// It ended and will be started again.
    Restarting,
    /// It does not run, and nothing will start it by itself.
    Down,
    /// It is declared and was never meant to be started: it, or a supervisor above it, is said not
    /// to be enabled.
    Disabled,
    /// An operator keeps it down, out of restarts and rounds, until it is resumed.
    Paused,
    /// It failed too often, or an operator took it out: it is kept down, out of restarts and
    /// rounds, until it is resumed or restarted.
    Quarantined,
    /// It was aborted and is still there; nothing can be started in its place.
    Unjoinable,
}

impl Lifecycle {
    /// Whether a run exists: starting, up, stopping or unjoinable.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Up | Self::Stopping | Self::Unjoinable)
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Stopping => "stopping",
            Self::Restarting => "restarting",
            Self::Down => "down",
            Self::Disabled => "disabled",
            Self::Paused => "paused",
            Self::Quarantined => "quarantined",
            Self::Unjoinable => "unjoinable",
        })
    }
}

/// One child as it is now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChildState {
    /// Where it stands.
    pub path: ChildPath,
    /// Whether it is a supervisor.
    pub is_supervisor: bool,
    /// The words that were put on it.
    pub tags: Tags,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// The number of its latest run; 0 before the first.
    pub generation: Generation,
    /// How often it has been restarted.
    pub restarts: u64,
    /// Since when it has been in this state, on the monotonic clock since the tree was started.
    pub since: Duration,
    /// When it is started again, if it waits for that; on the same clock.
    pub due: Option<Duration>,
    /// What it waits for: that of its dependencies which is not ready. Empty when it does not wait,
    /// or only for its turn.
    pub waits_for: Vec<ChildPath>,
    /// All that it depends on, by its declaration.
    pub depends_on: Vec<ChildPath>,
    /// Whether its run was aborted and has not ended yet.
    pub is_aborted: bool,
    /// How its latest runs ended, the latest last. At most 8.
    pub last_exits: Vec<ExitRecord>,
    /// What was decided after the latest of them.
    pub last_decision: Option<RestartDecision>,
    /// When that was decided, on the same clock as `since`.
    pub last_decision_at: Option<Duration>,
    /// The latest of its runs that ended abnormally, kept however many have ended well since.
    pub last_failure: Option<ExitRecord>,
    /// The latest command about it that was accepted.
    pub last_command: Option<CommandRecord>,
    /// Who keeps it out of restarts and rounds, if anybody does.
    pub held_by: Option<HeldBy>,
    /// How much the program needs it.
    pub criticality: Criticality,
    /// For a supervisor: the restarts that count against its intensity now.
    pub intensity: Option<LimitState>,
    /// The restart limits that are its own: the child's, and those of classes of failure. Empty
    /// where it has none.
    pub limits: Vec<LimitState>,
    /// For a child that has to send heartbeats: how it is.
    pub health: Option<ChildHealth>,
}

impl ChildState {
    /// Whether it can do its work now.
    pub fn readiness(&self) -> ReadinessStatus {
        match self.lifecycle {
            Lifecycle::Up => ReadinessStatus::Ready,
            _ if self.generation == Generation::default() => ReadinessStatus::Unknown,
            _ => ReadinessStatus::NotReady,
        }
    }

    /// How its latest run ended, if one has.
    pub fn last_exit(&self) -> Option<&Exit> {
        self.last_exits.last().map(|record| &record.exit)
    }
}

/// Whether a child can do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadinessStatus {
    /// It has never been started.
    Unknown,
    /// It is not up.
    NotReady,
    /// It is up.
    Ready,
}

impl fmt::Display for ReadinessStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::NotReady => "not_ready",
            Self::Ready => "ready",
        })
    }
}

/// A command about a child that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandRecord {
    /// Its number.
    pub id: CommandId,
    /// The name of the method on the handle.
    pub command: &'static str,
    /// Who asked.
    pub requested_by: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When, on the monotonic clock since the tree was started.
    pub at: Duration,
    /// The latest run of the child at that moment.
    pub generation: Generation,
}

/// Who keeps a child out of restarts and rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldBy {
    /// The command, and who asked for it and why; `None` where the child has used up its own
    /// limit, or failed for good.
    pub command: Option<CommandRecord>,
    /// Since when, on the monotonic clock since the tree was started.
    pub since: Duration,
    /// Whether it is started when it is kept out no longer.
    pub is_to_run: bool,
}

/// A limit of restarts, and how much of it is used up at the moment of the state: one of a child's
/// own, or the intensity of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitState {
    /// The class of failure it is for; `None` where it is the child's, or an intensity.
    pub class: Option<FailureClass>,
    /// How many restarts count against it now. One more than it allows when it is spent.
    pub used: u32,
    /// How many it allows, within how long.
    pub limit: Limit,
}

impl LimitState {
    /// How many more restarts it allows now.
    pub fn left(&self) -> u32 {
        self.limit.max.saturating_sub(self.used)
    }
}

impl fmt::Display for LimitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limit { max, within } = self.limit;
        write!(f, "{} of {max} restarts within {} are left", self.left(), Written(within))?;
        match self.class {
            Some(class) => write!(f, " after failures of the class {class}"),
            None => Ok(()),
        }
    }
}

/// How a child is that has to send heartbeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildHealth {
    /// What is made of it.
    pub status: HealthStatus,
    /// When its run has sent the latest heartbeat, on the monotonic clock since the tree was
    /// started.
    pub last_heartbeat: Option<Duration>,
    /// How often it promises to send one.
    pub heartbeat: Duration,
    /// After what silence it is stopped.
    pub stale_after: Duration,
}

impl ChildHealth {
    /// Puts in when the run has sent its latest heartbeat.
    pub(crate) fn hear(&mut self, last: Option<Duration>) {
        self.last_heartbeat = last;
        if last.is_some() && self.status == HealthStatus::Unknown {
            self.status = HealthStatus::Healthy;
        }
    }
}

/// What is made of the heartbeats of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthStatus {
    /// It has no run, or the run has sent none yet.
    Unknown,
    /// The run sends heartbeats.
    Healthy,
    /// The run has sent none for `stale_after` and is being stopped.
    Stale,
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Stale => "stale",
        })
    }
}

/// The end of one run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExitRecord {
    /// Which run.
    pub generation: Generation,
    /// When it ended, on the monotonic clock since the tree was started.
    pub at: Duration,
    /// How.
    pub exit: Exit,
}

/// The whole tree as it is now, the root first, each supervisor before its children, siblings in
/// the order of their declaration.
///
/// `Display` and `{:#?}` draw it as a tree.
#[derive(Clone)]
#[non_exhaustive]
pub struct TreeState {
    /// When this was true, on the monotonic clock since the tree was started.
    pub uptime: Duration,
    /// The sequence of the latest event that is in it; 0 before the first.
    pub sequence: u64,
    /// Every child, the root included.
    pub children: Vec<ChildState>,
}

impl TreeState {
    /// The child at `path`.
    pub fn get(&self, path: &str) -> Option<&ChildState> {
        self.children.iter().find(|child| child.path.as_str() == path)
    }

    /// The children directly below the supervisor at `path`, in their order.
    pub fn children_of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a ChildState> {
        self.children.iter().filter(move |child| {
            let rest =
                child.path.as_str().strip_prefix(path).and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| !rest.contains('/'))
        })
    }
}

impl fmt::Display for TreeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, child) in self.children.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            let depth = child.path.as_str().matches('/').count().saturating_sub(1);
            let name = format!("{:indent$}{}", "", child.path.name(), indent = depth * 2);
            write!(f, "{name:<24} {:<11} {}", child.lifecycle, child.generation)?;
            let mut separator = "   ";
            let mut fact = |f: &mut fmt::Formatter<'_>, fact: fmt::Arguments<'_>| {
                f.write_str(separator)?;
                separator = "; ";
                f.write_fmt(fact)
            };
            match child.restarts {
                0 => {}
                1 => fact(f, format_args!("1 restart"))?,
                restarts => fact(f, format_args!("{restarts} restarts"))?,
            }
            if let Some(due) = child.due {
                fact(f, format_args!("due in {:.0?}", due.saturating_sub(self.uptime)))?;
            }
            if !child.waits_for.is_empty() {
                let paths: Vec<_> = child.waits_for.iter().map(ChildPath::as_str).collect();
                fact(f, format_args!("waits for {}", paths.join(", ")))?;
            }
            if let Some(health) = child.health {
                fact(f, format_args!("health: {}", health.status))?;
            }
            if let Some(exit) = child.last_exit() {
                fact(f, format_args!("last exit: {exit}"))?;
            }
            if let (Lifecycle::Quarantined, Some(decision)) = (child.lifecycle, child.last_decision)
            {
                fact(f, format_args!("{}", decision.rule()))?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for TreeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("TreeState")
            .field("uptime", &self.uptime)
            .field("sequence", &self.sequence)
            .field("children", &self.children)
            .finish()
    }
}
