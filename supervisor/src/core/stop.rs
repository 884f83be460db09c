//! Stopping: one node, a whole supervisor, and the tree; asked, then forced, then given up.

use std::sync::Arc;
use std::time::Duration;

use super::action::Action;
use super::deadline::Due;
use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::nodes::Body;
use super::start::Outcome;
use super::state::{After, Origin, State, Stopping};
use super::supervisor::{EndWhy, Ending, Pending, Phase, Round, Step};
use crate::control::command::By;
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::Rule;
use crate::policy::failure::TaskFailureKind;
use crate::policy::restart::Restart;
use crate::policy::shutdown::Grace;
use crate::report::{ReportRow, RowEnd};
use crate::task::exit::{Exit, TaskFailure};

/// A child failed to start while its supervisor started.
#[derive(Clone, Debug, thiserror::Error)]
#[error("its child `{child}` failed to start: {exit}")]
pub(crate) struct ChildStartError {
    pub(crate) child: ChildPath,
    pub(crate) exit: Exit,
}

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
        self.note(key, EventKind::StopRequested);
        self.set_state(
            key,
            State::Stopping(Stopping { since: self.now, due, is_aborted: false, is_stuck, after }),
        );
        if is_child {
            let run = self.run_of(key);
            self.out.extend(run.map(Action::Cancel));
        } else {
            self.begin_end_after(key, EndWhy::Asked, true, up_for);
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
            self.abort(key, stopping);
        }
    }

    /// Ends a run by force. A thread cannot be: it only gets its last chance.
    fn abort(&mut self, key: NodeKey, stopping: Stopping) {
        let Some(node) = self.nodes.get(key) else { return };
        let due = Some(self.now + node.policy().abort_wait);
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
            self.set_state(key, State::Starting { origin, due: None });
            return self.started(key, Outcome::Failed(exit));
        }
        if let After::Stuck { ready_for } = after {
            // Nobody asked it to end but its own silence: a death like any other.
            self.record(key, &exit);
            self.note(key, EventKind::Exited { exit: exit.clone() });
            return self.ended_by_itself(key, exit, ready_for);
        }
        self.record(key, &exit);
        self.note_row(key, Some(&exit));
        self.note(key, EventKind::Exited { exit: exit.clone() });
        let Some(parent) = self.parent_of(key) else { return self.tree_ended(exit) };
        if matches!(after, After::Start(_) | After::Round) {
            self.answer_joined(key);
        }
        let is_temporary = self.policy(key).restart == Restart::Temporary;
        match after {
            After::Down | After::StartTimedOut(_) | After::Stuck { .. } => {
                self.come_to_rest(key);
                // One that is held is still to be had.
                if is_temporary && self.hold_of(key).is_none() {
                    self.forget(key);
                } else {
                    self.answer_stopped(key);
                }
            }
            After::Remove => {
                self.set_state(key, State::Down);
                self.remove_for_good(key);
            }
            After::Start(id) => {
                self.set_state(key, State::Down);
                self.start_node(key, Origin::Command(id));
            }
            After::Round if is_temporary => {
                self.set_state(key, State::Down);
                self.forget(key);
            }
            After::Round => {
                if exit.is_abnormal() {
                    self.lengthen_round(parent, key);
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
    fn is_awaited_by_round(&self, parent: NodeKey, key: NodeKey) -> bool {
        let Some(Step::Round(round)) = self.supervisor(parent).map(|s| &s.step) else {
            return false;
        };
        match round.phase {
            Phase::Stopping | Phase::Waiting => self.is_member(key, round.first),
            Phase::Starting => round.at.is_some_and(|at| self.is_member(key, at)),
        }
    }

    /// Ends a supervisor: its children are stopped, youngest first.
    pub(super) fn begin_end(&mut self, key: NodeKey, why: EndWhy, is_asked: bool) {
        let up_for = self.up_for(key);
        self.begin_end_after(key, why, is_asked, up_for);
    }

    fn begin_end_after(&mut self, key: NodeKey, why: EndWhy, is_asked: bool, up_for: Duration) {
        let now = self.now;
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        if let Step::Ending(ending) = &mut supervisor.step {
            ending.is_asked |= is_asked;
            return;
        }
        let ends_by_itself = matches!(why, EndWhy::ByItself(_));
        let youngest =
            if cfg!(plant_bug = "no_reverse_order") { supervisor.first } else { supervisor.last };
        let ending = Ending { at: youngest, why, is_asked, up_for };
        let budget = supervisor.plan.budget;
        let before = std::mem::replace(&mut supervisor.step, Step::Ending(ending));
        if let Step::Round(Round { phase: Phase::Waiting, start_at, .. }) = before {
            self.deadlines.remove(start_at, Due::Round, key);
        }
        if ends_by_itself {
            self.set_state(
                key,
                State::Stopping(Stopping {
                    since: now,
                    due: None,
                    is_aborted: false,
                    is_stuck: false,
                    after: After::Down,
                }),
            );
        }
        if key == self.root {
            self.ledger.begin(now);
            if !cfg!(plant_bug = "budget_ignored") {
                self.deadlines.add(now + budget, Due::Budget, key);
            }
            self.answer_never_ready();
        }
        self.quiesce(key);
        self.todo.push_back(Todo::Advance(key));
    }

    /// Lets nothing start any more below a supervisor that ends, however long it takes until the
    /// stop comes to it: waits, rounds and starts that were to follow are dropped.
    fn quiesce(&mut self, key: NodeKey) {
        if cfg!(plant_bug = "waits_outlive_the_stop") {
            return;
        }
        for child in self.children(key) {
            self.drop_round(child);
            if self.supervisor(child).is_some() {
                self.quiesce(child);
            }
            match self.state_of(child) {
                Some(State::Idle | State::Ended { .. } | State::Restarting { .. }) => {
                    self.set_state(child, State::Down);
                    if self.policy(child).restart == Restart::Temporary {
                        self.forget(child);
                    } else {
                        self.answer_stopped(child);
                    }
                }
                Some(State::Stopping(mut stopping)) if stopping.after != After::Remove => {
                    stopping.after = After::Down;
                    self.set_state(child, State::Stopping(stopping));
                }
                Some(State::Unjoinable { after }) if after != After::Remove => {
                    self.set_state(child, State::Unjoinable { after: After::Down });
                }
                Some(State::Quarantined { .. }) => {
                    self.set_state(child, State::Quarantined { due: None });
                }
                _ => {}
            }
        }
    }

    /// Forgets a restart round of a supervisor that has nothing to restart any more.
    fn drop_round(&mut self, key: NodeKey) {
        let Some(Step::Round(round)) = self.supervisor(key).map(|s| &s.step) else { return };
        if round.phase == Phase::Waiting {
            self.deadlines.remove(round.start_at, Due::Round, key);
        }
        if let Some(supervisor) = self.supervisor_mut(key) {
            supervisor.step = Step::None;
        }
        self.todo.push_back(Todo::Drain(key));
    }

    /// Whether a supervisor, or one above it, ends: then nothing is decided and nothing starts.
    pub(super) fn is_ending(&self, key: NodeKey) -> bool {
        if cfg!(plant_bug = "restarts_while_ending") {
            return false;
        }
        let mut above = std::iter::successors(Some(key), |&key| self.parent_of(key));
        above.any(|key| self.supervisor(key).is_some_and(|s| matches!(s.step, Step::Ending(_))))
    }

    /// Stops the next child, youngest first, when the one before is gone; those of a pool all at
    /// the same time.
    pub(super) fn advance_end(&mut self, key: NodeKey) {
        loop {
            let Some(supervisor) = self.supervisor(key) else { return };
            let Step::Ending(Ending { at, .. }) = &supervisor.step else { return };
            let is_one_by_one = !supervisor.plan.is_pool || cfg!(plant_bug = "pool_one_by_one");
            if supervisor.stopping > 0 && (is_one_by_one || at.is_none()) {
                return;
            }
            let Some(child) = *at else { return self.supervisor_ended(key) };
            let prev = self.prev_of(child);
            let prev =
                if cfg!(plant_bug = "no_reverse_order") { self.next_of(child) } else { prev };
            if let Some(Step::Ending(ending)) = self.supervisor_mut(key).map(|s| &mut s.step) {
                ending.at = prev;
            }
            match self.state_of(child) {
                Some(State::Up | State::Starting { .. }) => self.stop_node(child, After::Down),
                // Gone, on its way, or given up. What was to start has been dropped already.
                Some(
                    State::Idle
                    | State::Stopping(_)
                    | State::Ended { .. }
                    | State::Restarting { .. }
                    | State::Down
                    | State::Paused
                    | State::Quarantined { .. }
                    | State::Unjoinable { .. },
                )
                | None => {}
            }
        }
    }

    /// All children of a supervisor are gone, or given up.
    fn supervisor_ended(&mut self, key: NodeKey) {
        let Some(state) = self.state_of(key) else { return };
        let is_root = key == self.root;
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        let is_held = supervisor.unjoinable > 0 && !is_root && !cfg!(plant_bug = "overlap");
        let Step::Ending(ending) = std::mem::replace(&mut supervisor.step, Step::None) else {
            return;
        };
        let queue = std::mem::take(&mut supervisor.queue);
        for pending in queue {
            if let Pending::Command(id, verb, _) = pending {
                self.unsettled -= 1;
                let error = self.is_down(verb.path(), key);
                self.reply(id, Err(error));
            }
        }
        if is_held {
            return self.hold_unjoinable(key, state, ending);
        }
        // At the end of the tree all of them have their rows in the report.
        let children = if self.ledger.has_begun() { Vec::new() } else { self.children(key) };
        for child in children {
            if self.nodes.get(child).is_some_and(|child| !child.is_declared) {
                self.purge(child);
            }
        }
        self.after_end(key, state, ending);
    }

    fn after_end(&mut self, key: NodeKey, state: State, ending: Ending) {
        match (ending.why, ending.is_asked) {
            (EndWhy::StartFailed { child, exit }, false) => {
                let class = exit.failure_kind().filter(|_| !cfg!(plant_bug = "class_lost"));
                let kind = class.unwrap_or(TaskFailureKind::Recoverable);
                let error = ChildStartError { child, exit };
                let exit = Exit::Failed(TaskFailure::new(kind, error));
                match state {
                    State::Unjoinable { after } => self.finish_stop(key, after, exit),
                    _ => self.started(key, Outcome::Failed(exit)),
                }
            }
            (EndWhy::ByItself(exit), false) => {
                self.record(key, &exit);
                self.note(key, EventKind::Exited { exit: exit.clone() });
                self.ended_by_itself(key, exit, ending.up_for);
            }
            (why, _) => {
                let exit = match why {
                    EndWhy::ByItself(exit) => exit,
                    EndWhy::Asked | EndWhy::StartFailed { .. } => Exit::Shutdown,
                };
                let after = match state {
                    State::Stopping(stopping) => stopping.after,
                    State::Unjoinable { after } => after,
                    _ => After::Down,
                };
                self.finish_stop(key, after, exit);
            }
        }
    }

    /// A supervisor is not over while a run below it is not: nothing may start in its place.
    fn hold_unjoinable(&mut self, key: NodeKey, state: State, ending: Ending) {
        let parent = self.parent_of(key);
        let starting = match state {
            State::Starting { origin, .. } => Some(origin),
            _ => None,
        };
        let after = match state {
            State::Starting { origin, .. } => after_failed_start(origin),
            State::Stopping(stopping) => stopping.after,
            State::Unjoinable { after } => after,
            _ => After::Down,
        };
        let is_new = !matches!(state, State::Unjoinable { .. });
        let failure = match &ending.why {
            EndWhy::StartFailed { .. } => Some(ending.why.clone()),
            EndWhy::ByItself(_) | EndWhy::Asked => None,
        };
        if let Some(supervisor) = self.supervisor_mut(key) {
            supervisor.step = Step::Ending(ending);
        }
        if !is_new {
            return;
        }
        self.note_row(key, None);
        self.set_state(key, State::Unjoinable { after });
        self.note(key, EventKind::Unjoinable);
        self.answer_unjoinable(key);
        match (starting, failure, parent) {
            (Some(Origin::Init), Some(failure), Some(parent)) => {
                self.begin_end(parent, failure, false);
            }
            (_, _, Some(parent)) => self.todo.push_back(Todo::Advance(parent)),
            (_, _, None) => {}
        }
    }

    /// The whole tree is asked to end. Asking twice changes nothing.
    pub(super) fn begin_shutdown(&mut self, by: By) {
        if self.ledger.requested.is_some() || self.ledger.is_over() {
            return;
        }
        let (requested_by, reason) = (Arc::clone(&by.requested_by), Arc::clone(&by.reason));
        self.note(self.root, EventKind::ShutdownRequested { requested_by, reason });
        self.ledger.requested = Some(by);
        self.stop_node(self.root, After::Down);
    }

    pub(super) fn shut_down_over(&mut self, key: NodeKey, rule: Rule) {
        let requested_by = Arc::from(self.path_of(key).as_str());
        self.begin_shutdown(By { requested_by, reason: rule.to_string().into() });
    }

    /// Cancels and aborts everything that is still live, at once.
    pub(super) fn force_all(&mut self) {
        if self.ledger.is_over() || self.ledger.is_forced {
            return;
        }
        self.ledger.is_forced = true;
        self.note(self.root, EventKind::ShutdownForced);
        self.force_below(self.root);
    }

    fn force_below(&mut self, key: NodeKey) {
        let mut below = self.children(key);
        while let Some(key) = below.pop() {
            let Some(node) = self.nodes.get(key) else { continue };
            let (state, is_child) = (node.state, matches!(node.body, Body::Child(_)));
            if !is_child {
                below.extend(self.children(key));
            }
            if matches!(state, State::Up | State::Starting { .. }) {
                self.stop_node(key, After::Down);
            }
            if let Some(State::Stopping(stopping)) = self.state_of(key)
                && is_child
                && !stopping.is_aborted
            {
                self.abort(key, stopping);
            }
        }
    }

    /// Nothing is left.
    pub(super) fn tree_ended(&mut self, exit: Exit) {
        if self.ledger.is_over() {
            return;
        }
        self.set_state(self.root, State::Down);
        self.finish_ledger(exit);
        for id in self.waiters.take_all() {
            self.reply(id, Err(SupervisorError::ShuttingDown));
        }
        let is_clean = self.ledger.is_clean();
        self.note(self.root, EventKind::Ended { is_clean });
        self.out.push(Action::End);
    }

    /// Drops a child that its supervisor is to know no longer, with everything below it.
    pub(super) fn forget(&mut self, key: NodeKey) {
        self.note(key, EventKind::Removed);
        let Some(parent) = self.parent_of(key) else { return };
        let (prev, next) = (self.prev_of(key), self.next_of(key));
        if let Some(supervisor) = self.supervisor_mut(parent) {
            supervisor.is_changed = true;
            match &mut supervisor.step {
                Step::Starting { at } if *at == Some(key) => *at = next,
                Step::Ending(ending) if ending.at == Some(key) => ending.at = prev,
                Step::Round(round) => {
                    if round.at == Some(key) {
                        round.at = if round.phase == Phase::Starting { next } else { prev };
                    }
                    for first in [&mut round.first, &mut round.stop_first] {
                        if *first == key {
                            *first = next.unwrap_or(key);
                        }
                    }
                }
                _ => {}
            }
        }
        self.purge(key);
        self.todo.push_back(Todo::Advance(parent));
    }

    /// Drops a child that is to stay away even when its supervisor is restarted.
    pub(super) fn remove_for_good(&mut self, key: NodeKey) {
        let Some(node) = self.nodes.get(key) else { return };
        let path = node.path.clone();
        if node.is_declared && !cfg!(plant_bug = "removal_forgotten") {
            self.removed.insert(path.clone());
        }
        self.drop_holds(&path);
        self.forget(key);
    }

    /// Drops a node and everything below it.
    pub(super) fn purge(&mut self, key: NodeKey) {
        for child in self.children(key) {
            self.purge(child);
        }
        self.set_state(key, State::Down);
        self.answer_removed(key);
        if let Some(node) = self.nodes.get(key).filter(|node| !node.is_declared) {
            let path = node.path.clone();
            self.drop_holds(&path);
        }
        if self.ledger.has_begun()
            && let Some(node) = self.nodes.get(key)
        {
            self.ledger.forgotten.push((node.path.clone(), node.generation));
        }
        self.nodes.unlink(key);
        self.nodes.remove(key);
    }

    /// How long a node has been up without a break.
    fn up_for(&self, key: NodeKey) -> Duration {
        let node = self.nodes.get(key).filter(|node| node.state == State::Up);
        node.map_or(Duration::ZERO, |node| self.now.since(node.since))
    }

    /// Why a supervisor did not start: the innermost child that failed to.
    pub(super) fn start_failure_of(&self, key: NodeKey, exit: Exit) -> EndWhy {
        if let Exit::Failed(failure) = &exit
            && let Some(inner) = failure.error().downcast_ref::<ChildStartError>()
        {
            return EndWhy::StartFailed { child: inner.child.clone(), exit: inner.exit.clone() };
        }
        EndWhy::StartFailed { child: self.path_of(key), exit }
    }

    pub(super) fn note_row(&mut self, key: NodeKey, exit: Option<&Exit>) {
        let now = self.now;
        let Some(node) = self.nodes.get(key).filter(|_| self.ledger.has_begun()) else { return };
        if key == self.root {
            return;
        }
        let (asked_at, was_aborted) = match node.state {
            State::Stopping(stopping) => {
                (Some(stopping.since), stopping.is_aborted && !node.is_blocking())
            }
            State::Unjoinable { .. } => (Some(now), false),
            _ => (None, false),
        };
        let end = exit.map_or(RowEnd::Unjoinable, |exit| RowEnd::Ended(exit.clone()));
        self.ledger.row(ReportRow {
            path: node.path.clone(),
            generation: node.generation,
            end,
            took: asked_at.map_or(Duration::ZERO, |at| now.since(at)),
            was_cancelled: asked_at.is_some(),
            was_aborted,
        });
    }
}

/// What follows when a run that failed to start, and was given up, is gone after all: what would
/// have followed at once, had it gone.
fn after_failed_start(origin: Origin) -> After {
    match origin {
        Origin::Round | Origin::Restart | Origin::Probe => After::StartTimedOut(origin),
        Origin::Init | Origin::Command(_) => After::Down,
        Origin::Add(_) => After::Remove,
    }
}
