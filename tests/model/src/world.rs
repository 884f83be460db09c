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
}

impl Model {
    /// Tells a run that is up to end in this way; whether there was one to tell. It is done when
    /// [`settle`](Self::settle) is called, so that several can be told at once.
    pub fn tell(&mut self, path: &str, exit: Exit) -> bool {
        let Some(id) = self.find(path) else { return false };
        let Some(run) = &mut self.nodes[id].run else { return false };
        if run.phase != Phase::Running {
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
        let turn = (id, self.nodes[id].generation);
        if !self.polls.contains(&turn) {
            self.polls.push_back(turn);
        }
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
            if run.is_aborted {
                return self.run_has_ended(id, Some(Exit::Aborted));
            }
            match run.phase {
                Phase::New => match attempt {
                    Attempt::Fail => return self.run_has_ended(id, Some(Exit::Failed)),
                    Attempt::Fatal => return self.run_has_ended(id, Some(Exit::Fatal)),
                    Attempt::Ignore => return self.run_has_ended(id, None),
                    Attempt::Ok => {
                        run.phase = Phase::Running;
                        self.run_is_ready(id);
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
                    self.run_is_ready(id);
                }
                Phase::Running if run.is_cancelled => run.leave(manner, now),
                Phase::Running if run.told.is_some() => {
                    let exit = run.told;
                    return self.run_has_ended(id, exit);
                }
                Phase::Leaving if run.due.is_none() && manner != Manner::Deaf => {
                    return self.run_has_ended(id, Some(Exit::Shutdown));
                }
                Phase::Warming | Phase::Running | Phase::Leaving => return,
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
