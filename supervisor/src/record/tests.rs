//! Recordings that were damaged, and histories played to others.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::{RecordError, RecordLog, Recording};
use crate::event::EventKind;
use crate::policy::backoff::Backoff;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

/// A folder of the test's own, removed when it is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("record-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Fails a second after each of its first four starts, with an intensity that stands two.
async fn meltdown(file: PathBuf) {
    let flaky = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 <= 4 && ctx.sleep(Duration::from_secs(1)).await {
            return Err(std::io::Error::other("connection reset"));
        }
        ctx.stopped().await;
        Ok(())
    });
    let spec = SupervisorSpec::root()
        .intensity(2, Duration::from_mins(1))
        .child(ChildSpec::new("other", service_fn(async |ctx: TaskContext| ctx.stopped().await)))
        .child(ChildSpec::new("flaky", flaky).backoff(Backoff::DEFAULT.jitter(0.5)));
    let handle = Supervisor::builder(spec).seed(11).record(file).start().await.unwrap();
    assert!(handle.join().await.unwrap().is_failure());
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_recording_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("private");
    meltdown(folder.file("a")).await;
    let mode = fs::metadata(folder.file("a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(start_paused = true)]
async fn a_history_is_decided_again_byte_for_byte() {
    let folder = Folder::new("again");
    meltdown(folder.file("a")).await;
    let recording = Recording::read(folder.file("a")).unwrap();
    let text = recording.replay().unwrap();
    assert_eq!(text, recording.decisions());
    assert!(text.contains("-> start /root/flaky #3"), "{text}");
    assert!(text.contains("meltdown over /root/flaky"), "{text}");
    assert!(text.trim_end().ends_with("-> the end"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn another_intensity_would_have_stood_it() {
    let folder = Folder::new("whatif");
    meltdown(folder.file("a")).await;
    let recording = Recording::read(folder.file("a")).unwrap();
    let minute = Duration::from_mins(1);
    let same = recording.what_if(|spec| spec).unwrap();
    assert!(same.has_ended(), "{same}");
    let five = recording.what_if(|spec| spec.intensity(5, minute)).unwrap();
    assert!(!five.has_ended(), "{five}");
    // Three ends were recorded; of the fourth run nothing is known.
    assert_eq!(five.state.get("/root/flaky").unwrap().restarts, 3, "{five}");
    assert_eq!(five.state.get("/root/other").unwrap().restarts, 0, "{five}");
    let one = recording.what_if(|spec| spec.intensity(1, minute)).unwrap();
    assert!(one.decisions.len() < same.decisions.len() && one.has_ended(), "{one}");
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_to_a_file_is_said() {
    let folder = Folder::new("damage");
    meltdown(folder.file("a")).await;
    let whole = fs::read(folder.file("a")).unwrap();
    let error = |bytes: &[u8]| {
        fs::write(folder.file("b"), bytes).unwrap();
        Recording::read(folder.file("b")).unwrap_err()
    };
    for foreign in ["", "\n", "dear diary\n", "{}\n", "[1,2]\n", "{\"version\":1}\n"] {
        let found = error(foreign.as_bytes());
        assert!(matches!(found, RecordError::Foreign { .. }), "{foreign:?}: {found:?}");
    }
    let text = String::from_utf8(whole.clone()).unwrap();
    let newer = text.replacen("recording\":1", "recording\":2", 1);
    let found = error(newer.as_bytes());
    assert!(found.to_string().contains("version 2, and this library reads version 1"), "{found}");
    let found = error(&whole[..whole.len() - 5]);
    assert!(matches!(found, RecordError::Truncated { .. }), "{found:?}");
    let (rest, damage) = Recording::read_up_to_damage(folder.file("b")).unwrap();
    assert!(damage.is_some());
    assert!(rest.replay().unwrap().contains("-> start /root/flaky #3"));
    let mut lines: Vec<_> = text.split_inclusive('\n').collect();
    lines.remove(4);
    let found = error(lines.concat().as_bytes());
    assert!(matches!(found, RecordError::Damaged { line: 5, .. }), "{found:?}");
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..200 {
        let mut bytes = whole.clone();
        let at = rng.usize(..bytes.len());
        bytes[at] ^= rng.u8(1..);
        error(&bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_decided_otherwise_is_pointed_at() {
    let folder = Folder::new("differs");
    meltdown(folder.file("a")).await;
    let mut recording = Recording::read(folder.file("a")).unwrap();
    let changed = recording.inputs.iter_mut().rfind(|input| !input.decided.is_empty()).unwrap();
    let (line, then) = (changed.line, changed.decided.pop().unwrap());
    let error = recording.replay().unwrap_err();
    let RecordError::Differs { line: found, ref now, .. } = error else { panic!("{error:?}") };
    assert_eq!((found, now), (line, &then));
}

#[tokio::test]
async fn a_recording_is_never_written_over() {
    let folder = Folder::new("over");
    fs::write(folder.file("a"), "precious").unwrap();
    let started = Supervisor::builder(SupervisorSpec::root()).record(folder.file("a")).start();
    let error = started.await.map(drop).unwrap_err();
    assert!(format!("{error:?}").contains("a new file for each start"), "{error:?}");
    assert_eq!(fs::read(folder.file("a")).unwrap(), b"precious");
}

#[tokio::test]
async fn a_recording_ends_where_it_would_be_too_long_and_the_tree_goes_on() {
    let folder = Folder::new("long");
    let parked = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let spec = SupervisorSpec::root().child(ChildSpec::new("a", parked));
    let log = RecordLog::new(folder.file("a")).max_bytes(5_000);
    let handle = Supervisor::builder(spec).record(log).start().await.unwrap();
    let mut events = handle.subscribe_events();
    let mut because = None;
    for _ in 0..5_000 {
        handle.restart_child("/root/a", "test", "to fill it").await.unwrap();
        while let Some(event) = events.try_next() {
            if let EventKind::RecordingEnded { because: why } = &event.kind {
                because = Some(why.to_string());
            }
        }
        if because.is_some() {
            break;
        }
    }
    let because = because.expect("it is told");
    assert!(because.ends_with("it is as large as it may be"), "{because}");
    handle.shutdown_tree("test", "done").await.unwrap();
    let len = fs::metadata(folder.file("a")).unwrap().len();
    assert!((4_000..=5_000).contains(&len), "{len}");
    let recording = Recording::read(folder.file("a")).unwrap();
    assert!(recording.replay().unwrap().contains("-> start /root/a #2"));
}

#[tokio::test]
async fn each_start_has_a_file_of_its_own_in_a_folder() {
    let folder = Folder::new("folder");
    for _ in 0..3 {
        let log = RecordLog::in_folder(&folder.0);
        let builder = Supervisor::builder(SupervisorSpec::root()).record(log);
        let handle = builder.start().await.unwrap();
        handle.shutdown_tree("test", "done").await.unwrap();
    }
    let files = fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("recording-2"), "{name}");
        assert!(Recording::read(&file).unwrap().replay().unwrap().contains("-> the end"));
    }
}
