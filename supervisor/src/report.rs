//! How the tree ended: the report of a shutdown, which is also the exit code of the program.

#[cfg(feature = "serde")]
pub mod form;

use std::fmt;
use std::io::{self, Write as _};
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::time::Duration;

use crate::error::meltdown::MeltdownError;
use crate::id::{ChildPath, Generation};
use crate::policy::decision::RestartDecision;
use crate::task::exit::Exit;

/// How the tree ended, with a row for every child.
///
/// As the result of `fn main` it is the exit code: 0 when the tree ended clean, 1 when it ended
/// because it had failed (see [`is_failure`](Self::is_failure)), 2 when a run had to be aborted or
/// could not be ended.
/// If that is not 0, it also prints itself to standard error, as an error would.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Why it ended.
    pub cause: EndCause,
    /// How long the shutdown took.
    pub took: Duration,
    /// How long the tree had lived when it was over.
    pub uptime: Duration,
    /// Whether the budget was spent, or somebody asked for an end at once.
    pub was_forced: bool,
    /// The children in the order in which they ended; after them those that were not running.
    pub rows: Arc<[ReportRow]>,
}

impl ShutdownReport {
    /// Whether every run ended by itself: none was aborted, none was given up.
    ///
    /// What a run returned does not matter for this; see [`ReportRow::end`].
    pub fn is_clean(&self) -> bool {
        self.rows.iter().all(ReportRow::is_clean)
    }

    /// Whether the tree ended because it failed, and not because that was wanted.
    pub fn is_failure(&self) -> bool {
        matches!(self.cause, EndCause::Meltdown { .. } | EndCause::StartFailed { .. })
    }

    /// The runs that could not be ended and may still be there.
    pub fn unjoinable(&self) -> impl Iterator<Item = &ReportRow> {
        self.rows.iter().filter(|row| matches!(row.end, RowEnd::Unjoinable))
    }

    /// What [`Termination`] makes of it: 0 clean, 1 failed, 2 not clean. Where two hold, the
    /// greater.
    pub fn exit_code(&self) -> u8 {
        match (self.is_clean(), self.is_failure()) {
            (false, _) => 2,
            (true, true) => 1,
            (true, false) => 0,
        }
    }
}

impl Termination for ShutdownReport {
    fn report(self) -> ExitCode {
        if self.exit_code() != 0 {
            // Where standard error is closed there is nobody to tell, and the code still counts.
            drop(writeln!(io::stderr(), "{self}"));
        }
        ExitCode::from(self.exit_code())
    }
}

/// A few lines for a person.
impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = if self.is_clean() { "clean" } else { "not clean" };
        writeln!(f, "{}", self.cause)?;
        write!(f, "ended {clean} in {:.1?}", self.took)?;
        if self.was_forced {
            f.write_str(", by force")?;
        }
        for row in &*self.rows {
            write!(f, "\n  {row}")?;
        }
        Ok(())
    }
}

/// Why a tree ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EndCause {
    /// Somebody asked for it.
    Requested {
        /// Who.
        requested_by: String,
        /// Why.
        reason: String,
    },
    /// The root restarted its children more often than it may, a failure was escalated to it, or a
    /// child's `on_limit` shut the tree down.
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
    /// The root's significant children have ended.
    AutoShutdown,
    /// A child failed to start while the tree started.
    StartFailed {
        /// The child.
        child: ChildPath,
        /// How its start ended.
        exit: Exit,
    },
}

impl fmt::Display for EndCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { requested_by, reason } => {
                write!(f, "shutdown, asked for by {requested_by}: {reason}")
            }
            Self::Meltdown { child, why, .. } => {
                write!(f, "meltdown over {child}: {}", why.why())
            }
            Self::AutoShutdown => f.write_str("the significant children have ended"),
            Self::StartFailed { child, exit } => write!(f, "{child} failed to start: {exit}"),
        }
    }
}

/// The end of one child.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportRow {
    /// The child.
    pub path: ChildPath,
    /// Its latest run.
    pub generation: Generation,
    /// How that ended.
    pub end: RowEnd,
    /// How long it took, from the request to stop.
    pub took: Duration,
    /// Whether the shutdown asked it to stop. Not when it was down already.
    pub was_cancelled: bool,
    /// Whether it was aborted, its grace being over.
    pub was_aborted: bool,
}

impl ReportRow {
    /// Whether it ended by itself, or was not there.
    pub fn is_clean(&self) -> bool {
        !self.was_aborted && !matches!(self.end, RowEnd::Unjoinable)
    }
}

impl fmt::Display for ReportRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}  {}", self.path, self.generation, self.end)?;
        if self.was_cancelled {
            write!(f, ", {:.1?} after it was asked to stop", self.took)?;
        }
        // Where the run ended by it, the end says so itself.
        let is_said = matches!(&self.end, RowEnd::Ended(Exit::Aborted));
        if self.was_aborted && !is_said {
            f.write_str(", aborted")?;
        }
        Ok(())
    }
}

/// How a child stood at the end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RowEnd {
    /// It ended during the shutdown.
    Ended(Exit),
    /// It was not running when the shutdown began.
    NotRunning,
    /// It was aborted and is still there.
    Unjoinable,
}

impl fmt::Display for RowEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(exit) => fmt::Display::fmt(exit, f),
            Self::NotRunning => f.write_str("was not running"),
            Self::Unjoinable => f.write_str("cannot be ended and is given up"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(end: RowEnd) -> String {
        let row = ReportRow {
            path: ChildPath::parse("/root/api").expect("a path"),
            generation: Generation(1),
            end,
            took: Duration::from_secs(1),
            was_cancelled: true,
            was_aborted: true,
        };
        row.to_string()
    }

    #[test]
    fn a_row_says_once_that_it_was_aborted() {
        let asked = "1.0s after it was asked to stop";
        assert_eq!(row(RowEnd::Ended(Exit::Aborted)), format!("/root/api #1  aborted, {asked}"));
        // It had ended before it noticed.
        assert_eq!(
            row(RowEnd::Ended(Exit::Shutdown)),
            format!("/root/api #1  shutdown, {asked}, aborted")
        );
    }
}
