//! Reading an audit, and finding what was done to it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::Head;
use super::chain::{self, Fault, genesis};
use super::entry::AuditEntry;

/// Checks every line of an audit: that none was changed, moved, put in or left out.
///
/// Lines that are missing at the end leave no trace in the file; [`verify_up_to`] finds them. And
/// whoever can write the file can write a whole new one: a [`Head`] that is kept elsewhere is
/// what that does not fit.
///
/// Gives the last entry, or `None` for an empty file.
///
/// # Errors
///
/// [`VerifyError`] with the first line that does not fit, and why.
pub fn verify(file: impl AsRef<Path>) -> Result<Option<Head>, VerifyError> {
    walk(file.as_ref(), None, |_| {})
}

/// As [`verify`], and that the entry `head` is there.
///
/// # Errors
///
/// As [`verify`], and [`Damage::HeadMissing`].
pub fn verify_up_to(file: impl AsRef<Path>, head: &Head) -> Result<Option<Head>, VerifyError> {
    walk(file.as_ref(), Some(head), |_| {})
}

/// All entries of an audit, checked as by [`verify`].
///
/// # Errors
///
/// As [`verify`].
pub fn read(file: impl AsRef<Path>) -> Result<Vec<AuditEntry>, VerifyError> {
    let mut entries = Vec::new();
    walk(file.as_ref(), None, |entry| entries.push(entry))?;
    Ok(entries)
}

fn walk(
    file: &Path,
    head: Option<&Head>,
    mut each: impl FnMut(AuditEntry),
) -> Result<Option<Head>, VerifyError> {
    let unreadable = |source| VerifyError::Read { file: file.to_owned(), source: Arc::new(source) };
    let mut lines = BufReader::new(File::open(file).map_err(unreadable)?);
    let mut last: Option<Head> = None;
    let mut number = 0;
    let mut has_head = false;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if lines.read_until(b'\n', &mut bytes).map_err(unreadable)? == 0 {
            break;
        }
        number += 1;
        let damaged = |damage| VerifyError::Damaged { file: file.to_owned(), line: number, damage };
        let line = bytes.strip_suffix(b"\n").ok_or_else(|| damaged(Damage::Unfinished))?;
        let (entry, this) = chain::read(line).map_err(|fault| {
            damaged(match fault {
                Fault::NoEntry => Damage::NoEntry,
                Fault::WrongHash => Damage::Changed,
            })
        })?;
        if this.sequence != number {
            return Err(damaged(Damage::Sequence { expected: number, found: this.sequence }));
        }
        let previous = last.map_or_else(genesis, |last| last.hash);
        if entry.previous != previous && !cfg!(plant_bug = "unchecked_link") {
            return Err(damaged(Damage::Link));
        }
        has_head |= head == Some(&this);
        last = Some(this);
        each(entry);
    }
    match head {
        Some(head) if !has_head => Err(VerifyError::Damaged {
            file: file.to_owned(),
            line: number,
            damage: Damage::HeadMissing(head.clone()),
        }),
        _ => Ok(last),
    }
}

/// Why an audit is not what was written.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It cannot be read.
    #[error("the audit log `{}` cannot be read", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// It was changed.
    #[error("`{}`, line {line}: {damage}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The first line that does not fit, from 1.
        line: u64,
        /// What does not fit.
        damage: Damage,
    },
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Damage {
    /// The line is no entry.
    #[error("it is no entry of an audit log, or not of this version")]
    NoEntry,
    /// The line does not have the hash that it says.
    #[error("its hash does not fit: the line was changed")]
    Changed,
    /// Lines are missing before it, or it stands in the wrong place.
    #[error("entry {found} stands where {expected} belongs: lines were lost, moved or put in")]
    Sequence {
        /// Which belongs here.
        expected: u64,
        /// Which stands here.
        found: u64,
    },
    /// It does not follow the line before it.
    #[error("it does not follow the line before it: one of both was replaced")]
    Link,
    /// It has no end.
    #[error(
        "it has no end: a process was killed while it wrote it, or somebody cut it; the next start \
         cuts it off and says so"
    )]
    Unfinished,
    /// The entry that was asked for is not there.
    #[error("up to the end there is no entry {0}: the last lines were lost, or all are new")]
    HeadMissing(Head),
}
