//! The runs: what they do when they have their turn, and what time does to them.

use crate::model::{Exit, Id, Model};
use crate::spec::{Attempt, Body, Manner};

/// A run that was started and has not ended.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) phase: Phase,
    pub(crate) is_cancelled: bool,
    pub(crate) is_aborted: bool,
    pub(crate) told: Option<Exit>,
    /// When it does something by itself.
    pub(crate) due: Option<u64>,
}

/// Who has a turn coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Run(Id, u64),
    Supervisors,
}

/// What a run says; `Ended(None)`: its start is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Ready,
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
        let Some(run) = &mut self.nodes[id].run else { return false };
        if run.phase != Phase::Running || run.told.is_some() {
            return false;
        }
        run.told = Some(exit);
        self.wake(id);
        true
    }

    pub(crate) fn spawn(&mut self, id: Id) {
        self.nodes[id].run = Some(Run {
            phase: Phase::New,
            is_cancelled: false,
            is_aborted: false,
            told: None,
            due: None,
        });
        self.wake(id);
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
        self.queue(Turn::Supervisors);
    }

    /// The supervisors take in what was said.
    pub(crate) fn hear(&mut self) {
        while let Some((id, generation, word)) = self.mailbox.pop_front() {
            // L31: what speaks of an earlier run changes nothing.
            if self.nodes[id].is_gone || self.nodes[id].generation != generation {
                continue;
            }
            match word {
                Word::Ready => self.run_is_ready(id),
                Word::Ended(exit) => self.run_has_ended(id, exit),
            }
            self.look_until_quiet();
        }
    }

    fn end_run(&mut self, id: Id, exit: Option<Exit>) {
        if let Some(run) = &mut self.nodes[id].run {
            (run.phase, run.due) = (Phase::Over, None);
        }
        self.report(id, Word::Ended(exit));
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
        let Body::Task { attempts, manner } = &self.nodes[id].spec.body else { return };
        let nth = usize::try_from(generation - 1).unwrap_or(usize::MAX);
        let attempt = attempts.get(nth).copied().unwrap_or(Attempt::Ok);
        let manner = *manner;
        let now = self.now;
        loop {
            let Some(run) = &mut self.nodes[id].run else { return };
            if run.phase == Phase::Over {
                return;
            }
            if run.is_aborted {
                return self.end_run(id, Some(Exit::Aborted));
            }
            match run.phase {
                Phase::New => match attempt {
                    Attempt::Fail => return self.end_run(id, Some(Exit::Failed)),
                    Attempt::Fatal => return self.end_run(id, Some(Exit::Fatal)),
                    Attempt::Ignore => return self.end_run(id, None),
                    Attempt::Ok => {
                        run.phase = Phase::Running;
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
