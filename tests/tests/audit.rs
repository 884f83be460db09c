//! The audit through the public API: what is in it, when it is there, and what happens without it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use rust_supervisor::audit::entry::{AuditEntry, AuditKind};
use rust_supervisor::audit::verify::{read, verify, verify_up_to};
use rust_supervisor::audit::{AuditLog, OnAuditFailure};
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{BY, WHY, parked, poll_then_drop};

/// A folder of the test's own, removed when it is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("audit-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder for the test");
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

/// Starts once, and never again.
fn starts_once() -> TaskFactory {
    TaskFactory::new(|ctx: TaskContext| {
        if ctx.generation().0 > 1 {
            return Err(TaskFailure::new(TaskFailureKind::Recoverable, "no port left"));
        }
        Ok(Box::pin(async move {
            ctx.stopped().await;
            rust_supervisor::task::result::TaskResult::Succeeded
        }))
    })
}

/// An entry in short: `requested 1 restart_child /root/a by test: because (up #1)`.
fn short(entry: &AuditEntry) -> String {
    let state = |snapshot: &Option<_>| {
        snapshot.as_ref().map_or_else(
            || "unknown".to_owned(),
            |at: &rust_supervisor::audit::entry::Snapshot| {
                format!("{} #{}", at.lifecycle, at.generation)
            },
        )
    };
    match &entry.kind {
        AuditKind::Opened { cut_bytes } => format!("opened, {cut_bytes} cut"),
        AuditKind::Requested { command, name, path, requested_by, reason, before, .. } => {
            format!(
                "requested {command} {name} {path} by {requested_by}: {reason} ({})",
                state(before)
            )
        }
        AuditKind::Accepted { command } => format!("accepted {command}"),
        AuditKind::Rejected { command, error } => format!("rejected {command}: {error}"),
        AuditKind::Completed { command, after } => {
            format!("completed {command} ({})", state(after))
        }
        AuditKind::Failed { command, error, after } => {
            let error = error.replace('\n', "");
            format!("failed {command}: {error} ({})", state(after))
        }
        AuditKind::Missing { entries } => format!("{entries} missing"),
        other => panic!("what is {other:?}?"),
    }
}

fn story(file: &Path) -> Vec<String> {
    read(file).expect("an audit").iter().map(short).collect()
}

#[tokio::test]
async fn every_kind_of_entry_is_written() {
    let folder = Folder::new();
    let spec = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("once", starts_once()));
    let audit = AuditLog::new(folder.file());
    let handle = Supervisor::builder(spec).audit(audit).start().await.unwrap();
    handle.pause_child("/root/a", "ada", "it is loud").await.unwrap();
    handle.resume_child("/root/b", "ada", "wrong name").await.unwrap_err();
    handle.restart_child("/root/once", "bob", "new schema").await.unwrap_err();
    handle.add_child("/root", ChildSpec::new("c", parked()), "bob", "one more").await.unwrap();
    handle.remove_child("/root/c", "bob", "one less").await.unwrap();
    handle.wait_until_ready("/root").await.unwrap();
    handle.shutdown_tree("carol", "good night").await.unwrap();
    assert_eq!(
        story(&folder.file()),
        [
            "opened, 0 cut",
            "requested 1 pause_child /root/a by ada: it is loud (up #1)",
            "accepted 1",
            "completed 1 (paused #1)",
            "requested 2 resume_child /root/b by ada: wrong name (unknown)",
            "rejected 2: there is no `/root/b`; did you mean `/root/a`?",
            "requested 3 restart_child /root/once by bob: new schema (up #1)",
            "accepted 3",
            "failed 3: `/root/once` failed to start  because: failed: no port left (down #2)",
            "requested 4 add_child /root/c by bob: one more (unknown)",
            "accepted 4",
            "completed 4 (up #1)",
            "requested 5 remove_child /root/c by bob: one less (up #1)",
            "accepted 5",
            "completed 5 (unknown)",
            "requested 7 shutdown_tree /root by carol: good night (up #1)",
            "accepted 7",
            "completed 7 (unknown)",
        ]
    );
    let status = handle.audit_status().unwrap();
    assert_eq!((status.entries, status.missing, status.refused), (18, 0, 0));
    assert_eq!(verify_up_to(folder.file(), status.head.as_ref().unwrap()).unwrap(), status.head);

    // What is missing is said where it can be written again.
    let later = folder.0.join("later").join("audit.jsonl");
    let audit = AuditLog::new(&later).on_failure(OnAuditFailure::GoOn);
    let handle = Supervisor::builder(SupervisorSpec::root()).audit(audit).start().await.unwrap();
    handle.add_child("/root", ChildSpec::new("c", parked()), "bob", "one more").await.unwrap();
    fs::create_dir(folder.0.join("later")).unwrap();
    handle.shutdown_tree("carol", "good night").await.unwrap();
    let text = [folder.file(), later].map(|file| fs::read_to_string(file).unwrap()).concat();
    let kind =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].clone();
    let named: BTreeSet<_> =
        text.lines().map(|line| kind(line).as_str().unwrap().to_owned()).collect();
    // Those of the socket are a matter of its own tests.
    let all = AuditKind::NAMES.iter().filter(|&&name| name != "socket");
    let all: BTreeSet<_> = all.map(|&name| name.to_owned()).collect();
    assert_eq!(named, all, "a kind that nothing here writes");
}

#[tokio::test]
async fn an_entry_is_on_the_disk_before_the_command_has_an_effect() {
    let folder = Folder::new();
    let (file, seen) = (folder.file(), Arc::new(Mutex::new(Vec::new())));
    let witnessed = Arc::clone(&seen);
    let witness = service_fn(move |ctx: TaskContext| {
        if ctx.generation().0 > 1 {
            *witnessed.lock().unwrap() = story(&file);
        }
        async move { ctx.stopped().await }
    });
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", witness));
    let handle = Supervisor::builder(spec).audit(AuditLog::new(folder.file())).start();
    let handle = handle.await.unwrap();
    handle.restart_child("/root/a", BY, WHY).await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert!(seen.iter().any(|entry| entry.starts_with("requested 1 restart_child")), "{seen:?}");
    assert!(!seen.iter().any(|entry| entry.starts_with("completed")), "{seen:?}");
    // And what came of it before anybody was told.
    assert!(story(&folder.file()).contains(&"completed 1 (up #2)".to_owned()));
}

#[tokio::test]
async fn what_nobody_waits_for_is_in_the_audit_too() {
    let folder = Folder::new();
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::builder(spec).audit(AuditLog::new(folder.file())).start();
    let handle = handle.await.unwrap();
    poll_then_drop(handle.pause_child("/root/a", BY, "in a hurry"), 1).await;
    let mut events = handle.subscribe_events();
    drop(handle);
    while events.next().await.is_some() {}
    let story = story(&folder.file());
    for part in [
        "requested 1 pause_child /root/a by test: in a hurry (up #1)",
        "completed 1 (paused #1)",
        "requested 2 shutdown_tree /root by the program: the last handle was dropped (up #1)",
        "completed 2 (unknown)",
    ] {
        assert!(story.iter().any(|entry| entry == part), "no `{part}` in {story:#?}");
    }
}

#[tokio::test]
async fn commands_from_many_sides_are_all_there_once_and_in_order() {
    let folder = Folder::new();
    let names: Vec<_> = (0..50).map(|number| format!("c{number}")).collect();
    let spec = names
        .iter()
        .fold(SupervisorSpec::root(), |spec, name| spec.child(ChildSpec::new(&**name, parked())));
    let handle = Supervisor::builder(spec).audit(AuditLog::new(folder.file())).start();
    let handle = handle.await.unwrap();
    let asking: Vec<_> = names
        .iter()
        .map(|name| {
            let (handle, path) = (handle.clone(), format!("/root/{name}"));
            tokio::spawn(async move { handle.restart_child(&*path, BY, WHY).await })
        })
        .collect();
    for asked in asking {
        asked.await.unwrap().unwrap();
    }
    handle.shutdown_tree(BY, WHY).await.unwrap();
    let mut stages = std::collections::BTreeMap::<u64, Vec<&str>>::new();
    let entries = read(folder.file()).unwrap();
    for entry in &entries {
        let (command, stage) = match entry.kind {
            AuditKind::Requested { command, .. } => (command, "requested"),
            AuditKind::Accepted { command } => (command, "accepted"),
            AuditKind::Completed { command, .. } => (command, "completed"),
            _ => continue,
        };
        stages.entry(command).or_default().push(stage);
    }
    assert_eq!(stages.len(), 51);
    assert!(stages.values().all(|stages| *stages == ["requested", "accepted", "completed"]));
    let instances: BTreeSet<_> = entries.iter().map(|entry| &entry.instance).collect();
    assert_eq!(instances.len(), 1);
}

#[tokio::test]
async fn a_tree_goes_on_without_its_audit_if_that_was_said() {
    let folder = Folder::new();
    let file = folder.0.join("later").join("audit.jsonl");
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let error = Supervisor::builder(spec.clone()).audit(AuditLog::new(&file)).start().await;
    let error = error.map(drop).unwrap_err();
    assert!(matches!(error, SupervisorError::Audit(_)), "{error:?}");
    let audit = AuditLog::new(&file).on_failure(OnAuditFailure::GoOn);
    let handle = Supervisor::builder(spec).audit(audit).start().await.unwrap();
    handle.pause_child("/root/a", BY, WHY).await.unwrap();
    let status = handle.audit_status().unwrap();
    assert_eq!(status.missing, 3);
    assert!(status.failing.unwrap().to_string().contains("cannot be opened"));
    fs::create_dir(file.parent().unwrap()).unwrap();
    handle.shutdown_tree(BY, WHY).await.unwrap();
    let story = story(&file);
    assert_eq!(story[0], "3 missing");
    assert_eq!(story[1], "opened, 0 cut");
    assert_eq!(story.last().unwrap(), "completed 2 (unknown)");
}

/// What a disk that is full does, without filling one: a limit on the size of files.
#[cfg(unix)]
fn run_on_a_small_disk(file: &Path, on_failure: &str) -> Vec<String> {
    let limited = "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_audited")])
        .arg(file)
        .args([on_failure, "20"])
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_commands_are_refused_and_the_end_is_not() {
    let folder = Folder::new();
    let said = run_on_a_small_disk(&folder.file(), "refuse");
    let done = said.iter().filter(|line| line.contains(" ok ")).count();
    assert!((1..20).contains(&done), "{said:#?}");
    let refused = &said[19];
    assert!(refused.contains("refused, because it would not be in the audit log"), "{refused}");
    assert!(refused.contains("audit.jsonl"), "{refused}");
    let summary = said.last().unwrap();
    // Refused means that nothing was done; the end took place without an entry.
    assert!(summary.starts_with(&format!("generation={} ", done + 1)), "{said:#?}");
    assert!(!summary.contains("refused=0") && !summary.contains("missing=0"), "{summary}");
    verify(folder.file()).unwrap();
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_commands_go_on_and_are_counted_if_that_was_said() {
    let folder = Folder::new();
    let said = run_on_a_small_disk(&folder.file(), "go_on");
    assert_eq!(said.iter().filter(|line| line.contains(" ok ")).count(), 20, "{said:#?}");
    let written = read(folder.file()).unwrap();
    // Opened, 20 restarts and the end, with three entries each.
    let missing = 1 + 21 * 3 - written.len();
    assert!(missing > 0);
    assert_eq!(said.last().unwrap(), &format!("generation=21 missing={missing} refused=0"));
}

/// Kills the service while it writes, again and again, on one file. `AUDIT_KILLS=1000` for more.
#[cfg(unix)]
#[test]
fn a_process_that_is_killed_loses_no_entry_that_anybody_was_told_of() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let kills: u64 = std::env::var("AUDIT_KILLS").map_or(8, |kills| kills.parse().unwrap());
    let mut told = Vec::new();
    for round in 0..kills {
        let mut service = Command::new(env!("CARGO_BIN_EXE_audited"))
            .arg(folder.file())
            .args(["refuse", "1000000"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(service.stdout.take().unwrap());
        let mut line = String::new();
        for _ in 0..=round % 13 {
            line.clear();
            said.read_line(&mut line).unwrap();
        }
        // SIGKILL on Unix.
        service.kill().unwrap();
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        service.wait().unwrap();
        // The last line may be cut off: then nobody was told.
        let all = line + &rest;
        let last = all.rmatch_indices('\n').next().map_or("", |(end, _)| &all[..end]);
        let last = last.lines().last().unwrap_or_default();
        assert!(last.contains(" ok "), "{last}");
        told.push(last.split(' ').next().unwrap().parse::<u64>().unwrap());
    }
    // The next start cuts off what was left unfinished.
    let clean = Command::new(env!("CARGO_BIN_EXE_audited"))
        .arg(folder.file())
        .args(["refuse", "0"])
        .output()
        .unwrap();
    assert!(clean.status.success(), "{clean:?}");
    let mut completed = Vec::new();
    for entry in read(folder.file()).unwrap() {
        match entry.kind {
            AuditKind::Opened { .. } => completed.push(0),
            AuditKind::Completed { command, .. } => *completed.last_mut().unwrap() = command,
            _ => {}
        }
    }
    assert_eq!(completed.len(), told.len() + 1);
    for (round, (told, completed)) in told.iter().zip(&completed).enumerate() {
        assert!(completed >= told, "kill {round}: told of {told}, found {completed}");
    }
}
