//! The real supervisor, doing what the model does: its runs follow the same scripts, on a clock
//! that stands still.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::outcome::CommandOutcome;
use rust_supervisor::control::stream::EventStream;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::EventKind;
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::dependency::{OnDependencyRestart, StartMode};
use rust_supervisor::policy::failure::{OnLimit, TaskFailureKind};
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass};
use rust_supervisor::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::NodeSpec;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::{ChildState, Lifecycle, TreeState};
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::{Exit, TaskFailure};
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use rust_supervisor::task::result::TaskResult;
use supervisor_model::spec::{self as said, Attempt, Body, Luggage, Manner};
use supervisor_model::{Answer, Command, Verb};
use supervisor_tests::{BY, WHY, drain, ms};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::seen::{Line, Row, Seen};
use crate::threads::{self, Threads};

/// How often everybody else has had a turn without anything new, before it is taken that nothing
/// more happens at this moment.
const QUIET_TURNS: usize = 6;

type Doors = Arc<Mutex<BTreeMap<String, oneshot::Sender<supervisor_model::Exit>>>>;
/// The runs of each child, the latest last.
type Contexts = Arc<Mutex<BTreeMap<String, Vec<TaskContext>>>>;

/// What the runs and those who play with them share.
#[derive(Clone, Default)]
struct Stage {
    doors: Doors,
    contexts: Contexts,
    lives: Lives,
    threads: Threads,
}

/// How much of each child is alive: its futures, and what they have spawned (L30).
type Lives = Arc<Mutex<BTreeMap<String, usize>>>;

/// A part of a run that is alive.
struct Life {
    path: String,
    lives: Lives,
    is_bomb: bool,
}

impl Life {
    fn new(path: &str, stage: &Stage, is_bomb: bool) -> Self {
        let mut lives = stage.lives.lock().unwrap_or_else(PoisonError::into_inner);
        *lives.entry(path.to_owned()).or_default() += 1;
        Self { path: path.to_owned(), lives: Arc::clone(&stage.lives), is_bomb }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        *lives.entry(self.path.clone()).or_default() -= 1;
        drop(lives);
        if self.is_bomb && !std::thread::panicking() {
            panic_silently();
        }
    }
}

/// A future whose destructor does something after it has given its result.
struct Mortal {
    future: Pin<Box<dyn Future<Output = TaskResult> + Send>>,
    _life: Life,
}

impl Future for Mortal {
    type Output = TaskResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TaskResult> {
        self.future.as_mut().poll(cx)
    }
}

/// Says nothing on stderr.
fn panic_silently() -> ! {
    std::panic::resume_unwind(Box::new("told to"))
}

type Answers = Arc<Mutex<Vec<(usize, Answer)>>>;

pub(crate) struct Real {
    runtime: Runtime,
    /// `None`: the tree did not start.
    handle: Option<SupervisorHandle>,
    events: EventStream,
    stage: Stage,
    answers: Answers,
}

impl Real {
    pub(crate) fn start(root: &said::Flags) -> (Self, Seen) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let stage = Stage::default();
        let mut builder = runtime.block_on(async {
            let budget = ms(root.budget.unwrap_or(100_000_000));
            let mut spec = supervisor("root", root, &stage).shutdown_budget(budget);
            if let Some(wait) = root.abort_wait_of_all {
                spec = spec.abort_wait(ms(wait));
            }
            Supervisor::builder(spec).event_capacity(4096).seed(1)
        });
        let events = builder.subscribe_events();
        let starting = Arc::new(Mutex::new(None));
        let started = Arc::clone(&starting);
        let mut real = Self { runtime, handle: None, events, stage, answers: Answers::default() };
        real.runtime.spawn(async move {
            let result = builder.start().await;
            *started.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        });
        let mut seen = real.seen();
        let handle = starting.lock().unwrap_or_else(PoisonError::into_inner).take();
        match handle.expect("the children of a generated tree are up at once") {
            Ok(handle) => real.handle = Some(handle),
            Err(SupervisorError::TreeStart { .. }) => {}
            Err(other) => panic!("no tree: {other}"),
        }
        let later = real.seen();
        seen.lines.extend(later.lines);
        (real, Seen { lines: seen.lines, ..later })
    }

    pub(crate) fn wait(&mut self, millis: u64) -> Seen {
        self.runtime.block_on(async { tokio::time::sleep(ms(millis)).await });
        self.seen()
    }

    pub(crate) fn tell_thread(&mut self, path: &str, how: supervisor_model::Exit) -> Seen {
        self.stage.threads.end(path, how);
        self.seen()
    }

    pub(crate) fn tell(&mut self, whom: &[(String, supervisor_model::Exit)]) -> Seen {
        let doors = Arc::clone(&self.stage.doors);
        // Inside, where who is woken first is polled first.
        self.runtime.block_on(async {
            let mut doors = doors.lock().unwrap_or_else(PoisonError::into_inner);
            for (path, how) in whom {
                let helper = Some(helper_door(path)).filter(|door| {
                    *how == supervisor_model::Exit::Panicked && doors.contains_key(door)
                });
                if let Some(door) = doors.remove(helper.as_ref().unwrap_or(path)) {
                    let _gone = door.send(*how);
                }
            }
        });
        self.seen()
    }

    pub(crate) fn command(&mut self, number: usize, command: &Command) -> Seen {
        let answers = Arc::clone(&self.answers);
        let Some(handle) = self.handle.clone() else { return self.seen() };
        let (command, stage) = (command.clone(), self.stage.clone());
        self.runtime.spawn(async move {
            let is_end = matches!(command.verb, Verb::Shutdown | Verb::ShutdownNow);
            let outcome = ask(handle, command, stage).await;
            if !is_end {
                let answer = answer(&outcome);
                answers.lock().unwrap_or_else(PoisonError::into_inner).push((number, answer));
            }
        });
        self.seen()
    }

    /// Asks, and goes away at once (L32, L46).
    pub(crate) fn dropped_command(&mut self, command: &Command) -> Seen {
        let Some(handle) = self.handle.clone() else { return self.seen() };
        let (command, stage) = (command.clone(), self.stage.clone());
        self.runtime.spawn(async move {
            tokio::select! {
                biased;
                _ = ask(handle, command, stage) => {}
                () = std::future::ready(()) => {}
            }
        });
        self.seen()
    }

    pub(crate) fn beat(&mut self, path: &str) -> Seen {
        let contexts = self.stage.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = self.runtime.enter();
        if let Some(context) = contexts.get(path).and_then(|runs| runs.last()) {
            context.heartbeat();
        }
        drop((inside, contexts));
        self.seen()
    }

    /// L31: only runs that are over; what one that lives says counts.
    pub(crate) fn late_word(&mut self, path: &str) -> Seen {
        let is_over = |path: &str| {
            let lives = self.stage.lives.lock().unwrap_or_else(PoisonError::into_inner);
            lives.get(path) == Some(&0)
        };
        let contexts = self.stage.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = contexts.get(path).map_or(&[][..], Vec::as_slice);
        // All but the latest are over, and whichever was never ready says it for the first time.
        let over =
            if is_over(path) { runs } else { runs.split_last().map_or(runs, |(_, over)| over) };
        let inside = self.runtime.enter();
        for context in over {
            context.ready();
            context.heartbeat();
            context.spawn(async { unreachable!("it is over") });
        }
        drop(inside);
        drop(contexts);
        self.seen()
    }

    /// Lets everything happen that needs no time, and says what did.
    fn seen(&mut self) -> Seen {
        let Self { runtime, handle, events, answers, .. } = self;
        runtime.block_on(async {
            let mut lines = Vec::new();
            let mut quiet = 0;
            while quiet < QUIET_TURNS {
                tokio::task::yield_now().await;
                let new = drain(events);
                quiet = if new.is_empty() { quiet + 1 } else { 0 };
                lines.extend(new.iter().filter_map(|event| {
                    let at = u64::try_from(event.uptime.as_millis()).expect("a short test");
                    line(&event.path, event.generation.0, at, &event.kind)
                }));
            }
            assert_eq!(events.missed(), 0, "the stream of events is long enough");
            let mut answers =
                std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
            answers.sort_unstable_by_key(|&(number, _)| number);
            let mut rows = Vec::new();
            let mut is_over = true;
            if let Some(handle) = handle {
                let state = handle.current_state().await.expect("the driver is there");
                is_over = !state.get("/root").is_some_and(|root| root.lifecycle.is_live());
                if !is_over {
                    rows_below(&state, "/root", &mut rows);
                }
            }
            let (is_ending, is_forced, cut) = (is_over, false, Vec::new());
            Seen { lines, answers, rows, is_over, is_ending, is_forced, cut }
        })
    }
}

fn rows_below(state: &TreeState, path: &str, rows: &mut Vec<Row>) {
    for child in state.children_of(path) {
        rows.push(row(child));
        if child.is_supervisor && child.lifecycle.is_live() {
            rows_below(state, child.path.as_str(), rows);
        }
    }
}

fn row(child: &ChildState) -> Row {
    let is_due = matches!(child.lifecycle, Lifecycle::Restarting | Lifecycle::Quarantined);
    Row {
        path: child.path.as_str().to_owned(),
        life: child.lifecycle.to_string(),
        generation: child.generation.0,
        used: child
            .intensity
            .filter(|_| child.lifecycle.is_live())
            .map(|limit| limit.used as usize),
        own_used: child.limits.iter().map(|limit| limit.used as usize).collect(),
        due: child
            .due
            .filter(|_| is_due)
            .map(|due| u64::try_from(due.as_millis()).expect("a short test")),
    }
}

fn line(path: &ChildPath, generation: u64, at: u64, kind: &EventKind) -> Option<Line> {
    let is_about_root = matches!(
        kind,
        EventKind::Meltdown { .. }
            | EventKind::AutoShutdown { .. }
            | EventKind::ShutdownForced { .. }
    );
    if path.is_root() && !is_about_root {
        return None;
    }
    let exit = |exit: &Exit| exit.word();
    let what = match kind {
        EventKind::Starting => "starting".to_owned(),
        EventKind::Ready => "ready".to_owned(),
        EventKind::StartFailed { exit: how } => format!("start_failed {}", exit(how)),
        EventKind::StartIgnored => "start_ignored".to_owned(),
        EventKind::Exited { exit: how } => format!("exited {}", exit(how)),
        EventKind::StopRequested => "stop_requested".to_owned(),
        EventKind::Unjoinable => "unjoinable".to_owned(),
        EventKind::Aborted => "aborted".to_owned(),
        EventKind::Probing => "probing".to_owned(),
        EventKind::Meltdown { .. } => "meltdown".to_owned(),
        EventKind::AutoShutdown { .. } => "auto_shutdown".to_owned(),
        EventKind::ShutdownForced { .. } => "forced".to_owned(),
        EventKind::Added => "added".to_owned(),
        _ => return None,
    };
    Some(Line { at, path: path.as_str().to_owned(), generation, what })
}

fn answer(outcome: &Result<CommandOutcome, SupervisorError>) -> Answer {
    match outcome {
        Ok(outcome) if outcome.is_ignored => Answer::OkIgnored,
        Ok(_) => Answer::Ok,
        Err(SupervisorError::Running { .. }) => Answer::Running,
        Err(SupervisorError::Restarting { .. }) => Answer::Restarting,
        Err(SupervisorError::Waiting { .. }) => Answer::Waiting,
        Err(SupervisorError::Paused { .. }) => Answer::Paused,
        Err(SupervisorError::Quarantined { .. }) => Answer::Quarantined,
        Err(SupervisorError::AlreadyStarted { .. }) => Answer::AlreadyStarted,
        Err(SupervisorError::AlreadyPresent { .. }) => Answer::AlreadyPresent,
        Err(SupervisorError::StartFailed { .. }) => Answer::StartFailed,
        Err(SupervisorError::Stopped { .. }) => Answer::Stopped,
        Err(SupervisorError::Removed { .. }) => Answer::Removed,
        Err(SupervisorError::Unjoinable { .. }) => Answer::Unjoinable,
        Err(SupervisorError::ShuttingDown) => Answer::ShuttingDown,
        Err(SupervisorError::SupervisorDown { .. }) => Answer::SupervisorDown,
        Err(SupervisorError::NotASupervisor { .. }) => Answer::NotASupervisor,
        Err(SupervisorError::UnknownPath { path, known, .. }) => {
            if path.parent().as_ref() == Some(known) {
                Answer::NotFound
            } else {
                Answer::NoSupervisor
            }
        }
        Err(other) => panic!("the model knows no `{other}`"),
    }
}

fn supervisor(id: &str, flags: &said::Flags, stage: &Stage) -> SupervisorSpec {
    inside(SupervisorSpec::new(id), &format!("/{id}"), flags, stage)
}

fn inside(spec: SupervisorSpec, path: &str, flags: &said::Flags, stage: &Stage) -> SupervisorSpec {
    let max = u32::try_from(flags.intensity.max).expect("a small number");
    if flags.is_pool {
        let spec = spec.intensity(max, ms(flags.intensity.within));
        return if flags.meltdown_is_abnormal { spec } else { spec.meltdown(Meltdown::Shutdown) };
    }
    let mut spec = spec
        .strategy(match flags.strategy {
            said::Strategy::OneForOne => Strategy::OneForOne,
            said::Strategy::OneForAll => Strategy::OneForAll,
            said::Strategy::RestForOne => Strategy::RestForOne,
        })
        .start(match flags.start {
            said::Order::Sequential => StartMode::Sequential,
            said::Order::Parallel => StartMode::Parallel,
        })
        .intensity(max, ms(flags.intensity.within))
        .auto_shutdown(match flags.auto_shutdown {
            said::AutoShutdown::Never => AutoShutdown::Never,
            said::AutoShutdown::Any => AutoShutdown::AnySignificant,
            said::AutoShutdown::All => AutoShutdown::AllSignificant,
        });
    if path != "/root" && !flags.meltdown_is_abnormal {
        spec = spec.meltdown(Meltdown::Shutdown);
    }
    flags.children.iter().fold(spec, |spec, child| spec.child(node(child, stage, path)))
}

/// A macro, because tasks and supervisors have the same methods and no trait.
macro_rules! policies {
    ($spec:expr, $child:expr) => {{
        let (mut spec, child) = ($spec, $child);
        spec = spec.restart(match child.restart {
            said::Restart::Permanent => Restart::Permanent,
            said::Restart::Transient => Restart::Transient,
            said::Restart::Temporary => Restart::Temporary,
        });
        if child.restart != said::Restart::Temporary {
            let said::Backoff { initial, max, factor, reset_after } = child.backoff;
            let factor = f64::from(u32::try_from(factor).expect("a small number"));
            let backoff = Backoff::new(ms(initial), ms(max)).factor(factor).jitter(0.0);
            spec = spec.backoff(backoff.reset_after(ms(reset_after)));
            spec = spec.on_limit(match child.on_limit {
                said::OnLimit::Quarantine => OnLimit::Quarantine,
                said::OnLimit::Escalate => OnLimit::Escalate,
                said::OnLimit::Stop => OnLimit::Stop,
                said::OnLimit::ShutdownTree => OnLimit::ShutdownTree,
            });
        }
        if let Some(said::Limit { max, within }) = child.limit {
            spec = spec.restart_limit(u32::try_from(max).expect("a small number"), ms(within));
        }
        for said::OfClass { class, backoff, limit } in &child.classes {
            let class = match class {
                said::Class::Recoverable => FailureClass::Recoverable,
                said::Class::External => FailureClass::ExternalDependency,
                said::Class::Timeout => FailureClass::Timeout,
                said::Class::Panic => FailureClass::Panic,
                said::Class::Fatal => unreachable!("it is never retried"),
            };
            let mut patch = ClassPatch::NONE;
            if let Some(said::Backoff { initial, max, factor, reset_after }) = *backoff {
                let factor = f64::from(u32::try_from(factor).expect("a small number"));
                let backoff = Backoff::new(ms(initial), ms(max)).factor(factor).jitter(0.0);
                patch = patch.backoff(backoff.reset_after(ms(reset_after)).into());
            }
            if let Some(said::Limit { max, within }) = *limit {
                patch =
                    patch.restart_limit(u32::try_from(max).expect("a small number"), ms(within));
            }
            spec = spec.on_failure(class, patch);
        }
        if let Some(wait) = child.probe_after {
            spec = spec.probe_after(ms(wait));
        }
        if child.significant {
            spec = spec.significant();
        }
        for path in &child.depends_on {
            spec = spec.depends_on(path.as_str());
        }
        if child.on_dependency_restart == said::OnDependencyRestart::Restart {
            spec = spec.on_dependency_restart(OnDependencyRestart::Restart);
        }
        spec
    }};
}

fn node(child: &said::Child, stage: &Stage, parent: &str) -> NodeSpec {
    let path = format!("{parent}/{}", child.id);
    match &child.body {
        Body::Supervisor(flags) => {
            let id = &*child.id;
            let spec =
                if flags.is_pool { SupervisorSpec::pool(id) } else { SupervisorSpec::new(id) };
            let mut spec = inside(spec, &path, flags, stage);
            if let Some(grace) = child.grace {
                spec = spec.grace(Grace::After(ms(grace)));
            }
            if let Some(wait) = flags.abort_wait_of_all {
                spec = spec.abort_wait(ms(wait));
            }
            policies!(spec, child).into()
        }
        Body::Thread => {
            let task = threads::task(path, &stage.threads);
            let grace = ms(child.grace.expect("a thread is not waited for for ever"));
            let spec = ChildSpec::new(&*child.id, task)
                .grace(Grace::After(grace))
                .abort_wait(ms(child.abort_wait));
            policies!(spec, child).into()
        }
        Body::Task { attempts, manner, luggage } => {
            let task = task(path, attempts.clone(), *manner, *luggage, stage);
            let mut spec = ChildSpec::new(&*child.id, task).readiness(Readiness::Explicit);
            if let Some(timeout) = child.start_timeout {
                spec = spec.start_timeout(ms(timeout));
            }
            if let Some(wait) = child.stale_after {
                spec = spec.health(ms(wait / 3), ms(wait));
            }
            if let Some(grace) = child.grace {
                spec = spec.grace(Grace::After(ms(grace)));
            }
            policies!(spec, child).into()
        }
    }
}

/// A run that follows its script, as `world.rs` of the model has it.
fn task(
    path: String,
    attempts: Vec<Attempt>,
    manner: Manner,
    luggage: Luggage,
    stage: &Stage,
) -> TaskFactory {
    let (stage, path) = (stage.clone(), Arc::<str>::from(path));
    service_fn(move |ctx: TaskContext| {
        let nth = usize::try_from(ctx.generation().0 - 1).expect("a small number");
        let attempt = attempts.get(nth).copied().unwrap_or(Attempt::Ok);
        let alive = stage.lives.lock().unwrap_or_else(PoisonError::into_inner).get(&*path).copied();
        assert!(alive.is_none_or(|alive| alive == 0), "an earlier run of {path} is alive");
        // No door leads to an earlier run.
        let mut doors = stage.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors.retain(|door, _| **door != *path && *door != helper_door(&path));
        drop(doors);
        if attempt == Attempt::Broken {
            panic_silently();
        }
        let life = Life::new(&path, &stage, luggage == Luggage::Bomb);
        let mut contexts = stage.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.entry(path.to_string()).or_default().push(ctx.clone());
        let run = run(ctx, attempt, manner, luggage, stage.clone());
        Mortal { future: Box::pin(run), _life: life }
    })
}

fn helper_door(path: &str) -> String {
    format!("{path}!")
}

async fn run(
    ctx: TaskContext,
    attempt: Attempt,
    manner: Manner,
    luggage: Luggage,
    stage: Stage,
) -> TaskResult {
    let path = ctx.path().as_str().to_owned();
    match attempt {
        Attempt::Ok | Attempt::Broken => {}
        Attempt::Fail => return failed(TaskFailureKind::Recoverable),
        Attempt::Unavailable => return failed(TaskFailureKind::ExternalDependency),
        Attempt::Fatal => return failed(TaskFailureKind::FatalConfig),
        Attempt::Ignore => return TaskResult::Ignored,
        Attempt::Slow(millis) => {
            if !ctx.sleep(ms(millis)).await {
                return leave(manner).await;
            }
        }
        Attempt::Hang => {
            ctx.stopped().await;
            return leave(manner).await;
        }
    }
    let door = |name: String| {
        let (door, told) = oneshot::channel();
        stage.doors.lock().unwrap_or_else(PoisonError::into_inner).insert(name, door);
        told
    };
    let told = door(path.clone());
    if luggage == Luggage::Helper {
        let told = door(helper_door(&path));
        let life = Life::new(&path, &stage, false);
        ctx.spawn(async move {
            let _life = life;
            if told.await.is_ok() {
                panic_silently();
            }
            std::future::pending::<()>().await;
        });
    }
    ctx.ready();
    tokio::select! {
        biased;
        () = ctx.stopped() => leave(manner).await,
        how = told => match how {
            Ok(how) => end(how),
            // Its helper was told in its place.
            Err(_) => std::future::pending().await,
        },
    }
}

/// Does what is asked for.
async fn ask(
    handle: SupervisorHandle,
    Command { path, verb }: Command,
    stage: Stage,
) -> Result<CommandOutcome, SupervisorError> {
    match verb {
        Verb::Add(child) => handle.add_child(&*path, node(&child, &stage, &path), BY, WHY).await,
        Verb::Start => handle.start_child(&*path, BY, WHY).await,
        Verb::Stop => handle.stop_child(&*path, BY, WHY).await,
        Verb::Restart => handle.restart_child(&*path, BY, WHY).await,
        Verb::Delete => handle.delete_child(&*path, BY, WHY).await,
        Verb::Remove => handle.remove_child(&*path, BY, WHY).await,
        Verb::Pause => handle.pause_child(&*path, BY, WHY).await,
        Verb::Quarantine => handle.quarantine_child(&*path, BY, WHY).await,
        Verb::Resume => handle.resume_child(&*path, BY, WHY).await,
        Verb::ResetBudget => handle.reset_budget(&*path, BY, WHY).await,
        Verb::Shutdown => {
            drop(handle.shutdown_tree(BY, WHY).await);
            Err(SupervisorError::ShuttingDown)
        }
        Verb::ShutdownNow => {
            drop(handle.shutdown_now(BY, WHY).await);
            Err(SupervisorError::ShuttingDown)
        }
    }
}

async fn leave(manner: Manner) -> TaskResult {
    match manner {
        Manner::Obedient => {}
        Manner::Late(millis) => tokio::time::sleep(ms(millis)).await,
        Manner::Deaf => std::future::pending().await,
    }
    TaskResult::Succeeded
}

/// Ends as it is told to.
pub(crate) fn end(how: supervisor_model::Exit) -> TaskResult {
    match how {
        supervisor_model::Exit::Succeeded => TaskResult::Succeeded,
        supervisor_model::Exit::Shutdown => TaskResult::Shutdown,
        supervisor_model::Exit::Failed(class) => failed(kind(class)),
        _ => panic_silently(),
    }
}

fn kind(class: said::Class) -> TaskFailureKind {
    match class {
        said::Class::Recoverable => TaskFailureKind::Recoverable,
        said::Class::External => TaskFailureKind::ExternalDependency,
        said::Class::Timeout => TaskFailureKind::Timeout,
        said::Class::Panic => TaskFailureKind::Panic,
        said::Class::Fatal => TaskFailureKind::FatalBug,
    }
}

fn failed(kind: TaskFailureKind) -> TaskResult {
    TaskResult::Failed(TaskFailure::new(kind, "told to"))
}
