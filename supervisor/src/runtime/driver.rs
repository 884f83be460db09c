//! The loop: it turns what happens into inputs and does what the actions say.
//!
//! The driver holds no policy. Every `if` about restarting, stopping or waiting is in `core`.

use std::collections::{BTreeSet, HashMap};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::SystemTime;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until};

#[cfg(feature = "audit")]
use super::gate::{Gate, subject};
use super::mailbox::{End, LastState, Message, Query, Shared};
use super::runs::Runs;
#[cfg(feature = "audit")]
use crate::audit::AuditError;
use crate::control::command::{Command, Reply};
use crate::core::action::{Action, Fact};
use crate::core::engine::Engine;
use crate::core::input::Input;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::core::view::Snapshot;
use crate::error::types::{ExitError, SupervisorError};
use crate::event::{Event, EventKind};
use crate::id::{ChildPath, CommandId};
#[cfg(all(feature = "ipc", unix))]
use crate::ipc::{server::Serving, target::Ended};
use crate::observe::log::log;
use crate::observe::meter::Meter;
use crate::policy::decision::Rule;
#[cfg(feature = "record")]
use crate::record::recorder::Recorder;
use crate::report::EndCause;
use crate::state::ChildState;
use crate::summary::{RunSummary, SummaryCause};
use crate::why::Why;

/// How many inputs are taken in before other tasks have their turn.
const BATCH: usize = 128;

/// How many inputs are taken in at most at what counts as one moment. A look at a clock costs as
/// much as a small decision.
const MOMENT: usize = 16;

/// What the driver turns to.
enum Turn {
    Message(Message),
    /// Runs were spawned, which nobody has been told.
    Spawned,
    /// The time has come for something.
    Due,
}

pub(super) struct Driver {
    engine: Engine,
    runs: Runs,
    shared: Arc<Shared>,
    inbox: mpsc::UnboundedReceiver<Message>,
    events: broadcast::Sender<Arc<Event>>,
    clock: Clock,
    timer: Option<(Uptime, Pin<Box<Sleep>>)>,
    replies: HashMap<CommandId, oneshot::Sender<Reply>>,
    settling: Vec<oneshot::Sender<()>>,
    started: Option<oneshot::Sender<Result<(), SupervisorError>>>,
    meter: Meter,
    has_told_the_end: bool,
    last_command: u64,
    /// What has happened since the latest input that calls for a summary.
    to_summarize: Vec<(ChildPath, SummaryCause)>,
    has_ended: bool,
    /// Since it last gave way.
    has_started_runs: bool,
    /// How the tree has ended, until that is told.
    outcome: Option<End>,
    #[cfg(feature = "audit")]
    gate: Option<Gate>,
    #[cfg(feature = "record")]
    recorder: Option<Recorder>,
    #[cfg(all(feature = "ipc", unix))]
    socket: Option<Serving>,
}

impl Driver {
    pub(super) fn new(
        engine: Engine,
        shared: Arc<Shared>,
        inbox: mpsc::UnboundedReceiver<Message>,
        events: broadcast::Sender<Arc<Event>>,
        started: oneshot::Sender<Result<(), SupervisorError>>,
    ) -> Self {
        let epoch = Instant::now();
        let meter = if shared.is_measured { Meter::new() } else { Meter::off() };
        Self {
            engine,
            runs: Runs::new(Arc::clone(&shared), epoch),
            shared,
            inbox,
            events,
            clock: Clock { epoch, now: Uptime::ZERO, at: None },
            timer: None,
            replies: HashMap::new(),
            settling: Vec::new(),
            started: Some(started),
            meter,
            has_told_the_end: false,
            last_command: 0,
            to_summarize: Vec::new(),
            has_ended: false,
            has_started_runs: false,
            outcome: None,
            #[cfg(feature = "audit")]
            gate: None,
            #[cfg(feature = "record")]
            recorder: None,
            #[cfg(all(feature = "ipc", unix))]
            socket: None,
        }
    }

    /// The same, with a socket that is gone before the end of the tree is told.
    #[cfg(all(feature = "ipc", unix))]
    pub(super) fn reached_over(mut self, socket: Option<Serving>) -> Self {
        self.socket = socket;
        self
    }

    /// The same, with everything it does in a file.
    #[cfg(feature = "record")]
    pub(super) fn recorded(mut self, recorder: Option<Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// The same, with an audit that every command goes through.
    #[cfg(feature = "audit")]
    pub(super) fn audited(mut self, gate: Option<Gate>) -> Self {
        self.gate = gate;
        self
    }

    /// Drives the tree until it has ended.
    pub(super) async fn run(mut self) {
        let mut out = Vec::new();
        self.clock.look();
        self.handle(Input::Start, &mut out);
        let mut waiting = 0;
        loop {
            self.answer_if_settled();
            self.meter.turn(waiting, &self.engine);
            if self.has_ended {
                #[cfg(feature = "audit")]
                if let Some(gate) = &mut self.gate {
                    gate.close().await;
                }
                #[cfg(feature = "record")]
                if let Some(recorder) = &self.recorder {
                    recorder.flush().await;
                }
                #[cfg(all(feature = "ipc", unix))]
                if let (Some(socket), Some(End::Report { last, .. })) =
                    (self.socket.take(), &self.outcome)
                {
                    socket.end(Ended { state: last.tree() }).await;
                }
                // Dropping the driver tells the end.
                return;
            }
            // `shared` holds a sender, so the mailbox is never closed.
            let Some(turn) = self.next_turn().await else { return };
            waiting = self.inbox.len();
            self.clock.look();
            match turn {
                Turn::Message(message) => self.receive(message, &mut out),
                Turn::Due => {
                    self.timer = None;
                    self.handle(Input::Tick, &mut out);
                }
                Turn::Spawned => {}
            }
            let is_more = self.take_in_waiting(&mut out);
            // However much there is to take in, what is due is not put off by it.
            if self.engine.next_deadline().is_some_and(|due| due <= self.clock.look()) {
                self.handle(Input::Tick, &mut out);
            }
            if is_more || std::mem::take(&mut self.has_started_runs) {
                give_way().await;
            }
        }
    }

    /// Waits for what comes next, if nothing is there.
    async fn next_turn(&mut self) -> Option<Turn> {
        if self.runs.to_announce() > 0 {
            return Some(Turn::Spawned);
        }
        self.set_timer();
        let message = match &mut self.timer {
            None => self.inbox.recv().await,
            Some((_, timer)) => tokio::select! {
                biased;
                message = self.inbox.recv() => message,
                () = timer.as_mut() => return Some(Turn::Due),
            },
        };
        message.map(Turn::Message)
    }

    /// Takes in what is waiting, up to a batch, and says whether that was not all. Those that were
    /// spawned and those who send messages have their turn one after the other, so that however
    /// many start, nobody is shut out.
    fn take_in_waiting(&mut self, out: &mut Vec<Action>) -> bool {
        for n in 1..=BATCH {
            if self.has_ended {
                return false;
            }
            let message = self.inbox.try_recv().ok();
            if message.is_none() && self.runs.to_announce() == 0 {
                return false;
            }
            if n % MOMENT == 0 {
                self.clock.look();
            }
            if let Some(message) = message {
                self.receive(message, out);
            }
            if let Some(run) = self.runs.next_spawned() {
                self.handle(Input::Spawned(run), out);
            }
        }
        true
    }

    /// Says that a run was spawned, before what it says itself.
    fn announce(&mut self, run: RunKey, out: &mut Vec<Action>) {
        if self.runs.announce(run) {
            self.handle(Input::Spawned(run), out);
        }
    }

    fn receive(&mut self, message: Message, out: &mut Vec<Action>) {
        match message {
            Message::Ended(run, end) => {
                self.announce(run, out);
                self.runs.ended(run);
                self.handle(Input::Ended(run, end), out);
            }
            Message::Ready(run) => {
                self.announce(run, out);
                self.handle(Input::Ready(run), out);
            }
            Message::HelperPanicked(run) => self.runs.abort(run),
            #[cfg(any(feature = "audit", feature = "record"))]
            Message::News(news) => self.handle(Input::News(news), out),
            Message::Command(command, reply) => self.command(command, reply, out),
            #[cfg(feature = "audit")]
            Message::Audited(id, written) => self.audited_command(id, written, out),
            // A query whose asker has gone away is answered to nobody.
            Message::Query(Query::State(reply)) => {
                drop(reply.send(self.snapshot()));
            }
            Message::Query(Query::StateOf(path, reply)) => {
                let now = self.clock.look();
                let mut state = self.engine.at(now).state_at(&path);
                if let Ok(child) = &mut state {
                    self.hear(child);
                }
                drop(reply.send(state));
            }
            Message::Query(Query::Why(path, reply)) => {
                let now = self.clock.look();
                let above = std::iter::successors(path.parent(), ChildPath::parent);
                let state = self.engine.at(now).state_at(&path);
                let engine = &self.engine;
                let why = state.map(|mut state| {
                    self.hear(&mut state);
                    let above = above.filter_map(|path| engine.state_at(&path).ok()).collect();
                    Why::new(now.0, state, above)
                });
                drop(reply.send(why));
            }
            #[cfg(all(feature = "ipc", unix))]
            Message::Query(Query::Rows(paths, reply)) => {
                drop(reply.send(self.rows(&paths)));
            }
            Message::Query(Query::Settled(reply)) => {
                if self.settling.len() == self.settling.capacity() {
                    self.settling.retain(|reply| !reply.is_closed());
                }
                self.settling.push(reply);
            }
        }
    }

    fn command(&mut self, command: Command, reply: oneshot::Sender<Reply>, out: &mut Vec<Action>) {
        // seen by: cargo test -p supervisor-tests --test cancel_safety
        let is_in_vain = matches!(command, Command::Do(..)) && reply.is_closed();
        if is_in_vain && cfg!(plant_bug = "nothing_done_for_who_is_gone") {
            return;
        }
        self.last_command += 1;
        let id = CommandId(self.last_command);
        // An end is answered by the end itself.
        if !matches!(command, Command::Shutdown(_) | Command::ShutdownNow(_)) {
            if self.replies.len() == self.replies.capacity() {
                self.forget_abandoned(out);
            }
            self.replies.insert(id, reply);
        }
        #[cfg(feature = "audit")]
        let Some(command) = self.through_the_gate(id, command) else { return };
        self.handle(Input::Command(id, command), out);
    }

    /// Lets go of answers that nobody waits for. Looked for when there is no room left, so that it
    /// costs next to nothing, and those who wait again and again for what never comes do not pile
    /// up.
    fn forget_abandoned(&mut self, out: &mut Vec<Action>) {
        let is_closed =
            |(id, reply): (&CommandId, &oneshot::Sender<Reply>)| reply.is_closed().then_some(*id);
        let ids: BTreeSet<_> = self.replies.iter().filter_map(is_closed).collect();
        if !ids.is_empty() {
            self.replies.retain(|id, _| !ids.contains(id));
            self.handle(Input::Abandoned(ids), out);
        }
    }

    fn handle(&mut self, input: Input, out: &mut Vec<Action>) {
        if self.has_ended {
            return;
        }
        let now = self.clock.now;
        let mut pulses = Vec::new();
        #[cfg(feature = "record")]
        let pending = self.recorder.as_ref().map(|_| Recorder::before(now, &input));
        self.engine.handle(now, input, out);
        #[cfg(feature = "record")]
        if let (Some(recorder), Some(pending)) = (&self.recorder, pending) {
            recorder.after(pending, &self.engine, out);
        }
        for action in out.drain(..) {
            match action {
                Action::Start(run) => {
                    let Some((path, plan)) = self.engine.run(run) else { continue };
                    self.runs.start(run, path, &plan.task);
                    self.has_started_runs = true;
                }
                Action::Cancel(run) => self.runs.cancel(run),
                Action::Abort(run) => self.runs.abort(run),
                Action::CheckPulse(run) => pulses.push((run, self.runs.last_heartbeat(run))),
                Action::Reply(id, reply) => self.reply(id, reply),
                Action::Note(fact) => {
                    log(&fact);
                    self.meter.fact(now, &fact);
                    self.to_summarize.extend(worth_a_summary(&fact));
                    #[cfg(feature = "audit")]
                    self.accept(&fact);
                    stamp(&mut self.clock, fact, &self.shared, &self.events);
                }
                Action::Up => {
                    if let Some(started) = self.started.take() {
                        drop(started.send(Ok(())));
                    }
                }
                Action::End => self.has_ended = true,
            }
        }
        if self.engine.has_begun_to_end() && !self.has_told_the_end {
            self.has_told_the_end = true;
            self.shared.is_ending.send_replace(true);
        }
        for (scope, cause) in std::mem::take(&mut self.to_summarize) {
            self.summarize(now, scope, cause);
        }
        if self.has_ended {
            self.end();
        }
        for (run, last) in pulses {
            self.handle(Input::Pulse { run, last }, out);
        }
    }

    /// The whole tree, with what the runs know of their own heartbeats.
    fn snapshot(&mut self) -> Snapshot {
        let now = self.clock.look();
        let mut snapshot = self.engine.at(now).snapshot();
        for run in snapshot.watched() {
            if let Some(at) = self.runs.last_heartbeat(run) {
                snapshot.hear(run, at);
            }
        }
        snapshot
    }

    /// Some children at one moment.
    #[cfg(all(feature = "ipc", unix))]
    fn rows(&mut self, paths: &[ChildPath]) -> crate::control::handle::look::Rows {
        let now = self.clock.look();
        let engine = self.engine.at(now);
        let sequence = engine.sequence();
        let children: Vec<_> = paths.iter().map(|path| engine.state_at(path).ok()).collect();
        let heard = children.into_iter().map(|child| {
            child.map(|mut child| {
                self.hear(&mut child);
                child
            })
        });
        crate::control::handle::look::Rows { sequence, children: heard.collect() }
    }

    /// Adds what the runs know of their own heartbeats.
    fn hear(&self, child: &mut ChildState) {
        if let Some(health) = &mut child.health {
            let run = self.engine.run_at(&child.path);
            let last = run.and_then(|run| self.runs.last_heartbeat(run));
            health.hear(last.map(|last| last.0));
        }
    }

    fn end(&mut self) {
        let Some(report) = self.engine.report() else { return };
        if let Some(started) = self.started.take() {
            let error = match &report.cause {
                EndCause::StartFailed { child, exit } => SupervisorError::TreeStart {
                    child: child.clone(),
                    cause: ExitError(exit.clone()),
                },
                _ => SupervisorError::ShuttingDown,
            };
            drop(started.send(Err(error)));
        }
        let (last, cause) = (self.snapshot(), report.cause.clone());
        let root = ChildPath::root();
        let recent = self.shared.journal.latest(&root, RunSummary::EVENTS);
        let at = (SystemTime::now(), report.uptime);
        let cause = SummaryCause::Ended(cause);
        let summary = RunSummary::new(at, root, cause, recent, last.outline());
        self.shared.journal.summarize(summary);
        self.outcome =
            Some(End::Report { report: Arc::new(report), last: Arc::new(LastState::new(last)) });
    }

    fn reply(&mut self, id: CommandId, reply: Reply) {
        let sender = self.replies.remove(&id);
        #[cfg(feature = "audit")]
        if let Some(gate) = &mut self.gate {
            let path = gate.path_of(id).cloned();
            let after = path.and_then(|path| self.engine.state_at(&path).ok());
            return gate.answered(id, reply, after.as_ref(), sender);
        }
        if let Some(sender) = sender {
            // An accepted command runs to its end though nobody waits.
            drop(sender.send(reply));
        }
    }

    fn summarize(&self, now: Uptime, scope: ChildPath, cause: SummaryCause) {
        let recent = self.shared.journal.latest(&scope, RunSummary::EVENTS);
        let outline = self.engine.outline_below(&scope);
        let at = (SystemTime::now(), now.0);
        self.shared.journal.summarize(RunSummary::new(at, scope, cause, recent, outline));
    }

    fn answer_if_settled(&mut self) {
        if !self.settling.is_empty() && (self.has_ended || self.is_settled()) {
            for settled in self.settling.drain(..) {
                // Nobody waits any more: nothing to be told.
                settled.send(()).unwrap_or_default();
            }
        }
    }

    /// Whether nothing is going on, and nothing waits to begin.
    fn is_settled(&self) -> bool {
        #[cfg(feature = "audit")]
        if self.gate.as_ref().is_some_and(Gate::is_holding_back) {
            return false;
        }
        self.engine.is_settled()
    }

    /// Arms the timer for the next deadline. One that is armed for earlier is left alone, also when
    /// nothing is due any more: it is cheaper to wake up once too often than to arm it each time.
    fn set_timer(&mut self) {
        let Some(due) = self.engine.next_deadline() else { return };
        let Some(at) = self.clock.epoch.checked_add(due.0) else {
            // Beyond the end of time.
            self.timer = None;
            return;
        };
        match &mut self.timer {
            Some((armed, _)) if *armed <= due => {}
            Some((armed, timer)) => {
                *armed = due;
                timer.as_mut().reset(at);
            }
            None => self.timer = Some((due, Box::pin(sleep_until(at)))),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        self.shared.end.send_if_modified(|end| {
            let is_news = end.is_none();
            end.get_or_insert(outcome.unwrap_or(End::Gone));
            is_news
        });
        self.shared.is_ending.send_replace(true);
        self.turn_away();
    }
}

impl Driver {
    /// Drops every message that nobody will read, so that whoever waits for its answer is told.
    ///
    /// Dropping the receiver is not enough: a message that is just being sent would stay in the
    /// channel for as long as there are handles, and its sender would wait for ever.
    fn turn_away(&mut self) {
        self.inbox.close();
        loop {
            match self.inbox.try_recv() {
                Ok(message) => drop(message),
                Err(mpsc::error::TryRecvError::Disconnected) => return,
                // Between two instructions of another thread.
                Err(mpsc::error::TryRecvError::Empty) => std::thread::yield_now(),
            }
        }
    }
}

#[cfg(feature = "audit")]
impl Driver {
    /// Gives a command back if it may go on at once, because there is no audit or it changes
    /// nothing.
    fn through_the_gate(&mut self, id: CommandId, command: Command) -> Option<Command> {
        let now = self.clock.look();
        let Some(gate) = &mut self.gate else { return Some(command) };
        let path = subject(&command).map(|(path, ..)| path);
        let before = path.and_then(|path| self.engine.at(now).state_at(&path).ok());
        gate.request(id, command, before.as_ref(), &self.shared)
    }

    fn audited_command(
        &mut self,
        id: CommandId,
        written: Result<(), AuditError>,
        out: &mut Vec<Action>,
    ) {
        let Some(gate) = &mut self.gate else { return };
        if let Err(error) = written {
            gate.refuse(id);
            if let Some(sender) = self.replies.remove(&id) {
                // Nothing has been done, so there is nothing else to say.
                drop(sender.send(Err(SupervisorError::Audit(error))));
            }
            return;
        }
        let Some(command) = gate.pass(id) else { return };
        let is_end = matches!(command, Command::Shutdown(_) | Command::ShutdownNow(_));
        self.handle(Input::Command(id, command), out);
        if let (true, Some(gate)) = (is_end, &mut self.gate) {
            // There is no fact for the second one who asks, and nobody is turned away.
            gate.accepted(id);
        }
    }

    fn accept(&mut self, fact: &Fact) {
        if let (Some(gate), EventKind::Commanded { .. }, Some(id)) =
            (&mut self.gate, &fact.kind, fact.command)
        {
            gate.accepted(id);
        }
    }
}

/// Lets others have their turn.
///
/// On the multi-thread runtime another worker is woken to go on in the meantime, because the run
/// that this worker turns to may never yield. Tokio's own `yield_now` does not do that: it wakes its
/// task when the worker has nothing else to do, which may be never.
async fn give_way() {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return tokio::task::yield_now().await;
    }
    let mut has_given = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Which supervisor a fact calls for a summary of, and why.
fn worth_a_summary(fact: &Fact) -> Option<(ChildPath, SummaryCause)> {
    let cause = match &fact.kind {
        EventKind::Meltdown { decision, why, .. } if decision.rule() == Rule::Intensity => {
            SummaryCause::Meltdown(why.clone())
        }
        EventKind::Meltdown { why, .. } => SummaryCause::Escalation(why.clone()),
        EventKind::ShutdownForced { cause } => {
            SummaryCause::ShutdownForced { cause: cause.clone() }
        }
        _ => return None,
    };
    Some((fact.path.clone(), cause))
}

/// The time, as it was at the latest look. So many inputs are taken in at one moment.
struct Clock {
    epoch: Instant,
    now: Uptime,
    /// The same on the wall clock, once somebody has asked.
    at: Option<SystemTime>,
}

impl Clock {
    fn look(&mut self) -> Uptime {
        self.at = None;
        self.now = Uptime(self.epoch.elapsed());
        self.now
    }

    fn at(&mut self) -> SystemTime {
        *self.at.get_or_insert_with(SystemTime::now)
    }
}

/// Makes an event of a fact, unless nobody wants to know.
fn stamp(clock: &mut Clock, fact: Fact, shared: &Shared, events: &broadcast::Sender<Arc<Event>>) {
    let is_kept = shared.journal.capacity() > 0;
    let is_heard = || shared.subscribers.load(Ordering::SeqCst) > 0;
    if !is_kept && !is_heard() {
        return;
    }
    let Fact { sequence, correlation, path, generation, command, kind } = fact;
    let (at, uptime) = (clock.at(), clock.now.0);
    let event = Event { sequence, at, uptime, path, generation, correlation, command, kind };
    // A copy only where it goes two ways.
    let mut told = is_heard().then(|| Arc::new(event.clone()));
    if is_kept {
        shared.journal.push(event);
    }
    // Looked at again after the journal has it: whoever subscribes reads the journal after that,
    // and so finds the event in one of them.
    if told.is_none() && is_heard() {
        told = shared.journal.from(sequence).0.pop();
    }
    if let Some(event) = told {
        // The last subscriber may just have gone.
        drop(events.send(event));
    }
}
