//! The runs: what they do when they have their turn, and what time does to them.

use crate::model::{Exit, Id, Life, Model};
use crate::spec::{Attempt, Body, Class, Luggage, Manner};

/// A run that was started and has not ended.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) phase: Phase,
    pub(crate) is_cancelled: bool,
    pub(crate) is_aborted: bool,
    pub(crate) told: Option<Exit>,
    /// Whether its helper has panicked.
    pub(crate) is_broken: bool,
    /// Whether it has one.
    pub(crate) has_helper: bool,
    /// How it ended, while its helper has still to go.
    pub(crate) end: Option<Word>,
    /// When it does something by itself.
    pub(crate) due: Option<u64>,
}

/// Who has a turn coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Run(Id, u64),
    /// What the run has spawned.
    Helper(Id, u64),
    Supervisors,
}

/// What was decided, and is still to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Spawn(Id, u64),
    Wake(Id, u64),
}

/// What a run says; `Ended(None)`: its start is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Ready,
    /// What it has spawned has panicked.
    Broken,
    Ended(Option<Exit>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Never polled.
    New,
    /// Not ready.
    Warming,
    /// Ready.
    Running,
    /// Asked to end, and on its way.
    Leaving,
    /// It is over, and its supervisor is about to hear of it.
    Over,
}

impl Model {
    /// Tells a run that is up to end in this way; whether there was one to tell. It is done when
    /// [`settle`](Self::settle) is called, so that several can be told at once.
    pub fn tell(&mut self, path: &str, exit: Exit) -> bool {
        let Some(id) = self.find(path) else { return false };
        let (luggage, is_thread) = (self.luggage(id), self.is_thread(id));
        let Some(run) = &mut self.nodes[id].run else { return false };
        if run.phase != Phase::Running || run.told.is_some() {
            return false;
        }
        let is_helper = luggage == Some(Luggage::Helper) && exit == Exit::Panicked;
        run.told = Some(exit);
        if is_thread {
            self.report(id, Word::Ended(Some(exit)));
        } else if is_helper {
            self.queue(Turn::Helper(id, self.nodes[id].generation));
        } else {
            self.wake(id);
        }
        true
    }

    /// Whether this child has a thread of its own.
    pub fn is_on_thread(&self, path: &str) -> bool {
        self.find(path).is_some_and(|id| self.is_thread(id))
    }

    /// The work of this child goes on, and says so.
    pub fn beat(&mut self, path: &str) {
        let now = self.now;
        let Some(id) = self.find(path) else { return };
        let node = &mut self.nodes[id];
        if let (Some(due), Some(wait)) = (node.stale_due.as_mut(), node.spec.stale_after) {
            *due = now + wait;
            self.reach("L39 a heartbeat comes in time");
        }
    }

    /// L31: the runs that are over say that it is ready, and that its work goes on.
    pub fn late_word(&mut self, path: &str) {
        let Some(id) = self.find(path) else { return };
        if self.nodes[id].generation > 1 {
            self.reach("L31 an earlier run says something");
        }
        if self.nodes[id].life == Life::Starting && self.nodes[id].has_failed_before {
            self.reach("L31 one that was never ready says that it is while another starts");
        }
    }

    /// What its latest attempt to start does, or did.
    fn attempt_of(&self, id: Id) -> Option<Attempt> {
        let Body::Task { attempts, .. } = &self.nodes[id].spec.body else { return None };
        let nth = usize::try_from(self.nodes[id].generation - 1).unwrap_or(usize::MAX);
        Some(attempts.get(nth).copied().unwrap_or(Attempt::Ok))
    }

    fn luggage(&self, id: Id) -> Option<Luggage> {
        match self.nodes[id].spec.body {
            Body::Task { luggage, .. } => Some(luggage),
            Body::Supervisor(_) | Body::Thread => None,
        }
    }

    /// Whether it has a thread of its own, which nobody can end.
    pub(crate) fn is_thread(&self, id: Id) -> bool {
        self.nodes[id].spec.body == Body::Thread
    }

    pub(crate) fn spawn(&mut self, id: Id) {
        self.nodes[id].run = Some(Run {
            phase: Phase::New,
            is_cancelled: false,
            is_aborted: false,
            told: None,
            is_broken: false,
            has_helper: false,
            end: None,
            due: None,
        });
        if self.is_thread(id) {
            // Its readiness is immediate: it is ready when it was spawned.
            if let Some(run) = &mut self.nodes[id].run {
                run.phase = Phase::Running;
            }
        }
        self.orders.push_back(Order::Spawn(id, self.nodes[id].generation));
    }

    /// Makes a run of what was decided to start.
    fn make(&mut self, id: Id, generation: u64) {
        if self.nodes[id].is_gone || self.nodes[id].generation != generation {
            return;
        }
        self.has_spawned = true;
        if self.attempt_of(id) == Some(Attempt::Broken) {
            // The supervisors make the run, so they need no turn to hear of this.
            self.reach("L45 a factory panics");
            let ended = Word::Ended(Some(Exit::Panicked));
            return self.mailbox.push_back((id, generation, ended));
        }
        self.spawned.push_back((id, generation));
        if !self.is_thread(id) {
            self.wake(id);
        }
    }

    /// What was decided is done, for all that was heard at one moment, in its order.
    pub(crate) fn carry_out_orders(&mut self) {
        while let Some(order) = self.orders.pop_front() {
            match order {
                Order::Spawn(id, generation) => self.make(id, generation),
                Order::Wake(id, generation) => self.queue(Turn::Run(id, generation)),
            }
        }
    }

    /// Gives the run a turn, when what was decided is done.
    pub(crate) fn order(&mut self, id: Id) {
        self.orders.push_back(Order::Wake(id, self.nodes[id].generation));
    }

    /// Gives the run a turn, behind all that have one coming.
    pub(crate) fn wake(&mut self, id: Id) {
        self.queue(Turn::Run(id, self.nodes[id].generation));
    }

    fn queue(&mut self, turn: Turn) {
        if !self.polls.contains(&turn) {
            self.polls.push_back(turn);
        }
    }

    /// A run says something. The supervisors hear it when they have their turn, and who was woken
    /// before that has his first.
    fn report(&mut self, id: Id, word: Word) {
        self.mailbox.push_back((id, self.nodes[id].generation, word));
        if !self.gives_way {
            self.queue(Turn::Supervisors);
        }
    }

    /// The supervisors have their turn.
    pub(crate) fn hear(&mut self) {
        self.gives_way = false;
        // Those that were spawned first, where there are any.
        let word = if self.spawned.is_empty() { self.mailbox.pop_front() } else { None };
        if let Some(word) = word {
            let is_alone = self.mailbox.is_empty();
            self.hear_word(word);
            if is_alone {
                return self.act();
            }
        }
        self.hear_the_rest();
    }

    /// What follows from the only thing that was said is done. A single run that is started has its
    /// turn at once.
    pub(crate) fn act(&mut self) {
        self.carry_out_orders();
        if self.spawned.len() == 1 {
            self.gives_way = true;
            self.has_spawned = false;
        } else {
            self.hear_the_rest();
        }
    }

    /// All that was said, and then that those were spawned who were, until there is nothing more.
    /// Where runs were made, they have their turns before the supervisors have another.
    pub(crate) fn hear_the_rest(&mut self) {
        loop {
            let is_quiet = self.mailbox.is_empty();
            while let Some(word) = self.mailbox.pop_front() {
                self.hear_word(word);
            }
            self.carry_out_orders();
            if is_quiet && self.spawned.is_empty() && self.mailbox.is_empty() {
                break;
            }
            while let Some((id, generation)) = self.spawned.pop_front() {
                if self.is_thread(id) {
                    self.hear_word((id, generation, Word::Ready));
                }
                // Where they start one after the other the next one is among it.
                if self.spawned.is_empty() {
                    self.carry_out_orders();
                }
            }
            self.carry_out_orders();
        }
        self.gives_way = std::mem::take(&mut self.has_spawned);
    }

    fn hear_word(&mut self, (id, generation, word): (Id, u64, Word)) {
        // L31: what speaks of an earlier run changes nothing.
        if self.nodes[id].is_gone || self.nodes[id].generation != generation {
            return;
        }
        match word {
            Word::Broken => {
                if let Some(run) = &mut self.nodes[id].run {
                    run.is_broken = true;
                    self.wake(id);
                }
            }
            Word::Ready => self.run_is_ready(id),
            Word::Ended(exit) => self.run_has_ended(id, exit),
        }
        self.look_until_quiet();
    }

    fn end_run(&mut self, id: Id, mut exit: Option<Exit>) {
        let luggage = self.luggage(id);
        // L45: what went wrong last is how it ended.
        if luggage == Some(Luggage::Bomb) {
            match exit {
                Some(Exit::Aborted) => {
                    self.reach("L45 a destructor panics, where the run was aborted");
                }
                Some(Exit::Succeeded | Exit::Shutdown) => {
                    self.reach("L45 a destructor panics, where the run had ended well");
                }
                _ => {}
            }
            exit = Some(Exit::Panicked);
        }
        let Some(run) = &mut self.nodes[id].run else { return };
        let has_helper = run.has_helper;
        (run.phase, run.due) = (Phase::Over, None);
        if !has_helper {
            return self.report(id, Word::Ended(exit));
        }
        // L30: its helper has to go first.
        run.end = Some(Word::Ended(exit));
        self.reach("L30 a run is over, and its helper not yet");
        self.queue(Turn::Helper(id, self.nodes[id].generation));
    }

    /// What a run has spawned has its turn: it panics, or is taken away.
    pub(crate) fn poll_helper(&mut self, id: Id, generation: u64) {
        if self.nodes[id].generation != generation {
            return;
        }
        let Some(run) = &mut self.nodes[id].run else { return };
        if let Some(end) = run.end.take() {
            return self.report(id, end);
        }
        run.has_helper = false;
        self.reach("L30 a helper panics");
        self.report(id, Word::Broken);
    }

    /// Its own clock rings.
    pub(crate) fn ring(&mut self, id: Id) {
        if let Some(run) = &mut self.nodes[id].run {
            run.due = None;
        }
        self.wake(id);
    }

    pub(crate) fn poll(&mut self, id: Id, generation: u64) {
        if self.nodes[id].generation != generation {
            return;
        }
        let Some(attempt) = self.attempt_of(id) else { return };
        let Body::Task { manner, luggage, .. } = &self.nodes[id].spec.body else { return };
        let (manner, has_helper) = (*manner, *luggage == Luggage::Helper);
        let now = self.now;
        loop {
            let Some(run) = &mut self.nodes[id].run else { return };
            if run.phase == Phase::Over {
                return;
            }
            if run.is_broken {
                return self.end_run(id, Some(Exit::Panicked));
            }
            if run.is_aborted {
                return self.end_run(id, Some(Exit::Aborted));
            }
            match run.phase {
                Phase::New => match attempt {
                    Attempt::Fail => {
                        return self.end_run(id, Some(Exit::Failed(Class::Recoverable)));
                    }
                    Attempt::Unavailable => {
                        return self.end_run(id, Some(Exit::Failed(Class::External)));
                    }
                    Attempt::Fatal => return self.end_run(id, Some(Exit::Failed(Class::Fatal))),
                    Attempt::Ignore => return self.end_run(id, None),
                    Attempt::Broken => return,
                    Attempt::Ok => {
                        run.phase = Phase::Running;
                        run.has_helper = has_helper;
                        self.report(id, Word::Ready);
                    }
                    Attempt::Slow(millis) => {
                        run.phase = Phase::Warming;
                        run.due = Some(now + millis);
                    }
                    Attempt::Hang => run.phase = Phase::Warming,
                },
                Phase::Warming if run.is_cancelled => run.leave(manner, now),
                Phase::Warming if run.due.is_none() && attempt != Attempt::Hang => {
                    run.phase = Phase::Running;
                    run.has_helper = has_helper;
                    self.report(id, Word::Ready);
                }
                Phase::Running if run.is_cancelled => run.leave(manner, now),
                Phase::Running if run.told.is_some() => {
                    let exit = run.told;
                    return self.end_run(id, exit);
                }
                Phase::Leaving if run.due.is_none() && manner != Manner::Deaf => {
                    return self.end_run(id, Some(Exit::Shutdown));
                }
                Phase::Warming | Phase::Running | Phase::Leaving | Phase::Over => return,
            }
        }
    }
}

impl Run {
    fn leave(&mut self, manner: Manner, now: u64) {
        self.phase = Phase::Leaving;
        self.due = match manner {
            Manner::Obedient | Manner::Deaf => None,
            Manner::Late(millis) => Some(now + millis),
        };
    }
}
