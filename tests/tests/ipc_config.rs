//! Each key about the socket, and what it changes: seen from the outside, by a client.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::fs;
use std::future::Future;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use rust_supervisor::config::load::LoadedConfig;
use rust_supervisor::config::schema;
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::ipc::logs::LogLayer;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use serde_json::{Value, json};
use supervisor_tests::parked;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tracing_subscriber::layer::SubscriberExt;

/// A folder of our own, gone with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("ipc-config-{}-{:?}", std::process::id(), std::time::Instant::now());
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("shop.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

fn tree() -> SupervisorSpec {
    let slow = service_fn(async |ctx: TaskContext| {
        ctx.stopped().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    SupervisorSpec::root()
        .child(ChildSpec::new("till", parked()))
        .child(ChildSpec::new("slow", slow))
}

/// Starts the tree with this `ipc` section over what every case needs.
async fn try_start(folder: &Folder, section: &Value) -> Result<SupervisorHandle, SupervisorError> {
    let mut ipc = json!({ "enabled": true, "target_id": "shop", "path": folder.socket() });
    for (key, value) in section.as_object().unwrap() {
        ipc[key] = value.clone();
    }
    let file = folder.0.join("config.yaml");
    fs::write(&file, json!({ "ipc": ipc }).to_string()).unwrap();
    Supervisor::builder(tree()).config_file(file).start().await
}

/// A client, and the tree it is connected to.
struct Shop {
    handle: SupervisorHandle,
    folder: Folder,
    stream: BufReader<UnixStream>,
}

impl Shop {
    async fn open(section: Value) -> Self {
        let folder = Folder::new();
        let handle = try_start(&folder, &section).await.unwrap();
        let stream = BufReader::new(UnixStream::connect(folder.socket()).await.unwrap());
        Self { handle, folder, stream }
    }

    async fn line(&mut self) -> Value {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap_or_default()
    }

    async fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn ask(&mut self, method: &str, params: &Value) -> Value {
        let request = json!({ "request_id": "x", "method": method, "params": params });
        self.write(&format!("{request}\n")).await;
        self.line().await
    }

    async fn restart(&mut self, id: &str, path: &str) -> Value {
        self.ask("command.restart_child", &command(id, path)).await
    }

    async fn generation(&self) -> u64 {
        self.handle.state_of("/root/till").await.unwrap().generation.0
    }
}

fn command(id: &str, path: &str) -> Value {
    json!({
        "command_id": id, "target_id": "shop", "command": "restart_child",
        "target": { "child_path": path }, "reason": "a test", "requested_by": "me",
        "confirmed": false, "requested_at_unix_nanos": 1,
    })
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

fn ours() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

type Case = (&'static str, Pin<Box<dyn Future<Output = bool>>>);

/// Each key, and whether it does what it says.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut case = |key, proof: Pin<Box<dyn Future<Output = bool>>>| cases.push((key, proof));
    case(
        "enabled",
        Box::pin(async {
            let folder = Folder::new();
            let handle = try_start(&folder, &json!({ "enabled": false })).await.unwrap();
            let (with, socket) = (handle.ipc_path().is_some(), folder.socket().exists());
            let on = Shop::open(json!({})).await;
            !with && !socket && on.handle.ipc_path() == Some(&on.folder.socket())
        }),
    );
    case(
        "target_id",
        Box::pin(async {
            let mut shop = Shop::open(json!({ "target_id": "bank" })).await;
            shop.ask("hello", &json!({})).await["result"]["target_id"] == "bank"
        }),
    );
    case(
        "path",
        Box::pin(async {
            let folder = Folder::new();
            let other = folder.0.join("other.sock");
            let _handle = try_start(&folder, &json!({ "path": other })).await.unwrap();
            UnixStream::connect(&other).await.is_ok() && !folder.socket().exists()
        }),
    );
    case(
        "permissions",
        Box::pin(async {
            let mode = async |section| {
                let shop = Shop::open(section).await;
                fs::metadata(shop.folder.socket()).unwrap().mode() & 0o777
            };
            mode(json!({})).await == 0o600 && mode(json!({ "permissions": "0660" })).await == 0o660
        }),
    );
    case(
        "bind_mode",
        Box::pin(async {
            let folder = Folder::new();
            drop(UnixListener::bind(folder.socket()).unwrap());
            let refused = try_start(&folder, &json!({})).await.is_err();
            refused && try_start(&folder, &json!({ "bind_mode": "replace_stale" })).await.is_ok()
        }),
    );
    for key in [
        "registration.enabled",
        "registration.relay_registration_path",
        "registration.display_name",
        "registration.lease_seconds",
        "registration.registration_heartbeat_interval_seconds",
    ] {
        case(key, Box::pin(registered()));
    }
    for (key, role) in
        [("roles.viewer", "viewer"), ("roles.operator", "operator"), ("roles.admin", "admin")]
    {
        case(
            key,
            Box::pin(async move {
                let mut shop = Shop::open(json!({ "roles": { role: [ours()] } })).await;
                let mut other = Shop::open(json!({ "roles": { role: [ours() + 1] } })).await;
                let role = shop.ask("hello", &json!({})).await["result"]["role"] == *role;
                role && code(&other.line().await) == "permission_denied"
            }),
        );
    }
    cases.extend(limits());
    cases
}

/// A relay hears what was said, twice.
async fn registered() -> bool {
    let folder = Folder::new();
    let relay = folder.0.join("relay.sock");
    let listener = UnixListener::bind(&relay).unwrap();
    let section = json!({ "registration": {
        "enabled": true, "relay_registration_path": relay, "display_name": "the shop",
        "lease_seconds": 7, "registration_heartbeat_interval_seconds": 1,
    } });
    let _handle = try_start(&folder, &section).await.unwrap();
    for _ in 0..2 {
        let (stream, _) = listener.accept().await.unwrap();
        let mut line = String::new();
        let mut stream = BufReader::new(stream);
        stream.read_line(&mut line).await.unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        if said["display_name"] != "the shop" || said["lease_seconds"] != 7 {
            return false;
        }
        stream.write_all(b"{\"ok\":true,\"retryable\":false}\n").await.unwrap();
    }
    true
}

fn with(key: &str, value: impl Into<Value>) -> Value {
    json!({ "limits": { key: value.into() } })
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn limits() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut case = |key, proof: Pin<Box<dyn Future<Output = bool>>>| cases.push((key, proof));
    case(
        "limits.line_bytes",
        Box::pin(async {
            let mut shop = Shop::open(with("line_bytes", 1_024)).await;
            shop.write(&"x".repeat(1_025)).await;
            code(&shop.line().await) == "line_too_long"
        }),
    );
    case(
        "limits.nesting",
        Box::pin(async {
            let mut shop = Shop::open(with("nesting", 4)).await;
            shop.write("[[[[[\n").await;
            code(&shop.line().await) == "nesting_too_deep"
        }),
    );
    for (key, name) in [
        ("limits.connections", "connections"),
        ("limits.connections_per_user", "connections_per_user"),
    ] {
        case(
            key,
            Box::pin(async move {
                let shop = Shop::open(with(name, 1)).await;
                let second = UnixStream::connect(shop.folder.socket()).await.unwrap();
                let mut line = String::new();
                BufReader::new(second).read_line(&mut line).await.unwrap();
                line.contains("rate_limited") && line.contains(&format!("`ipc.limits.{name}`"))
            }),
        );
    }
    case(
        "limits.subscriptions_per_user",
        Box::pin(async {
            let mut shop = Shop::open(with("subscriptions_per_user", 0)).await;
            code(&shop.ask("events.subscribe", &json!({})).await) == "rate_limited"
        }),
    );
    case(
        "limits.requests_per_second",
        Box::pin(async {
            let mut shop = Shop::open(with("requests_per_second", 1)).await;
            code(&shop.ask("hello", &json!({})).await) == "rate_limited"
        }),
    );
    case(
        "limits.commands_at_once",
        Box::pin(async {
            let mut shop = Shop::open(with("commands_at_once", 1)).await;
            let request = json!({
                "request_id": "y", "method": "command.restart_child", "params": command("a", "/root/slow"),
            });
            shop.write(&format!("{request}\n")).await;
            code(&shop.restart("b", "/root/till").await) == "rate_limited"
        }),
    );
    case(
        "limits.command_ids",
        Box::pin(async {
            let mut shop = Shop::open(with("command_ids", 1)).await;
            for id in ["a", "b", "a"] {
                shop.restart(id, "/root/till").await;
            }
            shop.generation().await == 4
        }),
    );
    case(
        "limits.command_ids_for",
        Box::pin(async {
            let mut shop = Shop::open(with("command_ids_for", "1ms")).await;
            for _ in 0..1_000 {
                shop.restart("a", "/root/till").await;
                if shop.generation().await > 2 {
                    return true;
                }
                tokio::task::yield_now().await;
            }
            false
        }),
    );
    case(
        "limits.idle_timeout",
        Box::pin(async {
            let mut shop = Shop::open(with("idle_timeout", "20ms")).await;
            shop.stream.read(&mut [0; 1]).await.unwrap() == 0
        }),
    );
    case(
        "limits.line_timeout",
        Box::pin(async {
            let mut shop = Shop::open(with("line_timeout", "20ms")).await;
            shop.write("{").await;
            code(&shop.line().await) == "invalid_json"
        }),
    );
    case(
        "limits.write_timeout",
        Box::pin(async {
            let mut shop = Shop::open(with("write_timeout", "20ms")).await;
            let request = "{\"request_id\":\"x\",\"method\":\"state\"}\n".repeat(100);
            // Nothing is read, until the other end has had enough of that.
            while shop.stream.write_all(request.as_bytes()).await.is_ok() {}
            true
        }),
    );
    case(
        "limits.recent",
        Box::pin(async {
            let mut shop = Shop::open(with("recent", 1)).await;
            let state = shop.ask("state", &json!({})).await;
            state["result"]["state"]["recent_events"].as_array().unwrap().len() == 1
        }),
    );
    case(
        "limits.log_capacity",
        Box::pin(async {
            let mut shop = Shop::open(with("log_capacity", 2)).await;
            let log = tracing_subscriber::registry().with(LogLayer::new());
            tracing::subscriber::with_default(log, || {
                (0..5).for_each(|n| tracing::info!("line {n}"));
            });
            let state = shop.ask("state", &json!({})).await;
            state["result"]["state"]["recent_logs"].as_array().unwrap().len() == 2
        }),
    );
    cases
}

#[tokio::test]
async fn each_key_changes_what_it_says() {
    for (key, proof) in cases() {
        assert!(proof.await, "{key}");
    }
}

#[test]
fn no_key_is_without_its_proof() {
    let root = schema::json_schema();
    let keys = |section: &str| -> Vec<String> {
        let keys = root["definitions"][section]["properties"].as_object().unwrap();
        keys.keys().cloned().collect()
    };
    let mut expected: BTreeSet<_> = keys("IpcSection").into_iter().collect();
    for (key, section) in [
        ("registration", "IpcRegistrationSection"),
        ("roles", "IpcRolesSection"),
        ("limits", "IpcLimitsSection"),
    ] {
        expected.remove(key);
        expected.extend(keys(section).into_iter().map(|inner| format!("{key}.{inner}")));
    }
    let found: BTreeSet<_> = cases().into_iter().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let check = |section: Value| {
        let folder = Folder::new();
        let file = folder.0.join("a.yaml");
        fs::write(&file, json!({ "ipc": section }).to_string()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = Supervisor::builder(SupervisorSpec::root()).config_file(&file).start();
        let error = runtime.block_on(start).err().unwrap().to_string();
        assert!(error.contains("a.yaml:1:"), "{error}");
        error
    };
    for (section, key, why) in [
        (json!({ "enabled": true }), "target_id", "no other's on this host"),
        (json!({ "target_id": "a/b" }), "target_id", "letters, digits"),
        (json!({ "path": "here.sock" }), "path", "absolute"),
        (json!({ "permissions": "rw" }), "permissions", "octal"),
        (json!({ "permissions": "0666" }), "permissions", "0660"),
        (json!({ "permissions": "0400" }), "permissions", "0600"),
        (json!({ "roles": { "viewer": [1], "admin": [1] } }), "roles", "twice"),
        (json!({ "limits": { "nesting": 1 } }), "limits.nesting", "from 4 to 100"),
        (json!({ "limits": { "idle_timeout": "0s" } }), "limits.idle_timeout", "longer than zero"),
        (json!({ "limits": { "nestling": 1 } }), "nestling", "did you mean `nesting`"),
        (
            json!({ "registration": { "enabled": true, "lease_seconds": 5 } }),
            "registration.registration_heartbeat_interval_seconds",
            "shorter than the lease",
        ),
        (
            json!({ "registration": { "enabled": true, "relay_registration_path": "x" } }),
            "registration.relay_registration_path",
            "absolute",
        ),
    ] {
        let error = check(section);
        assert!(error.contains(key) && error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn the_socket_is_there_from_before_the_first_child_and_gone_with_the_tree() {
    let shop = Shop::open(json!({})).await;
    let path = shop.folder.socket();
    shop.handle.shutdown_tree("test", "over").await.unwrap();
    assert!(!Path::new(&path).exists(), "it is gone before the end is told");

    // A tree that cannot be bound does not start, and nothing of it is left.
    let folder = Folder::new();
    fs::write(folder.socket(), "mine").unwrap();
    let error = try_start(&folder, &json!({})).await.err().unwrap();
    assert!(matches!(&error, SupervisorError::Ipc(_)), "{error:?}");
    assert!(format!("{error:?}").contains("remove it if no other process uses it"), "{error:?}");
}

#[test]
fn the_same_configuration_has_the_same_version() {
    let folder = Folder::new();
    let version = |text: &str| {
        let file = folder.0.join("v.yaml");
        fs::write(&file, text).unwrap();
        LoadedConfig::read(&file).unwrap().version()
    };
    assert_eq!(&*version(""), "compiled");
    assert_eq!(version("policy: {restart: transient}"), version("policy:\n  restart: transient\n"));
    assert_ne!(version("policy: {restart: transient}"), version("policy: {restart: temporary}"));
}
