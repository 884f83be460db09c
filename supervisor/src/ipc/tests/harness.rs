//! A tree, its target, and clients.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::control::handle::SupervisorHandle;
use crate::dashboard::label::Role;
use crate::ipc::audits::Identity;
use crate::ipc::limits::IpcLimits;
use crate::ipc::logs::LogBuffer;
use crate::ipc::options::IpcOptions;
use crate::ipc::peer::Peer;
use crate::ipc::session::Session;
use crate::ipc::target::{Ended, Target};
use crate::policy::shutdown::Grace;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

pub(super) const TARGET: &str = "shop";

/// A task that runs until it is asked to stop.
pub(super) fn parked(id: &str) -> ChildSpec {
    ChildSpec::new(id, service_fn(async |ctx: TaskContext| ctx.stopped().await))
}

/// A task that takes its time to stop.
pub(super) fn slow(id: &str, seconds: u64) -> ChildSpec {
    let task = service_fn(move |ctx: TaskContext| async move {
        ctx.stopped().await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    });
    ChildSpec::new(id, task).grace(Grace::After(Duration::from_secs(25)))
}

/// Two tasks, one of them below a supervisor.
pub(super) fn shop() -> SupervisorSpec {
    SupervisorSpec::root()
        .child(parked("till"))
        .child(SupervisorSpec::new("stock").child(parked("shelf")))
}

/// A tree that can be reached.
pub(super) struct Reach {
    pub(super) handle: SupervisorHandle,
    pub(super) target: Arc<Target>,
    pub(super) logs: LogBuffer,
}

pub(super) async fn reach(spec: SupervisorSpec) -> Reach {
    reach_with(spec, |_| {}).await
}

pub(super) async fn reach_with(spec: SupervisorSpec, limits: impl FnOnce(&mut IpcLimits)) -> Reach {
    let handle = Supervisor::builder(spec).seed(0).start().await.expect("it starts");
    reach_of(handle, limits)
}

/// A target for a tree that runs already.
pub(super) fn reach_of(handle: SupervisorHandle, limits: impl FnOnce(&mut IpcLimits)) -> Reach {
    let logs = LogBuffer::new();
    let options = IpcOptions::new(TARGET).logs(&logs).limits(limits);
    options.check().expect("they are allowed");
    logs.keep(options.limits.log_capacity);
    let weak = SupervisorHandle::weak_of(&handle);
    let target = Target::new(options, "/run/shop.sock".into(), weak);
    Reach { handle, target: Arc::new(target), logs }
}

impl Reach {
    /// A client of our own user, who may do everything.
    pub(super) fn client(&self) -> Client {
        self.client_of(1_000, Role::Admin)
    }

    pub(super) fn client_of(&self, uid: u32, role: Role) -> Client {
        // As much as is in a socket, roughly.
        self.client_with(uid, role, 64 * 1_024)
    }

    pub(super) fn client_with(&self, uid: u32, role: Role, room: usize) -> Client {
        let (ours, theirs) = duplex(room);
        let seat = self.target.users.connect(uid).expect("there is room");
        let who = Identity { peer: Peer { uid, pid: Some(1) }, role };
        let session = Session::new(theirs, Arc::clone(&self.target), who, seat);
        Client::new(ours, tokio::spawn(session.run()))
    }

    /// The tree has ended, as its driver tells it.
    pub(super) async fn end(&self) {
        self.handle.shutdown_tree("test", "over").await.expect("it ends");
        let state = Arc::new(self.handle.current_state().await.expect("it is known"));
        self.target.end.send_replace(Some(Ended { state }));
    }
}

/// The other end of a connection.
pub(super) struct Client {
    read: ReadHalf<DuplexStream>,
    write: Option<WriteHalf<DuplexStream>>,
    buffer: Vec<u8>,
    number: u64,
    pub(super) session: JoinHandle<()>,
}

impl Client {
    pub(super) fn new(stream: DuplexStream, session: JoinHandle<()>) -> Self {
        let (read, write) = split(stream);
        Self { read, write: Some(write), buffer: Vec::new(), number: 0, session }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let write = self.write.as_mut().expect("it still writes");
        write.write_all(bytes).await.expect("it is taken");
    }

    /// Goes away.
    pub(super) fn leave(self) -> JoinHandle<()> {
        self.session
    }

    /// Writes no more, and goes on reading.
    pub(super) async fn finish_writing(&mut self) {
        let mut write = self.write.take().expect("it still writes");
        write.shutdown().await.expect("it is taken");
    }

    /// The next line, or nothing when the connection is closed.
    pub(super) async fn line(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|&byte| byte == b'\n') {
                let line: Vec<_> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).expect("it is JSON"));
            }
            let mut more = [0; 4_096];
            let read = timeout(Duration::from_hours(2), self.read.read(&mut more));
            match read.await.expect("something comes").unwrap_or(0) {
                0 => return None,
                count => self.buffer.extend_from_slice(&more[..count]),
            }
        }
    }

    /// Whether nothing comes for a while.
    pub(super) async fn is_silent(&mut self) -> bool {
        let mut more = [0; 1];
        self.buffer.is_empty()
            && timeout(Duration::from_millis(500), self.read.read(&mut more)).await.is_err()
    }

    /// Whether the connection is closed, after what is still to be read.
    pub(super) async fn is_closed(&mut self) -> bool {
        while self.line().await.is_some() {}
        true
    }

    pub(super) async fn send(&mut self, method: &str, params: &Value) -> String {
        self.number += 1;
        let request_id = format!("r{}", self.number);
        let request = json!({ "request_id": request_id, "method": method, "params": params });
        self.write(format!("{request}\n").as_bytes()).await;
        request_id
    }

    /// Asks, and waits for the answer. Pushes in between are thrown away.
    pub(super) async fn ask(&mut self, method: &str, params: &Value) -> Value {
        let request_id = self.send(method, params).await;
        self.answer_to(&request_id).await
    }

    pub(super) async fn answer_to(&mut self, request_id: &str) -> Value {
        loop {
            let line = self.line().await.expect("an answer");
            if line.get("request_id").is_some() {
                assert_eq!(line["request_id"], request_id, "{line}");
                return line;
            }
        }
    }

    /// Asks, and has to get a result.
    pub(super) async fn get(&mut self, method: &str, params: &Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].take()
    }

    /// Asks, and has to get an error: its code and stage.
    pub(super) async fn refused(&mut self, method: &str, params: &Value) -> (String, String) {
        let answer = self.ask(method, params).await;
        code_of(&answer)
    }

    /// The next push of this type; others are thrown away.
    pub(super) async fn push(&mut self, kind: &str) -> Value {
        loop {
            let line = self.line().await.expect("a push");
            if line["type"] == kind {
                return line;
            }
        }
    }
}

/// The code and stage of an error, which has to be whole.
pub(super) fn code_of(answer: &Value) -> (String, String) {
    assert_eq!(answer["ok"], false, "{answer}");
    assert!(answer.get("result").is_none(), "{answer}");
    let error = &answer["error"];
    assert_eq!(error["target_id"], TARGET, "{answer}");
    assert!(error["retryable"].is_boolean(), "{answer}");
    assert!(!error["message"].as_str().expect("a message").is_empty(), "{answer}");
    let text = |key: &str| error[key].as_str().expect("a word").to_owned();
    (text("code"), text("stage"))
}

/// What a command is given.
pub(super) fn command(id: &str, command: &str, path: &str) -> Value {
    json!({
        "command_id": id,
        "target_id": TARGET,
        "command": command,
        "target": { "child_path": path },
        "reason": "a test",
        "requested_by": "alice",
        "confirmed": false,
        "requested_at_unix_nanos": 1,
    })
}
