//! Restart rounds of the group strategies: stop the members, wait, start them again.
//!
//! A member is a node from `first` on. While the round lasts a member that is to be started is
//! `Restarting`; one that is down has been taken out of it by a command.

use std::time::Duration;

use super::deadline::Due;
use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::state::{After, Origin, State, Stopping};
use super::supervisor::{EndWhy, Ending, Phase, Round, Step, Supervisor};
use super::time::Uptime;
use crate::event::EventKind;
use crate::policy::decision::Ended;
use crate::policy::restart::{Restart, Strategy};
use crate::task::exit::Exit;

impl Engine {
    /// Begins the round that `origin` asks for. A round that waits already is taken over, with
    /// the later start.
    pub(super) fn begin_round(&mut self, key: NodeKey, origin: NodeKey, delay: Duration) {
        let now = self.now;
        let Some(supervisor) = self.supervisor(key) else { return };
        let first = match supervisor.plan.strategy {
            Strategy::OneForAll => supervisor.first.unwrap_or(origin),
            Strategy::RestForOne if cfg!(plant_bug = "older_touched") => {
                supervisor.first.unwrap_or(origin)
            }
            Strategy::RestForOne | Strategy::OneForOne => origin,
        };
        let last = supervisor.last;
        let mut round = Round {
            first,
            stop_first: first,
            phase: Phase::Stopping,
            at: last,
            layers: None,
            decided_at: now,
            start_at: now + delay,
        };
        if let Step::Round(before) = &supervisor.step
            && before.phase == Phase::Waiting
        {
            round.start_at = round.start_at.max(before.start_at);
            round.decided_at = before.decided_at;
            // A younger one that was started meanwhile does not leave the older ones behind.
            if self.is_member(origin, before.first) {
                round.first = before.first;
            }
            self.deadlines.remove(before.start_at, Due::Round, key);
        }
        self.note(key, EventKind::RoundStarted { origin: self.path_of(origin) });
        if let Some(supervisor) = self.supervisor_mut(key) {
            supervisor.step = Step::Round(round);
        }
        self.set_state(origin, State::Restarting { due: None });
        let mut member = Some(first);
        while let Some(child) = member {
            member = self.next_of(child);
            self.join_round(child);
        }
        self.plan_layers(key);
        self.todo.push_back(Todo::Advance(key));
    }

    /// In a parallel supervisor the members are stopped layer by layer.
    fn plan_layers(&mut self, key: NodeKey) {
        let Some(supervisor) = self.supervisor(key).filter(|s| s.is_parallel()) else { return };
        let Step::Round(round) = &supervisor.step else { return };
        // The first it began with may have been temporary, and be gone.
        let layers = self.layers(key, Some(round.stop_first));
        if let Some(Step::Round(round)) = self.supervisor_mut(key).map(|s| &mut s.step) {
            round.layers = Some(layers);
        }
    }

    /// Whatever of it was not running takes part as well, also if it was stopped on purpose.
    fn join_round(&mut self, child: NodeKey) {
        self.begin_grace(child);
        match self.state_of(child) {
            Some(State::Disabled) if !cfg!(plant_bug = "disabled_in_round") => {}
            Some(State::Quarantined { .. }) if !cfg!(plant_bug = "quarantine_undone") => {}
            Some(State::Paused) if !cfg!(plant_bug = "pause_undone") => {}
            // It is on its way out, or cannot be ended, because it is not to run any more.
            Some(State::Stopping(_) | State::Unjoinable { .. })
                if !self.policy(child).enabled && !cfg!(plant_bug = "round_over_disabled") => {}
            // It comes to rest when it has ended, and not back into the round.
            Some(State::Stopping(_) | State::Unjoinable { .. })
                if self.hold_of(child).is_some() && !cfg!(plant_bug = "round_over_hold") => {}
            // What has failed on trial is quarantined when it is gone, as it is without a round.
            Some(state)
                if self.fails_on_trial(child, state)
                    && !cfg!(plant_bug = "trial_ends_in_round") => {}
            Some(
                State::Idle
                | State::Waiting { .. }
                | State::Ended { .. }
                | State::Down
                | State::Disabled
                | State::Paused
                | State::Quarantined { .. },
            ) => {
                self.set_state(child, State::Restarting { due: None });
                if self.policy(child).restart == Restart::Temporary {
                    self.forget(child);
                }
            }
            // On its way already, whatever for: the round starts it again in its turn.
            Some(State::Stopping(mut stopping)) if stopping.after != After::Remove => {
                stopping.after = After::Round;
                self.set_state(child, State::Stopping(stopping));
                self.mark_asked(child);
            }
            // It starts again when it has ended after all.
            Some(State::Unjoinable { after }) if after != After::Remove => {
                self.set_state(child, State::Unjoinable { after: After::Round });
                self.mark_asked(child);
            }
            _ => {}
        }
    }

    /// Whether a node on trial is on its way out for a reason of its own: it was not ready in time,
    /// silent for too long, or a supervisor that gives up.
    fn fails_on_trial(&self, key: NodeKey, state: State) -> bool {
        let is_on_trial = self.nodes.get(key).is_some_and(|node| node.is_on_trial);
        let gives_up = || {
            let step = self.supervisor(key).map(|supervisor| &supervisor.step);
            matches!(
                step,
                Some(Step::Ending(Ending { why: EndWhy::ByItself(exit), is_asked: false, .. }))
                    if self.has_failed_on_trial(key, exit, Ended::Run)
            )
        };
        is_on_trial
            && match state {
                State::Stopping(Stopping { after: After::Stuck { .. }, .. })
                | State::Unjoinable { after: After::Stuck { .. } } => true,
                // seen by: cargo test -p supervisor-tests --test regressions
                State::Stopping(Stopping { after: After::StartTimedOut(_), .. })
                    if !cfg!(plant_bug = "timed_out_trial_in_round") =>
                {
                    true
                }
                State::Stopping(_) | State::Unjoinable { .. } => gives_up(),
                _ => false,
            }
    }

    /// Whether a node comes from `first` on.
    pub(super) fn is_member(&self, key: NodeKey, first: NodeKey) -> bool {
        let order = |key| self.nodes.get(key).map(|node| node.order);
        order(first).is_some_and(|first| order(key) >= Some(first))
    }

    /// The members of a round from `first` on.
    fn members(&self, first: NodeKey) -> impl Iterator<Item = NodeKey> {
        std::iter::successors(Some(first), |&child| self.next_of(child))
    }

    pub(super) fn is_stopping(&self, key: NodeKey) -> bool {
        matches!(self.state_of(key), Some(State::Stopping(_)))
    }

    /// Whether the supervisor is in a round that has still to stop this child.
    pub(super) fn is_to_be_stopped(&self, key: NodeKey, child: NodeKey) -> bool {
        let Some(Step::Round(round)) = self.supervisor(key).map(|s| &s.step) else { return false };
        round.phase == Phase::Stopping && self.is_member(child, round.stop_first)
    }

    /// Whether the supervisor is in a round that has still to stop members.
    pub(super) fn is_stopping_members(&self, key: NodeKey) -> bool {
        let step = self.supervisor(key).map(|supervisor| &supervisor.step);
        matches!(step, Some(Step::Round(Round { phase: Phase::Stopping, .. })))
    }

    /// A member has ended before the round came to stop it. That costs nothing more, but the
    /// wait is as long as the longest of those who failed. One that has failed on trial is not
    /// started again: it is quarantined, as it is without a round.
    pub(super) fn absorb(
        &mut self,
        key: NodeKey,
        child: NodeKey,
        exit: &Exit,
        (ended, ready_for): (Ended, Duration),
    ) {
        if self.has_failed_on_trial(child, exit, ended) && !cfg!(plant_bug = "trial_absorbed") {
            self.decide(child, exit, ended, ready_for);
        } else if self.policy(child).restart == Restart::Temporary {
            self.set_state(child, State::Down);
            self.forget(child);
        } else {
            if !cfg!(plant_bug = "absorbed_row_goes_on") {
                self.end_rows(child, ended, ready_for);
            }
            // One that had done what it had to do is no reason to wait.
            let has_failed = ended == Ended::Start || exit.is_abnormal();
            if has_failed || cfg!(plant_bug = "success_lengthens") {
                self.lengthen_round(key, child, exit);
            }
            self.set_state(child, State::Restarting { due: None });
        }
        self.todo.push_back(Todo::Advance(key));
    }

    pub(super) fn lengthen_round(&mut self, key: NodeKey, child: NodeKey, exit: &Exit) {
        let policy = self.policy(child);
        let (class, backoff) = policy.backoff_after(exit.failure_kind());
        let delay = self.next_delay(child, class, backoff);
        if let Some(Step::Round(round)) = self.supervisor_mut(key).map(|s| &mut s.step)
            // One that had been given up and ends during the wait is too late.
            && round.phase == Phase::Stopping
        {
            round.start_at = round.start_at.max(round.decided_at + delay);
        }
    }

    /// Stops the next member, youngest first, when the one before is gone.
    pub(super) fn advance_round_stop(&mut self, key: NodeKey) {
        loop {
            let Some(supervisor) = self.supervisor(key) else { return };
            let Step::Round(round) = &supervisor.step else { return };
            let (at, first, start_at) = (round.at, round.stop_first, round.start_at);
            if round.layers.is_some() {
                if self.stop_layers(key, After::Round) {
                    self.members_are_stopped(key, start_at);
                }
                return;
            }
            if supervisor.stopping != 0 && self.members(first).any(|child| self.is_stopping(child))
            {
                return;
            }
            let Some(child) = at.filter(|&at| self.is_member(at, first)) else {
                return self.members_are_stopped(key, start_at);
            };
            if let Some(State::Up | State::Starting { .. }) = self.state_of(child) {
                return self.stop_node(child, After::Round);
            }
            let prev = self.prev_of(child);
            self.set_round_cursor(key, prev);
        }
    }

    fn members_are_stopped(&mut self, key: NodeKey, start_at: Uptime) {
        let now = self.now;
        let Some(Step::Round(round)) = self.supervisor_mut(key).map(|s| &mut s.step) else {
            return;
        };
        if now < start_at {
            round.phase = Phase::Waiting;
            round.at = None;
            self.deadlines.add(start_at, Due::Round, key);
            self.left_round(key);
            self.todo.push_back(Todo::Drain(key));
        } else {
            self.begin_round_start(key);
        }
    }

    /// The wait is over.
    pub(super) fn round_due(&mut self, key: NodeKey) {
        if let Some(Step::Round(Round { phase: Phase::Waiting, .. })) =
            self.supervisor(key).map(|supervisor| &supervisor.step)
        {
            self.begin_round_start(key);
        }
    }

    fn begin_round_start(&mut self, key: NodeKey) {
        if let Some(Step::Round(round)) = self.supervisor_mut(key).map(|s| &mut s.step) {
            round.phase = Phase::Starting;
            round.at = Some(round.first);
        }
        self.todo.push_back(Todo::Advance(key));
    }

    /// Starts the next member, oldest first, when the one before is done with it; in a parallel
    /// supervisor, all of them.
    pub(super) fn advance_round_start(&mut self, key: NodeKey) {
        let is_parallel = self.supervisor(key).is_some_and(Supervisor::is_parallel);
        loop {
            let Some(Step::Round(round)) = self.supervisor(key).map(|s| &s.step) else { return };
            let Some(child) = round.at else { break };
            match self.state_of(child) {
                Some(State::Restarting { .. }) => {
                    self.start_node(child, Origin::Round);
                    if !is_parallel {
                        return;
                    }
                }
                Some(State::Starting { .. } | State::Stopping(_)) if !is_parallel => return,
                _ => {}
            }
            let next = self.next_of(child);
            self.set_round_cursor(key, next);
        }
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        if is_parallel && supervisor.starting > 0 {
            return;
        }
        supervisor.step = Step::None;
        self.todo.push_back(Todo::Drain(key));
    }

    fn set_round_cursor(&mut self, key: NodeKey, at: Option<NodeKey>) {
        if let Some(Step::Round(round)) = self.supervisor_mut(key).map(|s| &mut s.step) {
            round.at = at;
        }
    }

    /// A member has been taken out of a round that waits: with the last the round is dropped.
    pub(super) fn left_round(&mut self, key: NodeKey) {
        let Some(Step::Round(round)) = self.supervisor(key).map(|s| &s.step) else { return };
        if round.phase != Phase::Waiting {
            return;
        }
        let start_at = round.start_at;
        let is_waited_for =
            |child| matches!(self.state_of(child), Some(State::Restarting { due: None }));
        if !self.members(round.first).any(is_waited_for) {
            self.deadlines.remove(start_at, Due::Round, key);
            if let Some(supervisor) = self.supervisor_mut(key) {
                supervisor.step = Step::None;
            }
            self.todo.push_back(Todo::Drain(key));
        }
    }

    /// Ends the wait of a round now.
    pub(super) fn hurry_round(&mut self, key: NodeKey) {
        let Some(Step::Round(round)) = self.supervisor(key).map(|s| &s.step) else { return };
        if round.phase == Phase::Waiting {
            self.deadlines.remove(round.start_at, Due::Round, key);
            self.begin_round_start(key);
        }
    }
}
