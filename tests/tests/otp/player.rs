//! Plays one program through the public API.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::outcome::CommandOutcome;
use rust_supervisor::control::stream::EventStream;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::{Event, EventKind};
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Meltdown, Readiness, Restart, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::NodeSpec;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::{ChildState, Lifecycle, TreeState};
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::Exit;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::result::TaskResult;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::corpus::{Child, Flags, Program, Seen};

/// The first step in which the two differ.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) step: usize,
    pub(crate) op: Vec<Value>,
    pub(crate) otp: String,
    pub(crate) here: String,
}

pub(crate) async fn play(program: &Program) -> Result<(), Difference> {
    let mut player: Option<Player> = None;
    for (number, step) in program.steps.iter().enumerate() {
        let here = match &mut player {
            None => {
                let (new, seen) = Player::init(program).await;
                player = Some(new);
                seen
            }
            Some(player) => player.step(&step.op).await,
        };
        if here != step.seen {
            let text = |seen: &Seen| serde_json::to_string(seen).expect("plain data");
            let (otp, here) = (text(&step.seen), text(&here));
            return Err(Difference { step: number, op: step.op.clone(), otp, here });
        }
    }
    Ok(())
}

/// How a worker is told to end, by its path.
type Doors = Arc<Mutex<BTreeMap<String, oneshot::Sender<String>>>>;

struct Player {
    handle: SupervisorHandle,
    events: EventStream,
    doors: Doors,
    /// The paths that are supervisors.
    supervisors: BTreeSet<String>,
    trace: Vec<Value>,
}

impl Player {
    async fn init(program: &Program) -> (Self, Seen) {
        let doors = Doors::default();
        let mut at_once = PolicyPatch::NONE;
        at_once.backoff = Backoff::NONE.into();
        let mut root = supervisor("root", &program.sup).defaults(at_once);
        let mut supervisors = BTreeSet::new();
        for declared in &program.children {
            root = root.child(node(declared, &doors, &mut supervisors));
        }
        let mut builder = Supervisor::builder(root).event_capacity(4096);
        let events = builder.subscribe_events();
        let handle = builder.start().await.expect("every tree of the corpus starts");
        let mut player = Self { handle, events, doors, supervisors, trace: Vec::new() };
        let seen = player.seen("ok").await;
        (player, seen)
    }

    async fn step(&mut self, op: &[Value]) -> Seen {
        let word = |n: usize| op.get(n).and_then(Value::as_str).unwrap_or_default();
        let (name, path) = (word(0), word(1));
        let reply = match name {
            "exit" => self.exit(path, word(2)).await,
            "stop" => reply(&self.handle.stop_child(&full(path), "otp", "stop").await, "ok"),
            "restart" => reply(&self.handle.start_child(&full(path), "otp", "restart").await, "ok"),
            "delete" => reply(&self.handle.delete_child(&full(path), "otp", "delete").await, "ok"),
            "start" => {
                let script = op[3].as_array().cloned().unwrap_or_default();
                let script = script.iter().map(|word| word.as_str().unwrap_or_default().to_owned());
                let spec = worker(path, word(2), script.collect(), &self.doors);
                let outcome = self.handle.add_child("/root", spec, "otp", "start").await;
                let is_known = matches!(
                    outcome,
                    Err(SupervisorError::AlreadyStarted { .. }
                        | SupervisorError::AlreadyPresent { .. })
                );
                if !is_known {
                    self.supervisors.remove(path);
                }
                reply(&outcome, "ok")
            }
            "shutdown" => {
                let report = self.handle.shutdown_tree("otp", "shutdown").await;
                if report.is_ok() { "ok".to_owned() } else { format!("{report:?}") }
            }
            other => panic!("unknown operation {other}"),
        };
        self.seen(&reply).await
    }

    /// Tells a worker to end, if it is up, and waits until its supervisor knows.
    async fn exit(&mut self, path: &str, how: &str) -> String {
        let up = match self.handle.state_of(&full(path)).await {
            Ok(state) => state.lifecycle == Lifecycle::Up && !state.is_supervisor,
            Err(_) => false,
        };
        let door = self.doors.lock().expect("no player panics").remove(path);
        let Some(door) = door.filter(|_| up) else { return "not_running".to_owned() };
        door.send(how.to_owned()).expect("a worker that is up listens");
        loop {
            let event = self.events.next().await.expect("the end of a worker is an event");
            let is_it =
                matches!(event.kind, EventKind::Exited { .. }) && short(&event.path) == path;
            self.add_to_trace(&event);
            if is_it {
                return "ok".to_owned();
            }
        }
    }

    /// What can be seen once everything has come to rest.
    async fn seen(&mut self, reply: &str) -> Seen {
        self.handle.wait_until_settled().await.expect("the driver is there");
        while let Some(event) = self.events.try_next() {
            self.add_to_trace(&event);
        }
        let state = self.handle.current_state().await.expect("the driver is there");
        let alive = state.get("/root").is_some_and(|root| root.lifecycle == Lifecycle::Up);
        Seen {
            reply: reply.to_owned(),
            alive,
            trace: std::mem::take(&mut self.trace),
            children: if alive { children(&state, "/root") } else { Vec::new() },
        }
    }

    fn add_to_trace(&mut self, event: &Event) {
        let (path, generation) = (short(&event.path), event.generation.0);
        let is_supervisor = self.supervisors.contains(path);
        let line = match &event.kind {
            _ if event.path.is_root() => return,
            EventKind::Starting if is_supervisor => json!(["start_sup", path, generation]),
            EventKind::StartFailed { .. } if is_supervisor => {
                json!(["start_sup_failed", path, generation])
            }
            EventKind::Ready if !is_supervisor => json!(["start", path, generation, "ok"]),
            EventKind::StartFailed { .. } => json!(["start", path, generation, "fail"]),
            EventKind::StartIgnored => json!(["start", path, generation, "ignore"]),
            EventKind::Exited { exit } if !is_supervisor => {
                json!(["exit", path, generation, reason(exit)])
            }
            _ => return,
        };
        self.trace.push(line);
    }
}

fn supervisor(id: &str, flags: &Flags) -> SupervisorSpec {
    let strategy = match flags.strategy.as_str() {
        "one_for_one" => Strategy::OneForOne,
        "one_for_all" => Strategy::OneForAll,
        "rest_for_one" => Strategy::RestForOne,
        other => panic!("unknown strategy {other}"),
    };
    SupervisorSpec::new(id)
        .strategy(strategy)
        .intensity(flags.intensity, Duration::from_secs(flags.period_s))
        .meltdown(Meltdown::Shutdown)
}

fn node(child: &Child, doors: &Doors, supervisors: &mut BTreeSet<String>) -> NodeSpec {
    let Some(flags) = child.sup.as_ref().filter(|_| child.kind == "supervisor") else {
        return worker(&child.path, &child.restart, child.start_script.clone(), doors).into();
    };
    supervisors.insert(child.path.clone());
    let id = child.path.rsplit('/').next().unwrap_or_default();
    let mut spec = supervisor(id, flags).restart(restart(&child.restart));
    for inner in &child.children {
        spec = spec.child(node(inner, doors, supervisors));
    }
    spec.into()
}

/// A worker whose starts follow a script and that ends when it is told to.
fn worker(path: &str, restarts: &str, script: Vec<String>, doors: &Doors) -> ChildSpec {
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let (path, script, doors) = (path.to_owned(), Arc::new(script), Arc::clone(doors));
    let run = move |ctx: TaskContext| {
        let (path, script, doors) = (path.clone(), Arc::clone(&script), Arc::clone(&doors));
        async move {
            let attempt = usize::try_from(ctx.generation().0 - 1).expect("a small number");
            match script.get(attempt).map_or("ok", String::as_str) {
                "ok" => {}
                "ignore" => return Ok(TaskResult::Ignored),
                _ => return Err("the script says so"),
            }
            let (door, told) = oneshot::channel();
            doors.lock().expect("no player panics").insert(path, door);
            ctx.ready();
            match ctx.until_stopped(told).await {
                None => Ok(TaskResult::Succeeded),
                Some(Ok(how)) if how == "normal" => Ok(TaskResult::Succeeded),
                Some(Ok(how)) if how == "shutdown" => Ok(TaskResult::Shutdown),
                Some(_) => Err("it was told to fail"),
            }
        }
    };
    ChildSpec::new(id, service_fn(run)).restart(restart(restarts)).readiness(Readiness::Explicit)
}

fn restart(word: &str) -> Restart {
    match word {
        "permanent" => Restart::Permanent,
        "transient" => Restart::Transient,
        "temporary" => Restart::Temporary,
        other => panic!("unknown restart type {other}"),
    }
}

/// Our answer in the corpus's words.
fn reply(answer: &Result<CommandOutcome, SupervisorError>, ok: &str) -> String {
    match answer {
        Ok(outcome) if outcome.is_ignored => "ok_ignored",
        Ok(_) => ok,
        Err(SupervisorError::Running { .. }) => "running",
        Err(SupervisorError::AlreadyStarted { .. }) => "already_started",
        Err(SupervisorError::AlreadyPresent { .. }) => "already_present",
        Err(SupervisorError::StartFailed { .. }) => "start_failed",
        Err(SupervisorError::UnknownPath { path, known, .. }) => {
            if path.parent().as_ref() == Some(known) { "not_found" } else { "noproc" }
        }
        Err(SupervisorError::SupervisorDown { .. } | SupervisorError::NotASupervisor { .. }) => {
            "noproc"
        }
        Err(other) => return format!("{other:?}"),
    }
    .to_owned()
}

fn reason(exit: &Exit) -> &'static str {
    match exit {
        Exit::Succeeded => "normal",
        Exit::Failed(_) => "error",
        exit => exit.word(),
    }
}

fn children(state: &TreeState, path: &str) -> Vec<Value> {
    let row = |child: &ChildState| {
        let name = short(&child.path);
        if child.lifecycle == Lifecycle::Up {
            json!([name, "up", child.generation.0, children(state, child.path.as_str())])
        } else {
            json!([name, "down", 0, []])
        }
    };
    state.children_of(path).map(row).collect()
}

fn full(path: &str) -> String {
    format!("/root/{path}")
}

fn short(path: &ChildPath) -> &str {
    path.as_str().strip_prefix("/root/").unwrap_or_default()
}
