//! What there is to know when something has gone wrong for good, or the tree has ended.

#[cfg(feature = "serde")]
pub mod form;

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::error::meltdown::{MeltdownError, MeltdownLink};
use crate::event::{Event, ForceCause};
use crate::id::ChildPath;
use crate::report::EndCause;
use crate::state::{ChildState, ExitRecord};

/// Made when a supervisor melts down, when a failure is escalated to it, when a shutdown is ended
/// by force, and when the tree has ended: everything that was known then, in one value.
///
/// The latest 16 are kept; see
/// [`summaries`](crate::control::handle::SupervisorHandle::summaries). `Display` is a page for a
/// person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunSummary {
    /// When, on the wall clock.
    pub at: SystemTime,
    /// When, on the monotonic clock since the tree was started.
    pub uptime: Duration,
    /// The supervisor it is about, and everything below it.
    pub scope: ChildPath,
    /// What has happened.
    pub cause: SummaryCause,
    /// How often the children there have been restarted, all together.
    pub restarts: u64,
    /// The latest failure of each child that has failed, the latest first. At most 64.
    pub failures: Vec<FailureRecord>,
    /// The latest events there, the oldest first. At most 64, and no more than the journal has.
    pub recent_events: Vec<Arc<Event>>,
    /// The children as they were then, parents before children. At most 256.
    pub state: Vec<ChildState>,
    /// How many more children there were.
    pub left_out: usize,
}

/// Why a summary was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SummaryCause {
    /// The supervisor has restarted its children more often than it may.
    Meltdown(MeltdownError),
    /// A child's failure was escalated to the supervisor.
    Escalation(MeltdownError),
    /// The shutdown of the tree is ended by force: its budget is spent, or somebody asked for it.
    ShutdownForced {
        /// Who wants it.
        cause: ForceCause,
    },
    /// The tree has ended.
    Ended(EndCause),
}

/// The failure of one child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailureRecord {
    /// The child.
    pub path: ChildPath,
    /// Which run, when and how.
    pub record: ExitRecord,
    /// What the error says and what each of its causes says, the outermost first.
    pub causes: Vec<String>,
}

/// What a summary says of the children: of a large tree not everything.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    restarts: u64,
    failed: Vec<(ChildPath, ExitRecord)>,
    state: Vec<ChildState>,
    left_out: usize,
}

impl Outline {
    /// Adds the next child. Only of those that stay the state is made.
    pub(crate) fn add(
        &mut self,
        restarts: u64,
        path: &ChildPath,
        failure: Option<&ExitRecord>,
        state: impl FnOnce() -> ChildState,
    ) {
        self.restarts += restarts;
        self.failed.extend(failure.map(|failure| (path.clone(), failure.clone())));
        if self.state.len() < RunSummary::ROWS {
            self.state.push(state());
        } else {
            self.left_out += 1;
        }
    }
}

impl RunSummary {
    /// How many events are kept in it.
    pub(crate) const EVENTS: usize = 64;
    const FAILURES: usize = 64;
    const ROWS: usize = 256;

    pub(crate) fn new(
        (at, uptime): (SystemTime, Duration),
        scope: ChildPath,
        cause: SummaryCause,
        recent_events: Vec<Arc<Event>>,
        outline: Outline,
    ) -> Self {
        let Outline { restarts, mut failed, state, left_out } = outline;
        failed.sort_by_key(|(_, failure)| Reverse(failure.at));
        let failures = failed.into_iter().take(Self::FAILURES).map(|(path, record)| {
            let causes = record.exit.causes();
            FailureRecord { path, record, causes }
        });
        let failures = failures.collect();
        Self { at, uptime, scope, cause, restarts, failures, recent_events, state, left_out }
    }

    /// Why the supervisor gave up, from there down to the run that began it all. Empty where
    /// nothing gave up.
    pub fn causal_chain(&self) -> &[MeltdownLink] {
        match &self.cause {
            SummaryCause::Meltdown(why)
            | SummaryCause::Escalation(why)
            | SummaryCause::Ended(EndCause::Meltdown { why, .. }) => why.links(),
            SummaryCause::ShutdownForced { .. } | SummaryCause::Ended(_) => &[],
        }
    }
}

impl fmt::Display for SummaryCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meltdown(why) => write!(f, "meltdown: {why}"),
            Self::Escalation(why) => write!(f, "escalation: {why}"),
            Self::ShutdownForced { cause } => write!(f, "the shutdown is ended by force, {cause}"),
            Self::Ended(cause) => write!(f, "the tree has ended: {cause}"),
        }
    }
}

impl fmt::Display for RunSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} after {:.1?}: {}", self.scope, self.uptime, self.cause)?;
        writeln!(f, "restarts: {}", self.restarts)?;
        writeln!(f, "failures:")?;
        for FailureRecord { path, record, causes } in &self.failures {
            let (at, exit) = (record.at, record.exit.word());
            writeln!(f, "  {path} {} after {at:.1?}, {exit}", record.generation)?;
            for cause in causes {
                writeln!(f, "    {cause}")?;
            }
        }
        writeln!(f, "events:")?;
        for event in &self.recent_events {
            writeln!(f, "  {event}")?;
        }
        write!(f, "state:")?;
        for child in &self.state {
            write!(f, "\n  {} {} {}", child.path, child.generation, child.lifecycle)?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}
