//! Operators' wishes: children that are kept out of restarts and rounds, by path, above the runs
//! of the supervisors that they stand in.
//!
//! A held node is paused or quarantined, or on its way there: it is being stopped, or cannot be.
//! A declared child may be forgotten and built again; the wish about its path is kept. The wish
//! about a child that was added goes with it, because nothing brings it back.

use std::sync::Arc;
use std::time::Duration;

use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::state::{After, Origin, State};
use super::supervisor::{EndWhy, Pending, Step};
use super::time::Uptime;
use super::waiters::Wants;
use crate::control::command::{By, Reply};
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::{ChildPath, CommandId, Generation};
use crate::policy::decision::Ended;
use crate::policy::restart::Restart;
use crate::state::{CommandRecord, HeldBy};

/// A child that is not started until somebody says otherwise.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) kind: HoldKind,
    /// Whether it is started when the hold ends: it ran, or was about to, when it began.
    pub(super) is_to_run: bool,
    /// The command that wants it; `None` where the child has used up its own limit.
    pub(super) command: Option<CommandId>,
    /// Who wants it, and why; `None` as above.
    pub(super) by: Option<By>,
    pub(super) since: Uptime,
    /// The latest run at that moment.
    pub(super) generation: Generation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HoldKind {
    /// Until it is resumed.
    Pause,
    /// Until it is resumed or restarted.
    Quarantine,
}

impl Engine {
    pub(super) fn hold_of(&self, key: NodeKey) -> Option<&Hold> {
        self.holds.get(&self.nodes.get(key)?.path)
    }

    /// Who keeps a node out, for those who ask.
    pub(super) fn held_by(&self, key: NodeKey) -> Option<HeldBy> {
        let hold = self.hold_of(key)?;
        let command = hold.command.zip(hold.by.as_ref()).map(|(id, by)| CommandRecord {
            id,
            command: match hold.kind {
                HoldKind::Pause => "pause_child",
                HoldKind::Quarantine => "quarantine_child",
            },
            requested_by: Arc::clone(&by.requested_by),
            reason: Arc::clone(&by.reason),
            at: hold.since.elapsed(),
            generation: hold.generation,
        });
        Some(HeldBy { command, since: hold.since.elapsed(), is_to_run: hold.is_to_run })
    }

    /// The state of a node that has no run and is not to be started.
    pub(super) fn rest(&self, key: NodeKey) -> State {
        match self.hold_of(key).map(|hold| hold.kind) {
            None => State::Down,
            Some(HoldKind::Pause) => State::Paused,
            Some(HoldKind::Quarantine) => State::Quarantined { due: None },
        }
    }

    /// The same, where its supervisor runs: one that has used up its own limit is probed.
    pub(super) fn rest_until_probed(&self, key: NodeKey) -> State {
        let by_limit = self.hold_of(key).is_some_and(|hold| hold.command.is_none());
        match self.rest(key) {
            State::Quarantined { .. } if by_limit => {
                let wait = self.policy(key).probe_after;
                State::Quarantined { due: wait.map(|wait| self.now + wait) }
            }
            state => state,
        }
    }

    /// The quarantine has lasted long enough for a probe, as soon as its supervisor is free.
    pub(super) fn probe_due(&mut self, key: NodeKey) {
        self.set_state(key, State::Quarantined { due: None });
        let Some(parent) = self.parent_of(key) else { return };
        match self.supervisor_mut(parent) {
            Some(supervisor) if supervisor.is_busy() => {
                supervisor.queue.push_back(Pending::Probe(key));
            }
            _ => self.probe(key),
        }
    }

    /// Starts a quarantined child as a trial, unless somebody has said something else meanwhile.
    pub(super) fn probe(&mut self, key: NodeKey) {
        let is_quarantined = self.state_of(key) == Some(State::Quarantined { due: None });
        let by_limit = self.hold_of(key).is_some_and(|hold| hold.command.is_none());
        let is_ending = self.parent_of(key).is_some_and(|parent| self.is_ending(parent));
        if !is_quarantined || !by_limit || is_ending {
            return;
        }
        self.holds.remove(&self.path_of(key));
        self.note(key, EventKind::Probing);
        // From now on, also while it has to wait for what it depends on.
        // seen by: cargo test -p supervisor-tests --test regressions
        if let Some(node) = self.nodes.get_mut(key)
            && !cfg!(plant_bug = "waiting_trial_forgotten")
        {
            node.is_on_trial = true;
        }
        self.start_node(key, Origin::Probe);
    }

    /// A run on trial that had been ready for long enough has made its budget whole.
    pub(super) fn pass_trial(&mut self, key: NodeKey, ready_for: Duration) {
        let Some(node) = self.nodes.get(key).filter(|node| node.is_on_trial) else { return };
        let never_ready = matches!(
            node.state,
            State::Unjoinable { after: After::StartTimedOut(_) } | State::Starting { .. }
        );
        if !never_ready && ready_for >= node.policy().backoff.reset_after {
            self.reset_budget(None, key);
        }
    }

    /// Makes the child's own budgets whole: its limit, and those of the classes of failure.
    pub(super) fn reset_budget(&mut self, id: Option<CommandId>, key: NodeKey) {
        if let Some(node) = self.nodes.get_mut(key) {
            if let Some((spent, _)) = node.charged_mut() {
                spent.make_whole();
            }
            node.is_on_trial = false;
        }
        self.note_for(key, id, EventKind::BudgetReset);
    }

    /// A node without a run stays without one.
    pub(super) fn come_to_rest(&mut self, key: NodeKey) {
        if self.is_disabled(key) {
            return self.rest_disabled(key);
        }
        let (state, hold) = (self.rest(key), self.hold_of(key));
        let hold = hold.map(|hold| (hold.kind, hold.command));
        let before = self.state_of(key);
        self.set_state(key, state);
        if let Some((kind, command)) = hold.filter(|_| before != Some(state)) {
            let kind = match kind {
                HoldKind::Pause => EventKind::Paused,
                HoldKind::Quarantine => EventKind::Quarantined,
            };
            self.note_for(key, command, kind);
        }
    }

    /// Pauses or quarantines a child, whatever it is doing.
    pub(super) fn hold(
        &mut self,
        id: CommandId,
        parent: NodeKey,
        key: NodeKey,
        kind: HoldKind,
        by: By,
    ) -> Option<Reply> {
        let (state, path) = (self.state_of(key)?, self.path_of(key));
        match state {
            State::Stopping(stopping) if stopping.after == After::Remove => {
                return Some(Err(SupervisorError::Removed { path }));
            }
            State::Unjoinable { after: After::Remove } => {
                return Some(Err(SupervisorError::Unjoinable { path }));
            }
            _ => {}
        }
        let is_to_run = self.is_to_run(key, state);
        let generation = self.generation_of(key);
        let (command, by, since) = (Some(id), Some(by), self.now);
        let hold = Hold { kind, is_to_run, command, by, since, generation };
        self.holds.insert(path.clone(), hold);
        match state {
            State::Starting { .. } | State::Up => {
                self.waiters.add(key, id, Wants::Stopped);
                self.stop_node(key, After::Down);
                None
            }
            State::Stopping(mut stopping) => {
                stopping.after = After::Down;
                self.set_state(key, State::Stopping(stopping));
                self.mark_asked(key);
                self.waiters.add(key, id, Wants::Stopped);
                None
            }
            State::Unjoinable { .. } => {
                self.set_state(key, State::Unjoinable { after: After::Down });
                self.mark_asked(key);
                Some(Err(SupervisorError::Unjoinable { path }))
            }
            State::Idle
            | State::Waiting { .. }
            | State::Ended { .. }
            | State::Restarting { .. } => {
                self.come_to_rest(key);
                self.answer_stopped(key);
                self.left_round(parent);
                self.todo.push_back(Todo::Advance(parent));
                Some(Ok(self.outcome(key, false)))
            }
            State::Down | State::Disabled | State::Paused | State::Quarantined { .. } => {
                self.come_to_rest(key);
                Some(Ok(self.outcome(key, false)))
            }
        }
    }

    /// Ends a hold. A child that ran when it began is started.
    pub(super) fn resume(&mut self, id: CommandId, key: NodeKey) -> Option<Reply> {
        let (state, path) = (self.state_of(key)?, self.path_of(key));
        if matches!(state, State::Unjoinable { .. }) {
            return Some(Err(SupervisorError::Unjoinable { path }));
        }
        if state == State::Disabled {
            return Some(Err(self.disabled(key)));
        }
        let Some(hold) = self.hold_of(key) else { return Some(Ok(self.outcome(key, false))) };
        let is_to_run = hold.is_to_run || cfg!(plant_bug = "resume_starts_all");
        match state {
            State::Stopping(stopping) if stopping.after == After::Remove => {
                Some(Err(SupervisorError::Removed { path }))
            }
            State::Stopping(mut stopping) => {
                self.release(id, key);
                if !is_to_run {
                    return Some(Ok(self.outcome(key, false)));
                }
                stopping.after = After::Start(id);
                self.set_state(key, State::Stopping(stopping));
                self.waiters.add(key, id, Wants::Started);
                None
            }
            _ if is_to_run => {
                self.release(id, key);
                self.waiters.add(key, id, Wants::Started);
                self.start_node(key, Origin::Command(id));
                None
            }
            _ => {
                self.release(id, key);
                self.set_state(key, State::Down);
                if self.is_forgotten_when_down(key) {
                    let outcome = self.outcome_gone(key, false);
                    self.forget(key);
                    return Some(Ok(outcome));
                }
                Some(Ok(self.outcome(key, false)))
            }
        }
    }

    /// Nobody keeps the child out any longer.
    pub(super) fn release(&mut self, id: CommandId, key: NodeKey) {
        if self.holds.remove(&self.path_of(key)).is_some() {
            self.note_for(key, Some(id), EventKind::Resumed);
        }
    }

    /// Drops the wishes about a path and everything below it.
    pub(super) fn drop_holds(&mut self, path: &ChildPath) {
        if self.holds.is_empty() {
            return;
        }
        let from = self.holds.range(path.clone()..).map(|(held, _)| held);
        let near = from.take_while(|held| held.as_str().starts_with(path.as_str()));
        let within: Vec<_> = near.filter(|held| held.is_within(path)).cloned().collect();
        for held in within {
            self.holds.remove(&held);
        }
    }

    /// Whether a child would run now or soon, if nobody held it.
    fn is_to_run(&self, key: NodeKey, state: State) -> bool {
        if let Some(hold) = self.hold_of(key) {
            return hold.is_to_run;
        }
        match state {
            State::Idle
            | State::Waiting { .. }
            | State::Starting { .. }
            | State::Up
            | State::Restarting { .. } => true,
            State::Ended { ended: Ended::Start, .. } => {
                self.policy(key).restart != Restart::Temporary
            }
            State::Ended { .. } => {
                let past = self.nodes.get(key).and_then(|node| node.history.as_ref());
                let last = past.and_then(|past| past.last_exit());
                last.is_some_and(|last| self.policy(key).restart.asks_after(&last.exit))
            }
            State::Stopping(stopping) => self.is_to_follow(key, stopping.after),
            State::Unjoinable { after } => self.is_to_follow(key, after),
            State::Down | State::Disabled | State::Paused | State::Quarantined { .. } => false,
        }
    }

    /// Whether a node that is being stopped would be started again.
    fn is_to_follow(&self, key: NodeKey, after: After) -> bool {
        match after {
            After::Round | After::Start(_) | After::Wait => true,
            After::StartTimedOut(origin) => origin.command().is_none(),
            // It fell silent, which is a failure.
            After::Stuck { .. } => self.policy(key).restart != Restart::Temporary,
            // A supervisor that ends by itself: the one above has still to decide.
            After::Down => match self.supervisor(key).map(|supervisor| &supervisor.step) {
                Some(Step::Ending(ending)) => {
                    !ending.is_asked && matches!(ending.why, EndWhy::ByItself(_))
                }
                _ => false,
            },
            After::Remove => false,
        }
    }
}
