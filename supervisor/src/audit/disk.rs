//! The thread that touches the disk of an audit. It may hang there for as long as the disk does,
//! and nobody else does.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use super::chain;
use super::entry::{AuditEntry, AuditKind, VERSION};
use super::file::{Opened, Storage};
use super::{AuditError, Head};

/// Opens the file, or makes it.
pub(super) type Open = Box<dyn FnMut() -> Result<Opened, AuditError> + Send>;

/// What an order came to: how many entries were written, and the last of them.
pub(super) type Written = Result<(u64, Head), AuditError>;

/// The way to the thread. It is given one order at a time.
pub(super) struct Disk {
    orders: mpsc::Sender<Vec<AuditKind>>,
    written: mpsc::Receiver<Written>,
}

/// Why an order has no answer.
pub(super) enum NoAnswer {
    /// It is still being carried out.
    Yet,
    /// There is no thread any more.
    Ever,
}

impl Disk {
    /// Starts the thread, which opens the file with its first order.
    pub(super) fn start(file: PathBuf, open: Open) -> io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let (answers, written) = mpsc::channel();
        let thread = move || {
            let instance = format!("{:016x}", fastrand::u64(..));
            let mut scribe = Scribe { file, open, chain: None, instance };
            while let Ok(kinds) = inbox.recv() {
                if answers.send(scribe.write(kinds)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("audit disk".to_owned()).spawn(thread)?;
        Ok(Self { orders, written })
    }

    /// Has these entries written. With none the file is opened, if it is not.
    pub(super) fn order(&self, kinds: Vec<AuditKind>) {
        // Without the thread there will be no answer, and that says it.
        drop(self.orders.send(kinds));
    }

    /// What the order came to, if it is told within `time`.
    pub(super) fn written_within(&self, time: Duration) -> Result<Written, NoAnswer> {
        self.written.recv_timeout(time).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => NoAnswer::Yet,
            mpsc::RecvTimeoutError::Disconnected => NoAnswer::Ever,
        })
    }
}

/// Opens the file when there is something to write and it is not open.
struct Scribe {
    file: PathBuf,
    open: Open,
    chain: Option<Chain<Box<dyn Storage>>>,
    instance: String,
}

impl Scribe {
    fn write(&mut self, mut kinds: Vec<AuditKind>) -> Written {
        let is_new = self.chain.is_none();
        if is_new {
            let Opened { storage, head, len, cut_bytes } = (self.open)()?;
            self.chain = Some(Chain::new(storage, head, len, self.instance.clone()));
            // What is missing is missing before this.
            let at = usize::from(matches!(kinds.first(), Some(AuditKind::Missing { .. })));
            kinds.insert(at, AuditKind::Opened { cut_bytes });
        }
        let gone = || AuditError::NoWriter { file: self.file.clone() };
        let chain = self.chain.as_mut().ok_or_else(gone)?;
        let committed = chain.commit(&kinds);
        let head = chain.head.clone();
        if committed.is_err() && is_new {
            // That it is open has still to be written.
            self.chain = None;
        }
        let failed =
            |source| AuditError::Write { file: self.file.clone(), source: Arc::new(source) };
        committed.map_err(failed)?;
        Ok((kinds.len() as u64, head))
    }
}

/// The entries, one after the other.
pub(super) struct Chain<S> {
    storage: S,
    pub(super) head: Head,
    len: u64,
    instance: String,
    /// Whether there may be something behind `len`, left by a write that failed.
    is_torn: bool,
}

impl<S: Storage> Chain<S> {
    pub(super) fn new(storage: S, head: Head, len: u64, instance: String) -> Self {
        Self { storage, head, len, instance, is_torn: false }
    }

    /// Writes all of them and comes back when they are on the disk; or none of them is there.
    pub(super) fn commit(&mut self, kinds: &[AuditKind]) -> io::Result<()> {
        if self.is_torn && !cfg!(plant_bug = "torn_lines_stay") {
            self.storage.truncate(self.len)?;
            self.is_torn = false;
        }
        let (mut bytes, mut head) = (Vec::new(), self.head.clone());
        for kind in kinds {
            let entry = AuditEntry {
                version: VERSION,
                sequence: head.sequence + 1,
                at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
                instance: self.instance.clone(),
                kind: kind.clone(),
                previous: head.hash,
            };
            let (line, hash) = chain::line(&entry)?;
            bytes.extend(line);
            head = Head { sequence: entry.sequence, hash };
        }
        let is_synced = !cfg!(plant_bug = "audit_without_sync");
        let written = self.storage.append(&bytes);
        let written = written.and_then(|()| if is_synced { self.storage.sync() } else { Ok(()) });
        if written.is_err() {
            self.is_torn = true;
            // Taken back at once if that can be done, so that nobody reads what was never said.
            if self.storage.truncate(self.len).is_ok() {
                self.is_torn = false;
            }
            return written;
        }
        self.len += bytes.len() as u64;
        self.head = head;
        Ok(())
    }
}
