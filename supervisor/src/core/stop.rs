//! Stopping one node: asked, then forced, then given up.

use std::time::Duration;

use super::action::Action;
use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::nodes::Body;
use super::start::Outcome;
use super::state::{After, Origin, State, Stopping};
use super::supervisor::{EndWhy, Ending, Phase, Step};
use crate::event::EventKind;
use crate::policy::decision::Ended;
use crate::policy::shutdown::Grace;
use crate::task::exit::Exit;

impl Engine {
    /// Asks a node that is starting or up to end.
    pub(super) fn stop_node(&mut self, key: NodeKey, after: After) {
        let Some(node) = self.nodes.get(key) else { return };
        if !matches!(node.state, State::Starting { .. } | State::Up) {
            return;
        }
        let is_child = matches!(node.body, Body::Child(_));
        let due = match node.policy().grace {
            Grace::After(_) if cfg!(plant_bug = "no_grace") => Some(self.now),
            Grace::After(grace) => Some(self.now + grace),
            Grace::Infinite => None,
        };
        let up_for = self.up_for(key);
        let is_stuck = matches!(after, After::Stuck { .. });
        self.pass_trial(key, up_for);
        if self.state_of(key) == Some(State::Up) && !cfg!(plant_bug = "stopped_row_goes_on") {
            self.end_rows(key, Ended::Run, up_for);
        }
        self.note(key, EventKind::StopRequested);
        self.set_state(key, State::Stopping(Stopping { due, is_aborted: false, is_stuck, after }));
        if is_child {
            let run = self.run_of(key);
            self.out.extend(run.map(Action::Cancel));
        } else {
            self.begin_end_after(key, EndWhy::Asked, true, up_for);
        }
    }

    /// A supervisor that ends by itself was not asked to, and has as long as its children need.
    /// When it is to be gone for somebody else, too, its grace begins.
    pub(super) fn begin_grace(&mut self, key: NodeKey) {
        let Some(node) = self.nodes.get(key) else { return };
        let ends_by_itself = matches!(
            node.supervisor().map(|supervisor| &supervisor.step),
            Some(Step::Ending(Ending { why: EndWhy::ByItself(_), is_asked: false, .. }))
        );
        let State::Stopping(stopping) = node.state else { return };
        let has_begun = stopping.due.is_some() || stopping.is_aborted;
        let Grace::After(grace) = node.policy().grace else { return };
        if ends_by_itself && !has_begun && !cfg!(plant_bug = "own_end_without_grace") {
            let due = Some(self.now + grace);
            self.set_state(key, State::Stopping(Stopping { due, ..stopping }));
        }
    }

    /// The grace, or the wait after the abort, is over.
    pub(super) fn harder(&mut self, key: NodeKey, stopping: Stopping) {
        let Some(node) = self.nodes.get(key) else { return };
        if matches!(node.body, Body::Supervisor(_)) {
            self.set_state(
                key,
                State::Stopping(Stopping { due: None, is_aborted: true, ..stopping }),
            );
            self.note(key, EventKind::Aborted);
            self.force_below(key);
        } else if stopping.is_aborted {
            self.give_up(key, stopping.after);
        } else {
            self.abort(key, stopping, None);
        }
    }

    /// Ends a run by force. A thread cannot be: it only gets its last chance. How long it has to
    /// go is what it says itself, where nothing is said about all that are aborted with it.
    pub(super) fn abort(&mut self, key: NodeKey, stopping: Stopping, wait: Option<Duration>) {
        let Some(node) = self.nodes.get(key) else { return };
        let due = Some(self.now + wait.unwrap_or(node.policy().abort_wait));
        let is_blocking = node.is_blocking();
        self.set_state(key, State::Stopping(Stopping { due, is_aborted: true, ..stopping }));
        if !is_blocking {
            self.note(key, EventKind::Aborted);
            let run = self.run_of(key);
            self.out.extend(run.map(Action::Abort));
        }
    }

    /// A run that does not end, though it was aborted, is given up. What waited for it goes on.
    fn give_up(&mut self, key: NodeKey, after: After) {
        let parent = self.parent_of(key);
        let timed_out = if let After::StartTimedOut(origin) = after { Some(origin) } else { None };
        let after = timed_out.map_or(after, after_failed_start);
        self.note_row(key, None);
        self.set_state(key, State::Unjoinable { after });
        self.note(key, EventKind::Unjoinable);
        if cfg!(plant_bug = "unjoinable_is_ok") {
            self.answer_stopped(key);
        }
        self.answer_unjoinable(key);
        match (timed_out, parent) {
            (Some(Origin::Init), Some(parent)) => {
                let exit = Exit::TimedOut(crate::task::exit::Deadline::Start);
                self.begin_end(parent, self.start_failure_of(key, exit), false);
            }
            (_, Some(parent)) => self.todo.push_back(Todo::Advance(parent)),
            (_, None) => {}
        }
    }

    /// A node that was being stopped is gone.
    pub(super) fn finish_stop(&mut self, key: NodeKey, after: After, exit: Exit) {
        if self.nodes.get(key).is_none() {
            return;
        }
        let was_unjoinable = matches!(self.state_of(key), Some(State::Unjoinable { .. }));
        if let After::StartTimedOut(origin) = after {
            if was_unjoinable {
                // Nobody waits for this start any more: now it is a death like any other.
                self.record(key, &exit);
                self.note(key, EventKind::StartFailed { exit: exit.clone() });
                return self.ended_by_itself(key, exit, Duration::ZERO);
            }
            // What it took to end it: the next state does not say.
            // seen by: cargo test -p supervisor-tests --test regressions
            if !cfg!(plant_bug = "aborted_start_is_clean") {
                self.note_row(key, Some(&exit));
            }
            self.set_state(key, State::Starting { origin, due: None });
            return self.started(key, Outcome::Failed(exit));
        }
        if let After::Stuck { ready_for } = after {
            // Nobody asked it to end but its own silence: a death like any other.
            self.record(key, &exit);
            self.note(key, EventKind::Exited { exit: exit.clone() });
            return self.ended_by_itself(key, exit, ready_for.into());
        }
        // Of those who go in great numbers, and are about to be forgotten, nothing has to be remembered.
        let is_forgotten = self.is_forgotten_when_down(key);
        let is_gone = is_forgotten
            && after == After::Down
            && self.hold_of(key).is_none()
            && !self.is_disabled(key);
        if !is_gone {
            self.record(key, &exit);
        }
        self.note_row(key, Some(&exit));
        self.note(key, EventKind::Exited { exit: exit.clone() });
        let Some(parent) = self.parent_of(key) else { return self.tree_ended(exit) };
        if matches!(after, After::Start(_) | After::Round) {
            self.answer_joined(key);
        }
        match after {
            After::Down | After::StartTimedOut(_) | After::Stuck { .. } => {
                self.come_to_rest(key);
                // One that is held, or disabled, is still to be had.
                let is_kept = self.hold_of(key).is_some() || self.is_kept_disabled(key);
                if is_forgotten && !is_kept {
                    self.forget(key);
                } else {
                    self.answer_stopped(key);
                }
            }
            After::Remove => {
                let path = self.path_of(key);
                self.set_state(key, State::Down);
                self.remove_for_good(key);
                self.grow_back(parent, &path);
            }
            After::Start(id) => {
                self.set_state(key, State::Down);
                self.start_node(key, Origin::Command(id));
            }
            After::Wait => {
                // Whoever asked for the start that was interrupted: what comes now is another.
                self.set_state(key, State::Waiting { origin: Origin::Restart });
                if !cfg!(plant_bug = "interrupted_start_unanswered") {
                    self.answer_waiting(key);
                }
                self.start_node(key, Origin::Restart);
            }
            After::Round if is_forgotten => {
                self.set_state(key, State::Down);
                self.forget(key);
            }
            After::Round => {
                if exit.is_abnormal() {
                    self.lengthen_round(parent, key, &exit);
                }
                self.set_state(key, State::Restarting { due: None });
                if was_unjoinable && !self.is_awaited_by_round(parent, key) {
                    self.start_node(key, Origin::Restart);
                }
            }
        }
        self.todo.push_back(Todo::Advance(parent));
    }

    /// Whether the supervisor's round has still to come to this member.
    pub(super) fn is_awaited_by_round(&self, parent: NodeKey, key: NodeKey) -> bool {
        let Some(Step::Round(round)) = self.supervisor(parent).map(|s| &s.step) else {
            return false;
        };
        match round.phase {
            Phase::Stopping | Phase::Waiting => self.is_member(key, round.first),
            Phase::Starting => round.at.is_some_and(|at| self.is_member(key, at)),
        }
    }

    /// How long a node has been up without a break.
    pub(super) fn up_for(&self, key: NodeKey) -> Duration {
        let node = self.nodes.get(key).filter(|node| node.state == State::Up);
        node.map_or(Duration::ZERO, |node| self.now.since(node.since))
    }
}

/// What follows when a run that failed to start, and was given up, is gone after all: what would
/// have followed at once, had it gone.
pub(super) fn after_failed_start(origin: Origin) -> After {
    match origin {
        Origin::Round | Origin::Restart | Origin::Probe | Origin::Late => {
            After::StartTimedOut(origin)
        }
        Origin::Init | Origin::Command(_) => After::Down,
        Origin::Add(_) => After::Remove,
    }
}
