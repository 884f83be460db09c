//! The audit (feature `audit`): who asked the tree for what, why, and what came of it, in a file
//! that is only ever added to.
//!
//! It is a gate: an entry about a command is on the disk before the command has any effect. Each
//! line names the hash of the one before, so that [`verify`](verify::verify) finds a line that was
//! changed, moved or lost.
//!
//! ```no_run
//! use rust_supervisor::audit::{AuditLog, OnAuditFailure};
//! use rust_supervisor::runtime::supervisor::Supervisor;
//! use rust_supervisor::spec::supervisor::SupervisorSpec;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), rust_supervisor::error::types::SupervisorError> {
//! let audit = AuditLog::new("/var/log/shop/audit.jsonl").on_failure(OnAuditFailure::Refuse);
//! let handle = Supervisor::builder(SupervisorSpec::root()).audit(audit).start().await?;
//! # Ok(())
//! # }
//! ```

mod chain;
mod disk;
pub mod entry;
mod file;
#[cfg(test)]
mod tests;
pub mod verify;
pub(crate) mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::observe::DISK_TIMEOUT;

/// Where the audit is written, and what follows when it cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "it does nothing until it is given to `SupervisorBuilder::audit`"]
pub struct AuditLog {
    pub(crate) file: PathBuf,
    pub(crate) on_failure: OnAuditFailure,
    pub(crate) write_timeout: Duration,
}

impl AuditLog {
    /// How long a disk may take by default.
    pub const WRITE_TIMEOUT: Duration = DISK_TIMEOUT;

    /// An audit in this file, which is made if there is none; its folder is not. Commands are
    /// refused when it cannot be written.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            on_failure: OnAuditFailure::default(),
            write_timeout: Self::WRITE_TIMEOUT,
        }
    }

    /// What follows when an entry cannot be written. Default: the command is refused.
    pub fn on_failure(mut self, on_failure: OnAuditFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// How long the disk may take to write what is waiting, on the clock of the machine, which no
    /// test pauses. Then it hangs, and that is a failure like any other: the command is refused or
    /// goes on, and the end of the tree goes on in any case. Whatever comes while it hangs does not
    /// wait. So a command waits for this long at most, or twice as long if others were before it.
    ///
    /// At least 1 ms. Default: 30 s: a disk that is merely busy can take seconds.
    ///
    /// A command that was refused in this way may have its entry after all, when the disk goes on:
    /// then an entry that it was rejected follows.
    pub fn write_timeout(mut self, time: Duration) -> Self {
        self.write_timeout = time.max(Duration::from_millis(1));
        self
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }
}

/// What follows when an entry cannot be written: the disk is full, or hangs, the folder is gone.
///
/// Either way it is an event, [`AuditFailing`](crate::event::EventKind::AuditFailing), and so an
/// error in the log, and stands in [`AuditStatus`]. The next entry is tried again, and
/// once one can be written, the audit says how many are missing before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnAuditFailure {
    /// The command is refused and has no effect. A tree whose audit cannot be opened does not
    /// start. The end of the tree is never refused: then what is missing is counted.
    #[default]
    Refuse,
    /// The command goes on, and what is missing is counted.
    GoOn,
}

impl fmt::Display for OnAuditFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refuse => "refuse",
            Self::GoOn => "go_on",
        })
    }
}

/// How the audit of a tree stands.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditStatus {
    /// The last entry that is on the disk. Kept elsewhere, it is what
    /// [`verify_up_to`](verify::verify_up_to) needs to find lost lines at the end of the file.
    pub head: Option<Head>,
    /// How many entries are on the disk that were written since the tree was started.
    pub entries: u64,
    /// How many entries are missing although what they are about took place.
    pub missing: u64,
    /// How many commands were refused because their entry could not be written.
    pub refused: u64,
    /// Why the latest entry could not be written; `None` when it could.
    pub failing: Option<AuditError>,
}

/// One entry of an audit, by its number and hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// Its number in the file, from 1.
    pub sequence: u64,
    /// Its hash: SHA-256, 64 hexadecimal digits.
    pub hash: String,
}

impl Head {
    /// The head that was written down somewhere else.
    pub fn new(sequence: u64, hash: impl Into<String>) -> Self {
        Self { sequence, hash: hash.into() }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sequence, self.hash)
    }
}

/// Why there is no audit.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be opened, or made.
    #[error("the audit log `{}` cannot be opened; its folder has to exist and be writable", file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// Another process writes this file.
    #[error("the audit log `{}` is being written by another process; give each its own file", file.display())]
    Busy {
        /// The file.
        file: PathBuf,
    },
    /// The last line of the file is no entry that this library has written.
    #[error(
        "`{}` does not end with an entry of an audit log, so nothing can be added to it: see what \
         `audit::verify` says about it, then move it away",
        file.display()
    )]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// An entry cannot be written.
    #[error("the entry cannot be written to the audit log `{}`", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// The disk takes too long.
    #[error(
        "the audit log `{}` has not been written for {waited:?}: the disk hangs, or is too slow",
        file.display()
    )]
    Hung {
        /// The file.
        file: PathBuf,
        /// For how long it was waited for.
        waited: Duration,
    },
    /// The thread that writes it cannot be started, or is gone.
    #[error("there is no thread to write the audit log `{}`", file.display())]
    NoWriter {
        /// The file.
        file: PathBuf,
    },
}

impl AuditError {
    /// With what the system says about it.
    pub(crate) fn with_cause(&self) -> String {
        let cause = std::error::Error::source(self);
        cause.map_or_else(|| self.to_string(), |cause| format!("{self}: {cause}"))
    }
}
