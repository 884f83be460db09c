//! What is said about events, the journal, metrics, the audit and recordings.

use rust_supervisor::audit::AuditLog;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::record::Recording;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;

use crate::stage::{config, flaky, ms, parked, start, temporary_dir};

#[tokio::test(start_paused = true)]
async fn the_event_capacity_is_how_far_a_subscriber_may_lag_behind() {
    for (yaml, misses) in [("", false), ("observability: {event_capacity: 2}", true)] {
        let handle = start(SupervisorSpec::root().child(ChildSpec::new("t", flaky())), yaml).await;
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(4_000)).await;
        assert!(events.next().await.is_some());
        assert_eq!(events.missed() > 0, misses, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_keeps_as_many_events_as_is_said() {
    for (yaml, kept) in [
        ("", 1_024),
        ("observability: {journal_capacity: 3}", 3),
        ("observability: {journal_capacity: 0}", 0),
    ] {
        let tree = SupervisorSpec::root().child(ChildSpec::new("t", parked()));
        let handle = start(tree, yaml).await;
        for _ in 0..300 {
            handle.restart_child("/root/t", "test", "again").await.unwrap();
        }
        assert_eq!(handle.journal().len(), kept, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_exits_are_kept_as_is_said() {
    for (yaml, kept) in [("", 4), ("observability: {last_exits: 2}", 2)] {
        let handle = start(SupervisorSpec::root().child(ChildSpec::new("t", flaky())), yaml).await;
        tokio::time::sleep(ms(5_500)).await;
        assert_eq!(handle.state_of("/root/t").await.unwrap().last_exits.len(), kept, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_not_remembered_counts_from_the_start() {
    for (yaml, generation) in [("", 2), ("observability: {remembered_paths: 0}", 1)] {
        let handle = start(SupervisorSpec::root(), yaml).await;
        let child = || ChildSpec::new("t", parked());
        handle.add_child("/root", child(), "test", "first").await.unwrap();
        handle.remove_child("/root/t", "test", "away").await.unwrap();
        handle.add_child("/root", child(), "test", "second").await.unwrap();
        assert_eq!(handle.state_of("/root/t").await.unwrap().generation.0, generation, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_are_told_unless_it_is_said_that_they_are_not() {
    for (yaml, is_told) in [
        ("", true),
        ("observability: {metrics: true}", true),
        ("observability: {metrics: false}", false),
    ] {
        let recorder = metrics_util::debugging::DebuggingRecorder::new();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let tree = SupervisorSpec::root().child(ChildSpec::new("t", flaky()));
        let builder = Supervisor::builder(tree).event_capacity(1).config(config(yaml).unwrap());
        let handle = builder.start().await.unwrap();
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(4_000)).await;
        assert!(events.next().await.is_some() && events.missed() > 0);
        handle.shutdown_tree("test", "over").await.unwrap();
        let told = recorder.snapshotter().snapshot().into_vec();
        assert_eq!(!told.is_empty(), is_told, "{yaml}: {told:?}");
    }
}

#[tokio::test]
async fn the_audit_is_where_it_is_said_and_does_what_is_said_when_it_fails() {
    let dir = temporary_dir();
    let there = dir.join("there.jsonl").display().to_string();
    let nowhere = dir.join("no").join("audit.jsonl").display().to_string();
    let tree = || SupervisorSpec::root().child(ChildSpec::new("t", parked()));
    let start = async |yaml: String, in_code: Option<AuditLog>| {
        let builder = Supervisor::builder(tree()).config(config(&yaml).unwrap());
        let builder = match in_code {
            Some(audit) => builder.audit(audit),
            None => builder,
        };
        builder.start().await
    };
    let handle = start(String::new(), None).await.unwrap();
    assert!(handle.audit_status().is_none());
    let said = format!("observability: {{audit: {{path: {there}}}}}");
    // What the code says is overridden.
    let handle = start(said, Some(AuditLog::new(&nowhere))).await.unwrap();
    handle.restart_child("/root/t", "test", "again").await.unwrap();
    assert_eq!(handle.audit_status().unwrap().entries, 4);
    assert!(std::fs::read_to_string(&there).unwrap().contains("restart_child"));

    let said = |more: &str| format!("observability: {{audit: {{path: {nowhere}, {more}}}}}");
    for more in ["", "on_failure: refuse"] {
        assert!(matches!(start(said(more), None).await, Err(SupervisorError::Audit(_))), "{more}");
    }
    let handle = start(said("on_failure: go_on"), None).await.unwrap();
    handle.restart_child("/root/t", "test", "again").await.unwrap();
    assert_eq!(handle.audit_status().unwrap().missing, 3);
    let only = "observability: {audit: {on_failure: go_on}}".to_owned();
    assert!(start(only.clone(), Some(AuditLog::new(&nowhere))).await.is_ok());

    // With nothing to be about, it is no setting.
    let SupervisorError::Config(error) = start(only, None).await.err().unwrap() else { panic!() };
    assert!(error.to_string().contains("observability.audit.path`: nobody says where"), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}

/// That a disk which hangs is given up after this time is shown where a disk can be made to hang:
/// in `audit::tests`. That the key reaches the audit is shown in `config::observability`.
#[tokio::test]
async fn no_disk_writes_within_no_time() {
    let error = Supervisor::builder(SupervisorSpec::root())
        .config(config("observability: {audit: {path: a, write_timeout: 0s}}").unwrap())
        .start()
        .await
        .err()
        .unwrap();
    let SupervisorError::Config(error) = error else { panic!("{error}") };
    assert!(error.to_string().contains("write_timeout`: at least 1ms"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn each_start_is_recorded_in_the_folder_that_is_said_and_no_further_than_is_said() {
    let dir = temporary_dir();
    let folder = dir.display().to_string();
    let recordings = || {
        let files = std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path());
        files.map(|file| Recording::read(file).unwrap()).collect::<Vec<_>>()
    };
    for (more, is_whole) in [("", true), (", max_bytes: 1500", false)] {
        let yaml = format!("observability: {{record: {{folder: {folder}{more}}}}}");
        let handle = start(SupervisorSpec::root().child(ChildSpec::new("t", flaky())), &yaml).await;
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(5_500)).await;
        handle.shutdown_tree("test", "over").await.unwrap();
        let [recording] = &recordings()[..] else { panic!("there is one for each start") };
        assert_eq!(recording.replay().unwrap().contains("-> the end"), is_whole, "{more}");
        let mut has_ended = false;
        while let Some(event) = events.next().await {
            has_ended |= event.kind.name() == "recording_ended";
        }
        // Without a clock that stands still the tree would hear of it before its end.
        assert!(!(is_whole && has_ended));
        for file in std::fs::read_dir(&dir).unwrap() {
            let file = file.unwrap();
            assert!(is_whole || file.metadata().unwrap().len() <= 1_500);
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let yaml = "observability: {record: {max_bytes: 1}}";
    let error = Supervisor::builder(SupervisorSpec::root()).config(config(yaml).unwrap()).start();
    let SupervisorError::Config(error) = error.await.err().unwrap() else { panic!() };
    assert!(error.to_string().contains("observability.record.folder`: nobody says"), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}
