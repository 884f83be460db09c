//! The exit codes.

use std::process::ExitCode;

use crate::report::ShutdownReport;

/// How a command ended. The number is the exit code of the process; those from 64 on are those of
/// `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Exit {
    /// It was done, and there is nothing to complain about; the tree ended clean.
    Done = 0,
    /// The tree failed, or did not start.
    Failed = 1,
    /// The tree ended, and a run had to be aborted or could not be ended.
    NotClean = 2,
    /// The plan has changes that need a restart of the program.
    NeedsRestart = 3,
    /// The plan is for a tree with other children, or children that take other things.
    Impossible = 4,
    /// The command line says something that is none: `EX_USAGE`.
    Usage = 64,
    /// The tree itself, as it was compiled, breaks a rule: `EX_SOFTWARE`.
    Tree = 70,
    /// The answer could not be written: `EX_IOERR`.
    Output = 74,
    /// The configuration cannot be used: `EX_CONFIG`.
    Config = 78,
}

/// What `--help` says about them.
pub(super) const HELP: &str = "\
Exit codes:
  0   done; the tree ended clean
  1   the tree failed, or did not start
  2   a run had to be aborted or could not be ended
  3   the plan needs a restart of the program
  4   the plan needs another build of the program
  64  the command line is wrong, or names a child that is not there
  70  the tree itself, as it was compiled, breaks a rule
  74  the answer could not be written
  78  the configuration cannot be used";

impl Exit {
    /// The code.
    pub fn code(self) -> u8 {
        self as u8
    }

    pub(super) fn of(report: &ShutdownReport) -> Self {
        match report.exit_code() {
            0 => Self::Done,
            1 => Self::Failed,
            _ => Self::NotClean,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
