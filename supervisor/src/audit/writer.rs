//! The thread that writes the audit: it takes what is waiting, writes it, syncs once, and then
//! tells everybody.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::chain;
use super::entry::{AuditEntry, AuditKind, VERSION};
use super::file::{self, Opened, Storage};
use super::{AuditError, AuditLog, AuditStatus, Head, OnAuditFailure};
use crate::task::cell::lock;
use crate::task::exit::contain;

/// How many entries are synced at once, at most.
const BATCH: usize = 1024;

/// What is to be written, and whom to tell.
pub(crate) struct Job {
    /// `None` only waits for its turn.
    pub(crate) kind: Option<AuditKind>,
    pub(crate) weight: Weight,
    /// Called when it is on the disk, or is not going to be.
    pub(crate) done: Done,
}

pub(crate) type Done = Box<dyn FnOnce(Result<(), AuditError>) + Send>;

/// What an entry means to what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// It has no effect without it, if the audit is to refuse.
    Gate,
    /// It takes place in any case.
    Record,
}

/// The way to the writer. The thread ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct AuditWriter {
    jobs: mpsc::Sender<Job>,
    log: Arc<AuditLog>,
}

/// How the audit stands, for those who ask.
#[derive(Debug, Default)]
pub(crate) struct Monitor(Mutex<AuditStatus>);

impl Monitor {
    pub(crate) fn status(&self) -> AuditStatus {
        lock(&self.0).clone()
    }
}

impl AuditWriter {
    /// Opens the file on a thread of its own, which then writes it.
    pub(crate) async fn start(log: AuditLog, monitor: Arc<Monitor>) -> Result<Self, AuditError> {
        let log = Arc::new(log);
        let (jobs, inbox) = mpsc::channel();
        let (opened, is_open) = oneshot::channel();
        let its_log = Arc::clone(&log);
        let thread = move || {
            let mut writer = Writer::new(its_log, monitor);
            let first = writer.open();
            let is_given_up = first.is_err() && writer.log.on_failure == OnAuditFailure::Refuse;
            // Whoever starts the tree may have gone away.
            drop(opened.send(if is_given_up { first } else { Ok(()) }));
            if !is_given_up {
                writer.run(&inbox);
            }
        };
        let gone = || AuditError::NoWriter { file: log.file.clone() };
        thread::Builder::new().name("audit".to_owned()).spawn(thread).map_err(|_| gone())?;
        is_open.await.map_err(|_| gone())??;
        Ok(Self { jobs, log })
    }

    pub(crate) fn send(&self, job: Job) {
        if let Err(mpsc::SendError(job)) = self.jobs.send(job) {
            (job.done)(Err(AuditError::NoWriter { file: self.log.file.clone() }));
        }
    }
}

struct Writer {
    log: Arc<AuditLog>,
    monitor: Arc<Monitor>,
    chain: Option<Chain<File>>,
    instance: String,
    /// How many entries are missing since the last one that could be written.
    missing: u64,
}

impl Writer {
    fn new(log: Arc<AuditLog>, monitor: Arc<Monitor>) -> Self {
        let instance = format!("{:016x}", fastrand::u64(..));
        Self { log, monitor, chain: None, instance, missing: 0 }
    }

    /// Opens the file and writes that it is open, which also shows that it can be written.
    fn open(&mut self) -> Result<(), AuditError> {
        let opened = file::open(&self.log.file);
        let opened = opened.and_then(|Opened { file, head, len, cut_bytes }| {
            self.chain = Some(Chain::new(file, head, len, self.instance.clone()));
            self.write(&[AuditKind::Opened { cut_bytes }])
        });
        if let Err(error) = &opened {
            self.chain = None;
            self.fails(error);
        }
        opened
    }

    fn run(&mut self, inbox: &mpsc::Receiver<Job>) {
        while let Ok(job) = inbox.recv() {
            let mut jobs = vec![job];
            jobs.extend(inbox.try_iter().take(BATCH - 1));
            self.commit(jobs);
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let kinds: Vec<_> = jobs.iter().filter_map(|job| job.kind.clone()).collect();
        let written = if kinds.is_empty() {
            Ok(())
        } else if self.chain.is_none() && self.open().is_err() {
            // `open` has said why.
            Err(self
                .monitor
                .status()
                .failing
                .unwrap_or_else(|| AuditError::NoWriter { file: self.log.file.clone() }))
        } else {
            self.write(&kinds)
        };
        if let Err(error) = &written {
            self.fails(error);
        }
        for job in jobs {
            let answer = match (&written, &job.kind) {
                (Ok(()), _) | (_, None) => Ok(()),
                (Err(error), Some(_)) => self.without(job.weight, error),
            };
            // It wakes whoever waits, whose waker is the user's and may panic.
            drop(contain(|| (job.done)(answer)));
        }
    }

    /// Writes entries, those that are missing before them first.
    fn write(&mut self, kinds: &[AuditKind]) -> Result<(), AuditError> {
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let missing = (self.missing > 0).then_some(AuditKind::Missing { entries: self.missing });
        let all: Vec<_> = missing.into_iter().chain(kinds.iter().cloned()).collect();
        chain.commit(&all).map_err(|source| AuditError::Write {
            file: self.log.file.clone(),
            source: Arc::new(source),
        })?;
        self.missing = 0;
        let mut status = lock(&self.monitor.0);
        status.entries += all.len() as u64;
        status.head = Some(chain.head.clone());
        if status.failing.take().is_some() {
            drop(status);
            tracing::info!(file = %self.log.file.display(), "the audit log can be written again");
        }
        Ok(())
    }

    /// An entry is not on the disk: whether what it is about goes on all the same.
    fn without(&mut self, weight: Weight, error: &AuditError) -> Result<(), AuditError> {
        let mut status = lock(&self.monitor.0);
        let refuses = self.log.on_failure == OnAuditFailure::Refuse
            && !cfg!(plant_bug = "audit_never_refuses");
        if weight == Weight::Gate && refuses {
            status.refused += 1;
            return Err(error.clone());
        }
        status.missing += 1;
        self.missing += 1;
        Ok(())
    }

    /// Says once that the audit fails, and not for each entry.
    fn fails(&self, error: &AuditError) {
        let was_failing = lock(&self.monitor.0).failing.replace(error.clone()).is_some();
        if !was_failing {
            let file = self.log.file.display();
            let because =
                std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            let on_failure = self.log.on_failure;
            drop(contain(|| tracing::error!(%file, %because, %on_failure, "{error}")));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_refused_and_what_has_happened_is_counted() {
        let log = AuditLog::new("nowhere/at/all/audit.jsonl");
        let mut writer = Writer::new(Arc::new(log), Arc::default());
        let (sender, answers) = mpsc::channel();
        let jobs = [Weight::Gate, Weight::Record].map(|weight| {
            let sender = sender.clone();
            let done = move |answer: Result<(), AuditError>| sender.send(answer.is_ok()).unwrap();
            let kind = Some(AuditKind::Accepted { command: 1 });
            Job { kind, weight, done: Box::new(done) }
        });
        writer.commit(jobs.into());
        assert_eq!(answers.try_iter().collect::<Vec<_>>(), [false, true]);
        let status = writer.monitor.status();
        assert_eq!((status.refused, status.missing), (1, 1));
    }
}
