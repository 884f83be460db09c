//! What is written down about commands, and when.

use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt;

use super::harness::{command, reach, shop};
use crate::dashboard::label::Role;
use crate::ipc::logs::{LogBuffer, LogLayer};

const TILL: &str = "/root/till";

#[tokio::test(start_paused = true)]
async fn every_command_is_in_the_log_when_it_is_taken_on_and_when_it_is_done() {
    let buffer = LogBuffer::new();
    let layer = LogLayer::new().into_buffer(&buffer);
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let reach = reach(shop()).await;
    let mut client = reach.client();
    client.get("command.restart_child", &command("a", "restart_child", TILL)).await;
    client.ask("command.restart_child", &command("b", "restart_child", "/root/no")).await;
    let mut viewer = reach.client_of(7, Role::Viewer);
    viewer.ask("command.restart_child", &command("c", "restart_child", TILL)).await;
    let lines = buffer.recent(100);
    let audit: Vec<_> = lines
        .iter()
        .filter(|line| line.fields["target"] == "rust_supervisor::ipc::audit")
        .map(|line| {
            let result = line.message.split(": ").nth(1).unwrap_or_default();
            (line.fields["command_id"].as_str(), result, line.fields["identity"].as_str())
        })
        .collect();
    let (admin, other) = ("uid 1000 (admin), pid 1", "uid 7 (viewer), pid 1");
    assert_eq!(
        audit,
        [
            ("a", "accepted", admin),
            ("a", "completed", admin),
            ("b", "accepted", admin),
            ("b", "rejected", admin),
            ("c", "rejected", other),
        ]
    );
    // The first stands there before the tree was asked.
    let place = |what: &str| lines.iter().position(|line| line.message.contains(what));
    assert!(place("over the socket: accepted") < place("restart_child, asked for by alice"));
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
    for (method, params, ok) in [
        ("command.restart_child", command("a", "restart_child", TILL), true),
        ("command.remove_child", unconfirmed, false),
    ] {
        let request = json!({ "request_id": "x", "method": method, "params": params });
        stream.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["ok"], ok, "{answer}");
    }
    handle.shutdown_tree("test", "over").await.unwrap();
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
            "shutdown_tree",
            "accepted",
            "completed",
        ]
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
