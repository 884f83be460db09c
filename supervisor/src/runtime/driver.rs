//! The loop: it turns what happens into inputs and does what the actions say.
//!
//! The driver holds no policy. Every `if` about restarting, stopping or waiting is in `core`.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;

use hashbrown::HashMap;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until};

use super::clock::Clock;
#[cfg(feature = "audit")]
use super::gate::Gate;
use super::mailbox::{End, Message, Shared};
use super::publish::{Publisher, worth_a_summary};
use super::runs::Runs;
use crate::control::command::{Command, Reply};
use crate::core::action::Action;
use crate::core::engine::Engine;
use crate::core::input::Input;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::error::types::SupervisorError;
use crate::event::Event;
use crate::id::{ChildPath, CommandId};
#[cfg(all(feature = "ipc", unix))]
use crate::ipc::{server::Serving, target::Ended};
use crate::observe::log::log;
use crate::observe::meter::Meter;
#[cfg(feature = "record")]
use crate::record::recorder::Recorder;
use crate::summary::SummaryCause;

mod answers;
#[cfg(feature = "audit")]
mod audited;
mod ending;
#[cfg(test)]
mod tests;
mod turns;

use turns::{Threads, give_way, spend_budget};

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
    publisher: Publisher,
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
    /// How many runs it has asked to end since it last waited.
    asked_to_end: usize,
    /// How many runs have ended since it last waited.
    ends_seen: usize,
    threads: Threads,
    /// How the tree has ended, until that is told.
    outcome: Option<End>,
    /// Decides when to give way before a message, where a simulation wants that.
    #[cfg(feature = "test-support")]
    disorder: Option<fastrand::Rng>,
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
            runs: Runs::new(Arc::clone(&shared), epoch, engine.places()),
            engine,
            shared,
            inbox,
            publisher: Publisher::new(events),
            clock: Clock::new(epoch),
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
            asked_to_end: 0,
            ends_seen: 0,
            threads: Threads::of_this_runtime(),
            outcome: None,
            #[cfg(feature = "test-support")]
            disorder: None,
            #[cfg(feature = "audit")]
            gate: None,
            #[cfg(feature = "record")]
            recorder: None,
            #[cfg(all(feature = "ipc", unix))]
            socket: None,
        }
    }

    /// The same, giving way at random.
    #[cfg(feature = "test-support")]
    pub(super) fn disordered(mut self, seed: Option<u64>) -> Self {
        self.disorder = seed.map(fastrand::Rng::with_seed);
        self
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
            // Nobody finds anything done, or has a turn, before he can find what was decided.
            self.publisher.hand_over(&self.shared);
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
                Turn::Message(message) => {
                    self.receive(message, &mut out);
                    if waiting == 0 {
                        self.act(&mut out);
                    }
                    // A single run that takes the place of another has its turn at once: that it was
                    // spawned can be said while it runs.
                    if waiting == 0 && self.runs.to_announce() == 1 && !self.has_ended {
                        self.publisher.hand_over(&self.shared);
                        self.has_started_runs = false;
                        give_way().await;
                        continue;
                    }
                }
                Turn::Due => {
                    self.timer = None;
                    self.handle(Input::Tick, &mut out);
                }
                Turn::Spawned => {}
            }
            let is_more = self.take_in_waiting(&mut out);
            // However much there is to take in, what is due is not put off by it. If there was
            // little, the look before it was just now.
            let now = if is_more { self.clock.look() } else { self.clock.now };
            if self.engine.next_deadline().is_some_and(|due| due <= now) {
                self.handle(Input::Tick, &mut out);
            }
            let has_started_runs = std::mem::take(&mut self.has_started_runs);
            if is_more || has_started_runs || self.is_at_many_ends() {
                self.publisher.hand_over(&self.shared);
                give_way().await;
            }
        }
    }

    /// Whether those that were asked to end together are about to: then their ends are taken in
    /// together, and not one at a time.
    fn is_at_many_ends(&self) -> bool {
        let is_end = self.ends_seen > 0 && self.engine.has_begun_to_end();
        is_end && self.asked_to_end == 0 && self.threads == Threads::Many
    }

    /// Waits for what comes next, if nothing is there.
    async fn next_turn(&mut self) -> Option<Turn> {
        let has_seen_an_end = std::mem::take(&mut self.ends_seen) > 0;
        let is_one_asked = std::mem::take(&mut self.asked_to_end) == 1;
        // One has ended and the next was asked to, and so it will go on.
        let mut is_to_spend = has_seen_an_end && is_one_asked && self.threads == Threads::Many;
        if self.runs.to_announce() > 0 {
            return Some(Turn::Spawned);
        }
        self.set_timer();
        let (inbox, timer) = (&mut self.inbox, &mut self.timer);
        let mut turn = pin!(async {
            match timer {
                None => inbox.recv().await.map(Turn::Message),
                Some((_, timer)) => tokio::select! {
                    biased;
                    message = inbox.recv() => message.map(Turn::Message),
                    () = timer.as_mut() => Some(Turn::Due),
                },
            }
        });
        poll_fn(|cx| {
            let polled = turn.as_mut().poll(cx);
            if polled.is_pending() && std::mem::take(&mut is_to_spend) {
                spend_budget(cx);
            }
            polled
        })
        .await
    }

    /// Takes in what is waiting, up to a batch, and says whether that was not all. Those that were
    /// spawned and those who send messages have their turn one after the other, so that however
    /// many start, nobody is shut out.
    ///
    /// What belongs to one moment is first decided and then done, each for all of it: a thread that
    /// goes through everything for one run after the other has to fetch the code anew each time,
    /// which costs more than what is done.
    fn take_in_waiting(&mut self, out: &mut Vec<Action>) -> bool {
        for _ in 0..BATCH / MOMENT {
            let mut taken = 0;
            while taken < MOMENT {
                // Who asks after the end is turned away in his turn.
                if self.has_ended {
                    return false;
                }
                if self.is_disturbed() {
                    self.act(out);
                    return !self.has_ended;
                }
                let Ok(message) = self.inbox.try_recv() else { break };
                self.receive(message, out);
                taken += 1;
            }
            self.act(out);
            if self.has_ended {
                return false;
            }
            let mut announced = 0;
            while announced < MOMENT && self.runs.to_announce() > 0 {
                if self.is_disturbed() {
                    self.act(out);
                    return !self.has_ended;
                }
                if let Some(run) = self.runs.next_spawned() {
                    self.decide(Input::Spawned(run), out);
                }
                announced += 1;
                // Where they start one after the other the next one is among it.
                if self.runs.to_announce() == 0 {
                    self.act(out);
                }
            }
            self.act(out);
            if self.has_ended || (taken < MOMENT && announced == 0) {
                return false;
            }
            self.clock.look();
        }
        true
    }

    /// Whether a simulation wants others to have their turn now.
    #[cfg_attr(
        not(feature = "test-support"),
        expect(clippy::unused_self, reason = "there is none without the feature")
    )]
    fn is_disturbed(&mut self) -> bool {
        #[cfg(feature = "test-support")]
        if let Some(disorder) = &mut self.disorder {
            return disorder.u8(..3) == 0;
        }
        false
    }

    /// Says that a run was spawned, before what it says itself.
    fn announce(&mut self, run: RunKey, out: &mut Vec<Action>) {
        if cfg!(plant_bug = "announced_late") {
            return;
        }
        if self.runs.announce(run) {
            self.decide(Input::Spawned(run), out);
        }
    }

    /// Takes in one message. What was decided about a run is done with what follows, by
    /// [`act`](Self::act).
    fn receive(&mut self, message: Message, out: &mut Vec<Action>) {
        match message {
            Message::Ended(run, end) => {
                self.announce(run, out);
                self.ends_seen += 1;
                self.runs.ended(run);
                self.decide(Input::Ended(run, end), out);
            }
            Message::Ready(run) => {
                self.announce(run, out);
                self.decide(Input::Ready(run), out);
            }
            Message::HelperPanicked(run) => self.runs.abort(run),
            message => {
                self.act(out);
                self.receive_from_outside(message, out);
            }
        }
    }

    /// Takes in what was not sent by a run.
    fn receive_from_outside(&mut self, message: Message, out: &mut Vec<Action>) {
        match message {
            Message::Ended(..) | Message::Ready(_) | Message::HelperPanicked(_) => {}
            #[cfg(any(feature = "audit", feature = "record"))]
            Message::News(news) => self.handle(Input::News(news), out),
            Message::Command(command, reply) => self.command(command, reply, out),
            #[cfg(feature = "audit")]
            Message::Audited(id, written) => self.audited_command(id, written, out),
            #[cfg(all(feature = "audit", feature = "config"))]
            Message::ReloadRefused(by, error, reply) => {
                self.last_command += 1;
                let id = CommandId(self.last_command);
                if let Some(gate) = &self.gate {
                    gate.reload_refused(id, &by, error, reply);
                }
            }
            Message::Query(query) => {
                // Also what nothing had to be done about.
                if !cfg!(plant_bug = "answered_before_it_is_told") {
                    self.publisher.hand_over(&self.shared);
                }
                self.query(query);
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

    /// Decides about an input, and does what was decided.
    fn handle(&mut self, input: Input, out: &mut Vec<Action>) {
        self.decide(input, out);
        self.act(out);
    }

    /// Decides about an input. Nothing is done yet.
    fn decide(&mut self, input: Input, out: &mut Vec<Action>) {
        if self.has_ended {
            return;
        }
        let now = self.clock.now;
        #[cfg(feature = "record")]
        let pending = self.recorder.as_ref().map(|_| (Recorder::before(now, &input), out.len()));
        self.engine.handle(now, input, out);
        #[cfg(feature = "record")]
        if let (Some(recorder), Some((pending, from))) = (&self.recorder, pending) {
            recorder.after(pending, &self.engine, &out[from..]);
        }
    }

    /// Does what was decided, in its order. Before anything is done, what was decided so far is told.
    fn act(&mut self, out: &mut Vec<Action>) {
        if out.is_empty() {
            return;
        }
        let now = self.clock.now;
        let mut pulses = Vec::new();
        for action in out.drain(..) {
            match action {
                Action::Note(fact) => {
                    log(&fact);
                    self.meter.fact(now, &fact);
                    self.to_summarize.extend(worth_a_summary(&fact));
                    #[cfg(feature = "audit")]
                    self.accept(&fact);
                    self.publisher.add(&mut self.clock, fact, &self.shared);
                }
                Action::Start(run) => {
                    self.publisher.hand_over(&self.shared);
                    let Some((path, plan)) = self.engine.run(run) else { continue };
                    self.runs.start(run, path, &plan.task);
                    self.has_started_runs = true;
                }
                Action::Cancel(run) => {
                    self.publisher.hand_over(&self.shared);
                    self.runs.cancel(run);
                    self.asked_to_end += 1;
                }
                Action::Abort(run) => {
                    self.publisher.hand_over(&self.shared);
                    self.runs.abort(run);
                }
                Action::CheckPulse(run) => pulses.push((run, self.runs.last_heartbeat(run))),
                Action::Reply(id, reply) => {
                    self.publisher.hand_over(&self.shared);
                    self.reply(id, reply);
                }
                Action::Up => {
                    self.publisher.hand_over(&self.shared);
                    if let Some(started) = self.started.take() {
                        drop(started.send(Ok(())));
                    }
                }
                Action::End => self.has_ended = true,
            }
        }
        if self.engine.has_begun_to_end() && !self.has_told_the_end {
            self.has_told_the_end = true;
            self.publisher.hand_over(&self.shared);
            self.shared.is_ending.send_replace(true);
        }
        if !self.to_summarize.is_empty() {
            self.publisher.hand_over(&self.shared);
            for (scope, cause) in std::mem::take(&mut self.to_summarize) {
                self.summarize(now, scope, cause);
            }
        }
        if self.has_ended {
            self.publisher.hand_over(&self.shared);
            self.end();
        }
        for (run, last) in pulses {
            self.handle(Input::Pulse { run, last }, out);
        }
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

    /// Arms the timer for the next deadline. One that is armed for earlier is left alone, also when
    /// nothing is due any more: it is cheaper to wake up once too often than to arm it each time.
    fn set_timer(&mut self) {
        let Some(due) = self.engine.next_deadline() else { return };
        let at = (due < Uptime::MAX).then(|| self.clock.epoch.checked_add(due.elapsed()));
        let Some(at) = at.flatten() else {
            // The end of time.
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
