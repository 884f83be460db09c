//! The thread that leads the audit: it takes what is waiting, has it written and synced once, and
//! then tells everybody. It never waits for the disk longer than it may.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::disk::{Disk, NoAnswer, Open, Written};
use super::entry::AuditKind;
use super::{AuditError, AuditLog, AuditStatus, Head, OnAuditFailure, file};
use crate::core::input::News;
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

/// Tells the tree how its audit is.
pub(crate) type Tell = Box<dyn Fn(News) + Send>;

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
    pub(crate) async fn start(
        log: AuditLog,
        monitor: Arc<Monitor>,
        tell: Tell,
    ) -> Result<Self, AuditError> {
        let path = log.file.clone();
        Self::start_on(log, monitor, tell, Box::new(move || file::open(&path))).await
    }

    /// The same on what `open` opens.
    pub(super) async fn start_on(
        log: AuditLog,
        monitor: Arc<Monitor>,
        tell: Tell,
        open: Open,
    ) -> Result<Self, AuditError> {
        let log = Arc::new(log);
        let (jobs, inbox) = mpsc::channel();
        let (opened, is_open) = oneshot::channel();
        let gone = || AuditError::NoWriter { file: log.file.clone() };
        let disk = Disk::start(log.file.clone(), open).map_err(|_| gone())?;
        let mut writer = Writer::new(Arc::clone(&log), monitor, tell, disk);
        let thread = move || {
            let first = writer.write(&[]);
            let is_given_up = first.is_err() && writer.log.on_failure == OnAuditFailure::Refuse;
            // Whoever starts the tree may have gone away.
            drop(opened.send(if is_given_up { first } else { Ok(()) }));
            if !is_given_up {
                writer.run(&inbox);
            }
        };
        thread::Builder::new().name("audit".to_owned()).spawn(thread).map_err(|_| gone())?;
        is_open.await.map_err(|_| gone())??;
        Ok(Self { jobs, log })
    }

    /// One that answers everything with this error.
    #[cfg(all(test, feature = "ipc", unix))]
    pub(crate) fn refusing(error: AuditError) -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::spawn(move || inbox.iter().for_each(|job| (job.done)(Err(error.clone()))));
        Self { jobs, log: Arc::new(AuditLog::new("nowhere")) }
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
    tell: Tell,
    disk: Disk,
    /// How many entries are missing since the last one that could be written.
    missing: u64,
    /// What the disk has been given and has not answered in time.
    overdue: Option<Overdue>,
    /// Commands that were refused while their entries were on their way to the disk, which has
    /// written them after all.
    late: Vec<AuditKind>,
}

/// What follows if the disk has written an order after all.
#[derive(Default)]
struct Overdue {
    /// How many entries it says are missing.
    said: u64,
    /// How many of its entries were counted as missing.
    counted: u64,
    /// How many of the late entries are written.
    late: usize,
    /// The commands that were refused meanwhile.
    refused: Vec<u64>,
}

impl Writer {
    fn new(log: Arc<AuditLog>, monitor: Arc<Monitor>, tell: Tell, disk: Disk) -> Self {
        Self { log, monitor, tell, disk, missing: 0, overdue: None, late: Vec::new() }
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
        let was_overdue = self.overdue.is_some();
        let written = if kinds.is_empty() { Ok(()) } else { self.write(&kinds) };
        for Job { kind, weight, done } in jobs {
            let answer = match (&written, &kind) {
                (Ok(()), _) | (_, None) => Ok(()),
                (Err(error), Some(kind)) => {
                    let answer = self.without(weight, error);
                    if let (Some(overdue), false) = (&mut self.overdue, was_overdue) {
                        match (&answer, kind) {
                            (Err(_), AuditKind::Requested { command, .. }) => {
                                overdue.refused.push(*command);
                            }
                            _ => overdue.counted += u64::from(answer.is_ok()),
                        }
                    }
                    answer
                }
            };
            // It wakes whoever waits, whose waker is the user's and may panic.
            drop(contain(|| done(answer)));
        }
    }

    /// Writes entries, those that are missing before them first.
    fn write(&mut self, kinds: &[AuditKind]) -> Result<(), AuditError> {
        let written = self.ask_for(kinds);
        if let Err(error) = &written {
            self.fails(error);
        }
        written
    }

    fn ask_for(&mut self, kinds: &[AuditKind]) -> Result<(), AuditError> {
        self.hear_of_what_is_overdue()?;
        let missing = (self.missing > 0).then_some(AuditKind::Missing { entries: self.missing });
        let order = missing.into_iter().chain(self.late.iter().chain(kinds).cloned());
        self.disk.order(order.collect());
        let (said, late) = (self.missing, self.late.len());
        let overdue = Overdue { said, late, ..Overdue::default() };
        let time = self.log.write_timeout;
        let time = if cfg!(plant_bug = "waits_for_a_hung_disk") { Duration::MAX } else { time };
        match self.disk.written_within(time) {
            Ok(written) => self.conclude(&overdue, written),
            Err(NoAnswer::Yet) => {
                self.overdue = Some(overdue);
                Err(self.hung())
            }
            Err(NoAnswer::Ever) => Err(AuditError::NoWriter { file: self.log.file.clone() }),
        }
    }

    /// While the disk hangs with one order it is given no other.
    fn hear_of_what_is_overdue(&mut self) -> Result<(), AuditError> {
        let Some(overdue) = self.overdue.take() else { return Ok(()) };
        match self.disk.written_within(Duration::ZERO) {
            // If it has failed, that has been said in its time, and what is missing was counted.
            Ok(written) => {
                let is_written = written.is_ok();
                let (counted, refused) = (overdue.counted, overdue.refused.clone());
                drop(self.conclude(&overdue, written));
                if is_written {
                    let mut status = lock(&self.monitor.0);
                    status.missing = status.missing.saturating_sub(counted);
                    drop(status);
                    if !cfg!(plant_bug = "late_entry_stands") {
                        let error = self.hung().to_string();
                        let rejected =
                            |command| AuditKind::Rejected { command, error: error.clone() };
                        self.late.extend(refused.into_iter().map(rejected));
                    }
                }
                Ok(())
            }
            Err(NoAnswer::Yet) => {
                self.overdue = Some(overdue);
                Err(self.hung())
            }
            Err(NoAnswer::Ever) => Err(AuditError::NoWriter { file: self.log.file.clone() }),
        }
    }

    fn conclude(&mut self, order: &Overdue, written: Written) -> Result<(), AuditError> {
        let (entries, head) = written?;
        let missing = self.missing.saturating_sub(order.counted);
        self.missing = missing.saturating_sub(order.said);
        self.late.drain(..order.late);
        self.can_be_written(entries, head, missing);
        Ok(())
    }

    fn can_be_written(&self, entries: u64, head: Head, missing: u64) {
        let mut status = lock(&self.monitor.0);
        status.entries += entries;
        status.head = Some(head);
        let was_failing = status.failing.take().is_some();
        drop(status);
        if was_failing {
            (self.tell)(News::AuditRestored { missing });
        }
    }

    fn hung(&self) -> AuditError {
        let AuditLog { file, write_timeout, .. } = &*self.log;
        AuditError::Hung { file: file.clone(), waited: *write_timeout }
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
        if !was_failing && !cfg!(plant_bug = "audit_fails_silently") {
            (self.tell)(News::AuditFailing(error.with_cause().into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_refused_and_what_has_happened_is_counted() {
        let log = AuditLog::new("nowhere/at/all/audit.jsonl");
        let path = log.file.clone();
        let disk = Disk::start(path.clone(), Box::new(move || file::open(&path))).unwrap();
        let mut writer = Writer::new(Arc::new(log), Arc::default(), Box::new(|_| ()), disk);
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
