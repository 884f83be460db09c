//! What is written down about commands, and when.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use super::harness::{command, reach, shop};
use crate::dashboard::label::Role;
use crate::ipc::audits::AUDIT;
use crate::ipc::logs::{LogBuffer, LogLayer};
use crate::task::cell::lock;

const TILL: &str = "/root/till";

/// A log of the program: its lines, with their fields and the target.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<BTreeMap<String, String>>>>);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let target = event.metadata().target().to_owned();
        let mut line = Line(BTreeMap::from([("target".to_owned(), target)]));
        event.record(&mut line);
        lock(&self.0).push(line.0);
    }
}

struct Line(BTreeMap<String, String>);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

#[tokio::test(start_paused = true)]
async fn every_command_is_in_the_log_when_it_is_taken_on_and_when_it_is_done() {
    // While there is one subscriber alone, `tracing` asks nobody but the thread that comes by a line
    // first whether it is wanted, and that may be the thread of another test.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let (log, buffer) = (Lines::default(), LogBuffer::new());
    let tail = LogLayer::new().into_buffer(&buffer);
    let layers = tracing_subscriber::registry().with(log.clone()).with(tail);
    let _guard = tracing::subscriber::set_default(layers);
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("command.restart_child", &command("a", "restart_child", TILL)).await;
    client.ask("command.restart_child", &command("b", "restart_child", "/root/no")).await;
    let mut viewer = reach.client_of(7, Role::Viewer);
    viewer.ask("command.restart_child", &command("c", "restart_child", TILL)).await;
    let mut add = command("d", "add_child", "/root/pool");
    add["target"]["child_manifest"] = json!(r#"{"id":"u1"}"#);
    client.ask("command.add_child", &add).await;
    let lines = lock(&log.0).clone();
    let audit: Vec<_> = lines
        .iter()
        .filter(|line| line["target"] == AUDIT)
        .map(|line| {
            let result = line["message"].split(": ").nth(1).unwrap_or_default();
            (&*line["command_id"], result, &*line["child_path"], &*line["identity"])
        })
        .collect();
    let (admin, other) = ("uid 1000 (admin), pid 1", "uid 7 (viewer), pid 1");
    assert_eq!(
        audit,
        [
            ("a", "accepted", TILL, admin),
            ("a", "completed", TILL, admin),
            ("b", "accepted", "/root/no", admin),
            ("b", "rejected", "/root/no", admin),
            ("c", "rejected", TILL, other),
            ("d", "rejected", "/root/pool/u1", admin),
        ]
    );
    // The first stands there before the tree was asked.
    let place = |what: &str| lines.iter().position(|line| line["message"].contains(what));
    assert!(place("over the socket: accepted") < place("restart_child, asked for by alice"));
    // None of it pushes the lines of the program out of what clients read of them.
    tracing::info!("a line of the program");
    let kept: Vec<_> = buffer.recent(100).iter().map(|line| line.message.clone()).collect();
    assert_eq!(kept, ["a line of the program"]);
}

#[cfg(feature = "audit")]
#[tokio::test]
async fn every_command_is_in_the_audit_before_it_has_any_effect() {
    use crate::audit::entry::AuditKind;
    use crate::audit::verify::read;
    use crate::audit::{AuditLog, OnAuditFailure};
    use crate::ipc::IpcOptions;
    use crate::runtime::supervisor::Supervisor;
    use std::os::unix::fs::PermissionsExt;
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::UnixStream;

    let folder = std::env::temp_dir().join(format!("ipc-audit-{:016x}", fastrand::u64(..)));
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    let (socket, file) = (folder.join("s"), folder.join("audit.jsonl"));
    let audit = AuditLog::new(&file).on_failure(OnAuditFailure::Refuse);
    let options = IpcOptions::new(super::harness::TARGET).path(&socket);
    let handle = Supervisor::builder(shop()).audit(audit).ipc(options).start().await.unwrap();
    let mut stream = BufReader::new(UnixStream::connect(&socket).await.unwrap());
    let mut unconfirmed = command("b", "remove_child", TILL);
    unconfirmed["confirmed"] = json!(false);
    let mut add = command("c", "add_child", "/root/pool");
    add["confirmed"] = json!(true);
    add["target"]["child_manifest"] = json!(r#"{"id":"u1","args":{"token":"WIRESECRET"}}"#);
    for (method, params, ok) in [
        ("command.restart_child", command("a", "restart_child", TILL), true),
        ("command.remove_child", unconfirmed, false),
        ("command.add_child", add, false),
    ] {
        let request = json!({ "request_id": "x", "method": method, "params": params });
        stream.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["ok"], ok, "{answer}");
    }
    handle.shutdown_tree("test", "over").await.unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains("WIRESECRET"));
    let short: Vec<_> = read(&file)
        .unwrap()
        .into_iter()
        .map(|entry| match entry.kind {
            AuditKind::Socket { command_id, result, identity, .. } => {
                assert!(identity.starts_with("uid "), "{identity}");
                format!("{command_id} {}", result.split(':').next().unwrap_or_default())
            }
            AuditKind::Requested { name, .. } => name,
            AuditKind::Opened { .. } => "opened".to_owned(),
            AuditKind::Accepted { .. } => "accepted".to_owned(),
            AuditKind::Completed { .. } => "completed".to_owned(),
            other => format!("{other:?}"),
        })
        .collect();
    assert_eq!(
        short,
        [
            "opened",
            "a accepted",
            "restart_child",
            "accepted",
            "completed",
            "a completed",
            "b rejected",
            "c accepted",
            "c rejected",
            "shutdown_tree",
            "accepted",
            "completed",
        ]
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[cfg(feature = "audit")]
#[tokio::test]
async fn a_command_that_cannot_be_written_down_is_rejected_in_the_log_and_says_why() {
    use super::harness::Reach;
    use crate::audit::AuditError;
    use crate::audit::writer::AuditWriter;

    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = Lines::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let Reach { handle, target, logs } = reach(shop()).await;
    let source = Arc::new(std::io::Error::other("No space left on device"));
    let full = AuditWriter::refusing(AuditError::Write { file: "audit.jsonl".into(), source });
    let target = Arc::new(Arc::try_unwrap(target).unwrap().audited(Some(full)));
    let reach = Reach { handle, target, logs };
    let answer =
        reach.client().ask("command.pause_child", &command("a", "pause_child", TILL)).await;
    assert_eq!(answer["error"]["code"], "internal", "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("No space left on device"), "{message}");
    let lines = lock(&log.0).clone();
    let audit = lines.iter().filter(|line| line["target"] == AUDIT);
    let said: Vec<_> = audit.map(|line| &*line["message"]).collect();
    let [said] = *said else { panic!("{said:?}") };
    assert!(said.starts_with("pause_child over the socket: rejected: refused"), "{said}");
}
