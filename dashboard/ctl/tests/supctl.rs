//! The program as people and scripts call it, against a real tree behind a real socket.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::ipc::IpcOptions;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use serde_json::Value;

/// A folder for sockets, gone with the test.
struct RunDir(PathBuf);

impl RunDir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("supctl-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    fn socket(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.sock"))
    }

    async fn tree(&self, id: &str) -> SupervisorHandle {
        let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
        let books = SupervisorSpec::new("books").child(ChildSpec::new("ledger", parked()));
        let tree = SupervisorSpec::root()
            .child(books)
            .child(ChildSpec::new("gateway", parked()).depends_on("books"));
        let options = IpcOptions::new(id).path(self.socket(id));
        Supervisor::builder(tree).ipc(options).start().await.unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_supctl"));
        command
            .args(arguments)
            .env("RUST_SUPERVISOR_RUN_DIR", &self.0)
            .env("USER", "ada")
            .stdin(Stdio::null());
        command
    }

    /// Away from the runtime, which answers.
    async fn ctl(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        Said::from(output)
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    #[track_caller]
    fn done(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        &self.out
    }

    #[track_caller]
    fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "no `{word}` in {self:?}");
        }
    }
}

async fn end(handle: SupervisorHandle) {
    handle.shutdown_tree("test", "done").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_tree_show_what_there_is() {
    let dir = RunDir::new("tree");
    let shop = dir.tree("shop").await;
    let status = dir.ctl(&["status"]).await;
    assert!(status.done().contains("shop"), "{status:?}");
    assert!(status.out.contains("3 of 3 running"), "{status:?}");
    let tree = dir.ctl(&["tree"]).await;
    let drawn = [
        "/root         running",
        "├─ books      running",
        "│  └─ ledger  running",
        "└─ gateway    running      needs /root/books",
    ];
    assert_eq!(tree.done().lines().collect::<Vec<_>>(), drawn);
    let tree = dir.ctl(&["tree", "--format", "json"]).await;
    let tree: Value = serde_json::from_str(tree.done()).unwrap();
    assert_eq!(tree["topology"]["nodes"].as_array().unwrap().len(), 4);
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_said_by_why_and_tail_and_ends_with_a_resume() {
    let dir = RunDir::new("pause");
    let shop = dir.tree("shop").await;
    let path = "/root/books/ledger";
    let paused = dir.ctl(&["pause", path, "--reason", "stock-taking"]).await;
    assert!(paused.done().contains("pause_child /root/books/ledger: completed"), "{paused:?}");
    let why = dir.ctl(&["why", path]).await;
    for word in ["paused", "ada", "stock-taking"] {
        assert!(why.done().contains(word), "{why:?}");
    }
    let tail = dir.ctl(&["tail", path, "--events"]).await;
    assert!(tail.done().contains("stock-taking"), "{tail:?}");
    let waited = dir.ctl(&["wait", path, "--state", "paused"]).await;
    assert!(waited.done().contains("paused"), "{waited:?}");
    let down = dir.ctl(&["wait", path, "--state", "down"]).await;
    down.failed(64, &["'down'", "stopped", "quarantined"]);
    dir.ctl(&["wait", "/root/gateway", "--state", "up"]).await.done();
    assert_eq!(
        dir.ctl(&["tail", "-n", "3", "--severity", "trace"]).await.done().lines().count(),
        3
    );
    let late = dir.ctl(&["wait", path, "--ready", "--for", "50ms"]).await;
    late.failed(2, &["`ready` of /root/books/ledger did not come within 50ms; it is paused"]);
    dir.ctl(&["resume", path, "--reason", "counted"]).await.done();
    dir.ctl(&["wait", path, "--ready"]).await.done();
    dir.ctl(&["restart", path, "--reason", "fresh"]).await.done();
    assert_eq!(shop.state_of(path).await.unwrap().generation.0, 3);
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_finds_what_a_child_did_behind_what_others_have_done_since() {
    let dir = RunDir::new("behind");
    let shop = dir.tree("shop").await;
    shop.restart_child("/root/gateway", "bob", "long ago").await.unwrap();
    for _ in 0..100 {
        shop.restart_child("/root/books/ledger", "bob", "now").await.unwrap();
    }
    let tail = dir.ctl(&["tail", "/root/gateway", "--severity", "trace"]).await;
    assert!(tail.done().contains("long ago") && !tail.out.contains("ledger"), "{tail:?}");
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_says_cannot_steer_the_terminal_of_another() {
    let dir = RunDir::new("steer");
    let shop = dir.tree("shop").await;
    shop.pause_child("/root/gateway", "bob", "a\u{1b}[2Jb").await.unwrap();
    let why = dir.ctl(&["why", "/root/gateway"]).await;
    assert!(why.done().contains("a\u{fffd}[2Jb"), "{why:?}");
    let refused = dir.ctl(&["resume", "/root/gateway", "--reason", "one\ntwo"]).await;
    refused.failed(1, &["`reason` has a control character"]);
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_was_added_later_is_not_said_to_be_unknown() {
    let dir = RunDir::new("later");
    let shop = dir.tree("shop").await;
    let parked = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    shop.add_child("/root", ChildSpec::new("late", parked), "bob", "more").await.unwrap();
    let explained = dir.ctl(&["explain", "/root/late"]).await;
    explained.failed(1, &["`/root/late` was added while the program ran"]);
    end(shop).await;
}

/// Such as `supctl tail --follow | head`.
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_reads_any_more() {
    let dir = RunDir::new("head");
    let shop = dir.tree("shop").await;
    let mut command = dir.command(&["tail", "--follow"]);
    let mut tail = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(tail.stdout.take());
    let ended = tokio::task::spawn_blocking(move || tail.wait());
    while !ended.is_finished() {
        shop.restart_child("/root/gateway", "bob", "something to tell").await.unwrap();
    }
    let status = ended.await.unwrap().unwrap();
    assert!(status.success(), "{status}");
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_says_each_value_and_where_it_was_set() {
    let dir = RunDir::new("explain");
    let shop = dir.tree("shop").await;
    let explained = dir.ctl(&["explain", "/root/gateway"]).await;
    assert!(explained.done().contains("restart"), "{explained:?}");
    assert!(explained.out.contains("built in"), "{explained:?}");
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dangerous_is_done_only_when_it_is_confirmed() {
    let dir = RunDir::new("danger");
    let shop = dir.tree("shop").await;
    let remove = ["remove", "/root/gateway", "--reason", "no more"];
    dir.ctl(&remove).await.failed(78, &["--yes", "nothing has been done"]);
    assert!(shop.state_of("/root/gateway").await.is_ok());
    dir.ctl(&[&remove[..], &["--yes"]].concat()).await.done();
    assert!(shop.state_of("/root/gateway").await.is_err());
    dir.ctl(&["shutdown", "--reason", "over", "--yes"]).await.done();
    let report = shop.join().await.unwrap();
    assert!(report.to_string().contains("ada"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_is_not_there_is_said_with_the_nearest_that_is() {
    let dir = RunDir::new("nearest");
    let shop = dir.tree("shop").await;
    for command in [
        &["why", "/root/ledger"][..],
        &["explain", "/root/ledger"],
        &["tail", "/root/ledger"],
        &["wait", "/root/ledger", "--ready"],
        &["restart", "/root/ledger", "--reason", "typo"],
    ] {
        dir.ctl(command).await.failed(64, &["did you mean `/root/books/ledger`?"]);
    }
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_command_id_is_done_once() {
    let dir = RunDir::new("twice");
    let shop = dir.tree("shop").await;
    let restart = ["restart", "/root/gateway", "--reason", "once", "--command-id", "c-1"];
    dir.ctl(&restart).await.done();
    dir.ctl(&restart).await.done();
    assert_eq!(shop.state_of("/root/gateway").await.unwrap().generation.0, 2);
    end(shop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_targets_have_to_be_told_apart() {
    let dir = RunDir::new("several");
    let (shop, bank) = (dir.tree("shop").await, dir.tree("bank").await);
    dir.ctl(&["tree"]).await.failed(64, &["--target", "bank, shop"]);
    dir.ctl(&["tree", "--target", "shop"]).await.done();
    dir.ctl(&["tree", "--target", "shup"]).await.failed(64, &["`shup`", "bank, shop"]);
    let socket = dir.socket("bank");
    dir.ctl(&["tree", "--socket", socket.to_str().unwrap()]).await.done();
    assert_eq!(dir.ctl(&["status"]).await.done().lines().count(), 3);
    end(shop).await;
    end(bank).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_missing_dead_or_of_another_protocol_is_said_with_what_to_do() {
    let dir = RunDir::new("wrong");
    dir.ctl(&["status"]).await.failed(69, &["ipc.enabled: true", "--socket"]);
    let missing = dir.socket("missing");
    dir.ctl(&["tree", "--socket", missing.to_str().unwrap()]).await.failed(69, &["is not there"]);

    drop(std::os::unix::net::UnixListener::bind(dir.socket("dead")).unwrap());
    dir.ctl(&["tree"]).await.failed(69, &["nobody listens", "replace_stale"]);
    std::fs::remove_file(dir.socket("dead")).unwrap();

    let hello = r#"{"request_id":"supctl-1","ok":true,"result":{"type":"hello","protocol_version":"dashboard-ipc.v9"}}"#;
    for (answer, words) in
        [(hello, "dashboard-ipc.v9"), ("220 smtp.example ESMTP", "something else")]
    {
        let server = answers_once(&dir.socket("other"), answer);
        dir.ctl(&["tree"]).await.failed(76, &["does not speak dashboard-ipc.v1", words]);
        server.join().unwrap();
        std::fs::remove_file(dir.socket("other")).unwrap();
    }

    let listener = std::os::unix::net::UnixListener::bind(dir.socket("silent")).unwrap();
    dir.ctl(&["tree", "--timeout", "50ms"]).await.failed(69, &["has not answered within 50ms"]);
    drop(listener);
}

/// Somebody who says this to the first that asks, and hangs up.
fn answers_once(path: &Path, answer: &'static str) -> std::thread::JoinHandle<()> {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = String::new();
        BufReader::new(&stream).read_line(&mut asked).unwrap();
        assert!(asked.contains(r#""method":"hello""#), "{asked}");
        stream.write_all(format!("{answer}\n").as_bytes()).unwrap();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_names_every_command_and_every_exit_code() {
    let dir = RunDir::new("help");
    let help = dir.ctl(&["--help"]).await;
    for word in [
        "status",
        "tree",
        "why",
        "explain",
        "tail",
        "top",
        "restart",
        "pause",
        "resume",
        "quarantine",
        "remove",
        "add",
        "shutdown",
        "wait",
        "completions",
        "69",
        "RUST_SUPERVISOR_RUN_DIR",
    ] {
        assert!(help.done().contains(word), "no `{word}` in {help:?}");
    }
    assert!(dir.ctl(&["completions", "bash"]).await.done().contains("supctl"));
    dir.ctl(&["restart", "/root/a"]).await.failed(64, &["--reason"]);
}
