//! The file of an audit: opened once, locked, and only ever added to.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::chain::{self, genesis};
use super::{AuditError, Head};
use crate::observe::private;

/// How much is read at once to find the last line.
const CHUNK: u64 = 64 * 1024;

/// Where entries go: a file, or in a test something that fails.
pub(super) trait Storage: Send {
    /// Adds to the end.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Comes back when everything is on the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Takes back everything after `len` bytes.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

impl Storage for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }
}

impl Storage for Box<dyn Storage> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        (**self).truncate(len)
    }
}

/// An opened file, and what stands in it.
pub(super) struct Opened {
    pub(super) storage: Box<dyn Storage>,
    pub(super) head: Head,
    pub(super) len: u64,
    /// How much of an unfinished line was cut off.
    pub(super) cut_bytes: u64,
}

/// Opens the file of an audit, or makes it, and finds its end.
pub(super) fn open(path: &Path) -> Result<Opened, AuditError> {
    let failed =
        |source: io::Error| AuditError::Open { file: path.to_owned(), source: Arc::new(source) };
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    let mut file = private(&mut options).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(AuditError::Busy { file: path.to_owned() }),
        // A file system without locks is no reason to have no audit.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    if is_new {
        sync_folder(path);
    }
    let all = file.metadata().map_err(failed)?.len();
    let (line, len) = last_line(&mut file, all).map_err(failed)?;
    let head = match line {
        None => Head { sequence: 0, hash: genesis() },
        Some(line) => match chain::read(&line) {
            Ok((_, head)) => head,
            Err(_) => return Err(AuditError::Foreign { file: path.to_owned() }),
        },
    };
    let cut_bytes = all - len;
    if cut_bytes > 0 {
        // Only what begins like a line of ours is cut off from a file.
        if head.sequence == 0 && !begins_like_an_entry(&mut file).map_err(failed)? {
            return Err(AuditError::Foreign { file: path.to_owned() });
        }
        file.set_len(len).map_err(failed)?;
    }
    Ok(Opened { storage: Box::new(file), head, len, cut_bytes })
}

/// The name of a new file has to last as its content does.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or_else(|| Path::new(".")));
        // Not every file system can do it; the entries themselves are synced in any case.
        drop(folder.and_then(|folder| folder.sync_all()));
    }
    #[cfg(not(unix))]
    let _: &Path = path;
}

fn begins_like_an_entry(file: &mut File) -> io::Result<bool> {
    let mut begin = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(11).read_to_end(&mut begin)?;
    Ok(b"{\"version\":".starts_with(&begin))
}

/// The last whole line, and where it ends. `None` when there is no whole line.
fn last_line(file: &mut File, len: u64) -> io::Result<(Option<Vec<u8>>, u64)> {
    let mut tail = Vec::new();
    let mut begin = len;
    loop {
        let ends = |tail: &[u8]| -> Vec<usize> {
            tail.iter()
                .enumerate()
                .rev()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(at, _)| at)
                .take(2)
                .collect()
        };
        match (&*ends(&tail), begin) {
            (&[last, before], _) => {
                let line = tail[before + 1..last].to_vec();
                return Ok((Some(line), begin + last as u64 + 1));
            }
            (&[last], 0) => return Ok((Some(tail[..last].to_vec()), last as u64 + 1)),
            (_, 0) => return Ok((None, 0)),
            _ => {}
        }
        let step = begin.min(CHUNK);
        begin -= step;
        file.seek(SeekFrom::Start(begin))?;
        let mut chunk = Vec::new();
        file.take(step).read_to_end(&mut chunk)?;
        chunk.append(&mut tail);
        tail = chunk;
    }
}
