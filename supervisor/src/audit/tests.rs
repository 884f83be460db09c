//! The chain, the file and the writer, with a disk that fails when it is told to.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use super::chain::{self, genesis};
use super::disk::Chain;
use super::entry::AuditKind;
use super::file::{Opened, Storage};
use super::verify::{Damage, VerifyError, read, verify, verify_up_to};
use super::writer::{AuditWriter, Job, Monitor, Tell, Weight};
use super::{AuditError, AuditLog, Head, OnAuditFailure};
use crate::core::input::News;
use crate::error::types::SupervisorError;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::Lifecycle;
use crate::task::cell::lock;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

/// A folder of the test's own, removed when it is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("audit-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("audit.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Platter>>);

#[derive(Default)]
struct Platter {
    bytes: Vec<u8>,
    synced: usize,
    room: Option<usize>,
    cannot_truncate: bool,
    /// Whoever syncs waits until this is open.
    hangs: Option<Arc<Mutex<()>>>,
}

impl Storage for Disk {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = lock(&self.0);
        let room = disk.room.map_or(bytes.len(), |room| room.saturating_sub(disk.bytes.len()));
        let fits = room.min(bytes.len());
        disk.bytes.extend(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let hangs = lock(&self.0).hangs.clone();
        drop(hangs.as_deref().map(lock));
        let mut disk = lock(&self.0);
        disk.synced = disk.bytes.len();
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut disk = lock(&self.0);
        if disk.cannot_truncate {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        disk.bytes.truncate(usize::try_from(len).unwrap());
        Ok(())
    }
}

fn accepted(command: u64) -> AuditKind {
    AuditKind::Accepted { command }
}

fn to_nobody() -> Tell {
    Box::new(|_| ())
}

fn chain_on(disk: &Disk) -> Chain<Disk> {
    let head = Head { sequence: 0, hash: genesis() };
    Chain::new(disk.clone(), head, 0, "test".to_owned())
}

fn job(
    kind: AuditKind,
    weight: Weight,
) -> (Job, std::sync::mpsc::Receiver<Result<(), AuditError>>) {
    let (sender, answer) = std::sync::mpsc::channel();
    let done = Box::new(move |written| sender.send(written).unwrap());
    (Job { kind: Some(kind), weight, done }, answer)
}

#[test]
fn entries_are_synced_before_anybody_is_told() {
    let disk = Disk::default();
    let mut chain = chain_on(&disk);
    chain.commit(&[accepted(1), accepted(2)]).unwrap();
    let platter = lock(&disk.0);
    assert!(!platter.bytes.is_empty());
    assert_eq!(platter.synced, platter.bytes.len());
}

#[test]
fn a_write_that_fails_half_way_leaves_nothing_behind() {
    let disk = Disk::default();
    let mut chain = chain_on(&disk);
    chain.commit(&[accepted(1)]).unwrap();
    let whole = lock(&disk.0).bytes.clone();
    for cannot_truncate in [false, true] {
        let mut platter = lock(&disk.0);
        platter.room = Some(whole.len() + 20);
        platter.cannot_truncate = cannot_truncate;
        drop(platter);
        assert_eq!(chain.commit(&[accepted(2)]).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
    assert_eq!(lock(&disk.0).bytes.len(), whole.len() + 20, "it could not be taken back");
    let mut platter = lock(&disk.0);
    (platter.room, platter.cannot_truncate) = (None, false);
    drop(platter);
    chain.commit(&[accepted(3)]).unwrap();
    let folder = Folder::new("half");
    fs::write(folder.file(), &lock(&disk.0).bytes).unwrap();
    let kinds: Vec<_> = read(folder.file()).unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [accepted(1), accepted(3)]);
}

#[test]
fn a_line_keeps_what_was_written() {
    let disk = Disk::default();
    chain_on(&disk).commit(&[accepted(7)]).unwrap();
    let bytes = lock(&disk.0).bytes.clone();
    let (entry, head) = chain::read(bytes.strip_suffix(b"\n").unwrap()).unwrap();
    assert_eq!((entry.kind, head.sequence, head.hash.len()), (accepted(7), 1, 64));
    assert!(
        String::from_utf8(bytes).unwrap().starts_with("{\"version\":1,\"sequence\":1,\"at\":\"2")
    );
}

/// Whatever is done to one of 40 lines is found.
#[test]
fn every_kind_of_edit_is_found() {
    let disk = Disk::default();
    let kinds: Vec<_> = (0..40).map(accepted).collect();
    let mut chain = chain_on(&disk);
    chain.commit(&kinds).unwrap();
    let (whole, head) = (lock(&disk.0).bytes.clone(), chain.head.clone());
    let folder = Folder::new("edits");
    fs::write(folder.file(), &whole).unwrap();
    assert_eq!(verify_up_to(folder.file(), &head).unwrap(), Some(head.clone()));
    let edits: u32 = std::env::var("AUDIT_EDITS").map_or(300, |edits| edits.parse().unwrap());
    let mut rng = fastrand::Rng::with_seed(7);
    for number in 0..edits {
        let (what, edited) = edit(&mut rng, &whole);
        fs::write(folder.file(), edited).unwrap();
        let found = verify_up_to(folder.file(), &head);
        assert!(found.is_err(), "edit {number} ({what}) was not found");
    }
}

fn edit(rng: &mut fastrand::Rng, whole: &[u8]) -> (&'static str, Vec<u8>) {
    let mut lines: Vec<Vec<u8>> =
        whole.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let (at, other) = (rng.usize(..lines.len()), rng.usize(..lines.len() - 1));
    let what = match rng.u8(..7) {
        0 => {
            lines.remove(at);
            "a line less"
        }
        1 => {
            let line = lines[at].clone();
            lines.insert(other, line);
            "a line twice"
        }
        2 => {
            lines.swap(at, if other >= at { other + 1 } else { other });
            "two lines swapped"
        }
        3 => {
            lines.truncate(at);
            "the end cut off"
        }
        4 => {
            // Made anew, with a hash that fits.
            let (mut entry, _) = chain::read(lines[at].strip_suffix(b"\n").unwrap()).unwrap();
            entry.kind = accepted(1_000);
            lines[at] = chain::line(&entry).unwrap().0;
            "a line made anew"
        }
        5 => {
            let line = &mut lines[at];
            line.truncate(rng.usize(1..line.len()));
            "a line cut short"
        }
        _ => {
            let mut bytes = whole.to_vec();
            let at = rng.usize(..bytes.len());
            bytes[at] ^= rng.u8(1..);
            return ("a byte changed", bytes);
        }
    };
    (what, lines.concat())
}

#[test]
fn what_was_done_to_a_file_is_named_with_its_line() {
    let disk = Disk::default();
    let mut chain = chain_on(&disk);
    chain.commit(&[accepted(1), accepted(2), accepted(3)]).unwrap();
    let whole = String::from_utf8(lock(&disk.0).bytes.clone()).unwrap();
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    let folder = Folder::new("named");
    let damage = |text: &str| {
        fs::write(folder.file(), text).unwrap();
        match verify(folder.file()).unwrap_err() {
            VerifyError::Damaged { line, damage, .. } => (line, damage),
            error @ VerifyError::Read { .. } => panic!("{error}"),
        }
    };
    assert_eq!(damage(&whole.replace("\"command\":2", "\"command\":9")), (2, Damage::Changed));
    assert_eq!(damage(&whole[..whole.len() - 1]), (3, Damage::Unfinished));
    assert_eq!(damage("good morning\n"), (1, Damage::NoEntry));
    let lost = Damage::Sequence { expected: 2, found: 3 };
    assert_eq!(damage(&[lines[0], lines[2]].concat()), (2, lost));
    fs::write(folder.file(), lines[..2].concat()).unwrap();
    assert!(verify(folder.file()).is_ok(), "a chain by itself does not know its end");
    let error = verify_up_to(folder.file(), &chain.head).unwrap_err();
    assert!(error.to_string().contains("the last lines were lost"), "{error}");
}

#[tokio::test]
async fn an_unfinished_line_is_cut_off_and_the_chain_goes_on() {
    let folder = Folder::new("unfinished");
    for round in 0..3 {
        let writer =
            AuditWriter::start(AuditLog::new(folder.file()), Arc::default(), to_nobody()).await;
        let (job, answer) = job(accepted(round), Weight::Gate);
        writer.unwrap().send(job);
        answer.recv().unwrap().unwrap();
        // The thread lets go of the file a moment after the writer is dropped.
        while let Err(AuditError::Busy { .. }) = super::file::open(&folder.file()).map(drop) {
            std::thread::yield_now();
        }
        let mut text = fs::read(folder.file()).unwrap();
        text.extend(b"{\"version\":1,\"sequ");
        fs::write(folder.file(), text).unwrap();
    }
    drop(super::file::open(&folder.file()).unwrap());
    let kinds: Vec<_> = read(folder.file()).unwrap().into_iter().map(|entry| entry.kind).collect();
    let opened = |cut_bytes| AuditKind::Opened { cut_bytes };
    assert_eq!(kinds, [opened(0), accepted(0), opened(18), accepted(1), opened(18), accepted(2)]);
}

#[tokio::test]
async fn a_file_of_somebody_else_is_left_alone() {
    let folder = Folder::new("foreign");
    for text in ["dear diary", "dear diary\n", "a\nb\n", "{}\n", "{\"version\":1}\n{\"x"] {
        fs::write(folder.file(), text).unwrap();
        let refused =
            AuditWriter::start(AuditLog::new(folder.file()), Arc::default(), to_nobody()).await;
        assert!(matches!(refused.err(), Some(AuditError::Foreign { .. })), "{text}");
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), text);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_for_its_user_alone_and_one_that_is_there_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("private");
    let mode = || fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777;
    drop(super::file::open(&folder.file()).unwrap());
    assert_eq!(mode(), 0o600);
    fs::set_permissions(folder.file(), PermissionsExt::from_mode(0o640)).unwrap();
    drop(super::file::open(&folder.file()).unwrap());
    assert_eq!(mode(), 0o640);
}

#[tokio::test]
async fn two_do_not_write_one_file() {
    let folder = Folder::new("busy");
    let _first = AuditWriter::start(AuditLog::new(folder.file()), Arc::default(), to_nobody())
        .await
        .unwrap();
    let second =
        AuditWriter::start(AuditLog::new(folder.file()), Arc::default(), to_nobody()).await;
    assert!(matches!(second.err(), Some(AuditError::Busy { .. })));
}

#[tokio::test]
async fn what_could_not_be_written_is_counted_and_said_later() {
    let folder = Folder::new("later");
    let missing = folder.0.join("there");
    let file = missing.join("audit.jsonl");
    let monitor = Arc::new(Monitor::default());
    let log = AuditLog::new(&file).on_failure(OnAuditFailure::GoOn);
    let writer = AuditWriter::start(log, Arc::clone(&monitor), to_nobody()).await.unwrap();
    for command in 0..3 {
        let (job, answer) = job(accepted(command), Weight::Gate);
        writer.send(job);
        assert!(answer.recv().unwrap().is_ok());
    }
    let status = monitor.status();
    assert_eq!((status.missing, status.refused, status.entries), (3, 0, 0));
    assert!(matches!(status.failing, Some(AuditError::Open { .. })), "{status:?}");
    fs::create_dir(missing).unwrap();
    let (job, answer) = job(accepted(3), Weight::Gate);
    writer.send(job);
    answer.recv().unwrap().unwrap();
    let kinds: Vec<_> = read(&file).unwrap().into_iter().map(|entry| entry.kind).collect();
    let said = [AuditKind::Missing { entries: 3 }, AuditKind::Opened { cut_bytes: 0 }, accepted(3)];
    assert_eq!(kinds, said);
    let status = monitor.status();
    assert!(status.failing.is_none(), "{status:?}");
    assert_eq!(status.head, verify(&file).unwrap());
}

#[tokio::test]
async fn an_entry_is_on_the_disk_before_the_command_has_an_effect() {
    let folder = Folder::new("gate");
    let (file, witnessed) = (folder.file(), Arc::new(Mutex::new(None)));
    let witness = Arc::clone(&witnessed);
    let task = service_fn(move |ctx: TaskContext| {
        if ctx.generation().0 > 1 {
            let kinds = read(&file).map(|entries| entries.into_iter().map(|entry| entry.kind));
            *lock(&witness) = kinds.ok().and_then(|mut kinds| kinds.nth(1));
        }
        async move { ctx.stopped().await }
    });
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", task));
    let handle = Supervisor::builder(spec).audit(AuditLog::new(folder.file())).start();
    let handle = handle.await.unwrap();
    handle.restart_child("/root/a", "test", "to see").await.unwrap();
    assert!(matches!(&*lock(&witnessed), Some(AuditKind::Requested { command: 1, .. })));
}

#[tokio::test]
async fn a_tree_whose_audit_refuses_changes_nothing_when_it_fails() {
    let folder = Folder::new("refuses");
    let file = folder.0.join("nowhere").join("audit.jsonl");
    let parked = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", parked));
    let started = Supervisor::builder(spec.clone()).audit(AuditLog::new(&file)).start().await;
    let error = started.map(drop).unwrap_err();
    assert!(matches!(error, SupervisorError::Audit(AuditError::Open { .. })), "{error:?}");
    assert!(format!("{error:?}").contains("its folder has to exist"), "{error:?}");
    let log = AuditLog::new(&file).on_failure(OnAuditFailure::GoOn);
    let handle = Supervisor::builder(spec).audit(log).start().await.unwrap();
    handle.restart_child("/root/a", "test", "it goes on").await.unwrap();
    handle.shutdown_tree("test", "done").await.unwrap();
    // Requested, accepted and completed, of both commands.
    assert_eq!(handle.audit_status().unwrap().missing, 6);
}

#[tokio::test]
async fn a_tree_is_not_settled_while_a_command_waits_for_its_entry() {
    let folder = Folder::new("settled");
    let parked = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", parked));
    let audit = AuditLog::new(folder.file());
    let handle = Supervisor::builder(spec).audit(audit).start().await.unwrap();
    // It takes a while until it is on the disk, and nobody waits for that.
    let mut stop = Box::pin(handle.stop_child("/root/a", "test", "because"));
    std::future::poll_fn(|cx| {
        assert!(stop.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    handle.wait_until_settled().await.unwrap();
    assert_eq!(handle.state_of("/root/a").await.unwrap().lifecycle, Lifecycle::Down);
    drop(stop);
    handle.shutdown_tree("test", "done").await.unwrap();
}

/// A writer on `disk`, and what it tells.
async fn writer_on(
    disk: &Disk,
    on_failure: OnAuditFailure,
) -> (AuditWriter, Arc<Monitor>, std::sync::mpsc::Receiver<News>) {
    let (disk, monitor) = (disk.clone(), Arc::new(Monitor::default()));
    let open = move || {
        let (storage, head) = (Box::new(disk.clone()), Head { sequence: 0, hash: genesis() });
        Ok(Opened { storage, head, len: 0, cut_bytes: 0 })
    };
    let log = AuditLog::new("no file").on_failure(on_failure);
    // Long enough for what hangs in no way, on a machine that has much else to do.
    let log = log.write_timeout(Duration::from_millis(500));
    let (sender, told) = std::sync::mpsc::channel();
    let tell = Box::new(move |news| sender.send(news).unwrap_or_default());
    let writer = AuditWriter::start_on(log, Arc::clone(&monitor), tell, Box::new(open)).await;
    (writer.unwrap(), monitor, told)
}

fn requested(command: u64) -> AuditKind {
    AuditKind::Requested {
        command,
        name: "stop_child".to_owned(),
        path: "/root/a".to_owned(),
        requested_by: "test".to_owned(),
        reason: "because".to_owned(),
        before: None,
        changes: Vec::new(),
    }
}

/// Long enough for any machine; nobody waits that long unless something is wrong.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_disk_that_hangs_holds_nobody_up() {
    for on_failure in [OnAuditFailure::Refuse, OnAuditFailure::GoOn] {
        let (disk, gate) = (Disk::default(), Arc::new(Mutex::new(())));
        let (writer, monitor, told) = writer_on(&disk, on_failure).await;
        let closed = lock(&gate);
        lock(&disk.0).hangs = Some(Arc::clone(&gate));
        let (first, answer) = job(requested(1), Weight::Gate);
        writer.send(first);
        let answer = answer.recv_timeout(LONG).expect("it is not held up");
        assert_eq!(answer.is_ok(), on_failure == OnAuditFailure::GoOn);
        let (end, answer) = job(requested(2), Weight::Record);
        writer.send(end);
        answer.recv_timeout(LONG).expect("it is not held up").expect("the end is never refused");
        let status = monitor.status();
        assert!(matches!(status.failing, Some(AuditError::Hung { .. })), "{status:?}");
        let News::AuditFailing(because) = told.recv_timeout(LONG).unwrap() else { panic!() };
        assert!(because.contains("the disk hangs"), "{because}");

        drop(closed);
        // Nothing tells when the thread of the disk has come back but the disk itself.
        let mut is_written = false;
        while !is_written {
            let (next, answer) = job(accepted(3), Weight::Record);
            writer.send(next);
            answer.recv_timeout(LONG).unwrap().unwrap();
            is_written = monitor.status().failing.is_none();
        }
        assert!(matches!(told.recv_timeout(LONG).unwrap(), News::AuditRestored { .. }));
        let folder = Folder::new(&format!("hung-{on_failure}"));
        fs::write(folder.file(), &lock(&disk.0).bytes).unwrap();
        let entries = read(folder.file()).unwrap().into_iter();
        let kinds: Vec<_> = entries.map(|entry| entry.kind).collect();
        // It was written after all, and whether it had an effect is said.
        assert_eq!(kinds[..2], [AuditKind::Opened { cut_bytes: 0 }, requested(1)]);
        let rejected = |kind: &AuditKind| matches!(kind, AuditKind::Rejected { command: 1, .. });
        assert_eq!(kinds.iter().any(rejected), on_failure == OnAuditFailure::Refuse, "{kinds:?}");
        let said = |kind: &AuditKind| match kind {
            AuditKind::Missing { entries } => *entries,
            _ => 0,
        };
        let said: u64 = kinds.iter().map(said).sum();
        assert!(said >= 1, "the second command is missing: {kinds:?}");
        assert_eq!(monitor.status().missing, said);
    }
}
