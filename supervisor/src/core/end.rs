//! The end of a supervisor: its children are stopped, youngest first, and nothing starts any more.

use std::time::Duration;

use super::deadline::Due;
use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::start::Outcome;
use super::state::{After, Origin, State, Stopping};
use super::stop::after_failed_start;
use super::supervisor::{EndWhy, Ending, Pending, Phase, Round, Step};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::decision::Ended;
use crate::policy::failure::TaskFailureKind;
use crate::task::exit::{Exit, TaskFailure};

/// A child failed to start while its supervisor started.
#[derive(Clone, Debug, thiserror::Error)]
#[error("its child `{child}` failed to start: {exit}")]
pub(crate) struct ChildStartError {
    pub(crate) child: ChildPath,
    pub(crate) exit: Exit,
}

impl Engine {
    /// Ends a supervisor: its children are stopped, youngest first.
    pub(super) fn begin_end(&mut self, key: NodeKey, why: EndWhy, is_asked: bool) {
        let up_for = self.up_for(key);
        let was_up = self.state_of(key) == Some(State::Up);
        // Now, because somebody may ask it to end meanwhile, or a round take it with it.
        if was_up && !cfg!(plant_bug = "trial_passed_when_gone") {
            self.pass_trial(key, up_for);
        }
        if was_up && !cfg!(plant_bug = "ended_row_goes_on") {
            self.end_rows(key, Ended::Run, up_for);
        }
        self.begin_end_after(key, why, is_asked, up_for);
    }

    pub(super) fn begin_end_after(
        &mut self,
        key: NodeKey,
        why: EndWhy,
        is_asked: bool,
        up_for: Duration,
    ) {
        let now = self.now;
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        if let Step::Ending(ending) = &mut supervisor.step {
            ending.is_asked |= is_asked;
            return;
        }
        let ends_by_itself = matches!(why, EndWhy::ByItself(_));
        let youngest =
            if cfg!(plant_bug = "no_reverse_order") { supervisor.first } else { supervisor.last };
        let is_parallel = supervisor.is_parallel();
        let budget = supervisor.plan.budget;
        let layers = is_parallel.then(|| {
            let mut layers = self.layers(key, None);
            if matches!(why, EndWhy::StartFailed { .. })
                && !cfg!(plant_bug = "failed_start_goes_on")
            {
                layers.rest.push(self.in_start(key));
            }
            layers
        });
        let ending = Ending { at: youngest, layers, why, is_asked, up_for };
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        let before = std::mem::replace(&mut supervisor.step, Step::Ending(ending));
        if let Step::Round(Round { phase: Phase::Waiting, start_at, .. }) = before {
            self.deadlines.remove(start_at, Due::Round, key);
        }
        if ends_by_itself {
            self.set_state(
                key,
                State::Stopping(Stopping {
                    due: None,
                    is_aborted: false,
                    is_stuck: false,
                    after: After::Down,
                }),
            );
        }
        if key == self.root {
            self.ledger.begin(now, self.nodes.live());
            if !cfg!(plant_bug = "budget_ignored") {
                self.deadlines.add(now + budget, Due::Budget, key);
            }
            self.answer_never_ready();
        }
        // They are waited for from now on.
        for child in self.children(key) {
            self.begin_grace(child);
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
                Some(
                    State::Idle
                    | State::Waiting { .. }
                    | State::Ended { .. }
                    | State::Restarting { .. },
                ) => {
                    self.set_state(child, State::Down);
                    if self.is_forgotten_when_down(child) {
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
    /// the same time; those of a parallel supervisor layer by layer.
    pub(super) fn advance_end(&mut self, key: NodeKey) {
        loop {
            let Some(supervisor) = self.supervisor(key) else { return };
            let Step::Ending(Ending { at, layers, .. }) = &supervisor.step else { return };
            if layers.is_some() {
                if self.stop_layers(key, After::Down) {
                    self.supervisor_ended(key);
                }
                return;
            }
            let is_one_by_one = !supervisor.plan.is_pool() || cfg!(plant_bug = "pool_one_by_one");
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
                    | State::Waiting { .. }
                    | State::Stopping(_)
                    | State::Ended { .. }
                    | State::Restarting { .. }
                    | State::Down
                    | State::Disabled
                    | State::Paused
                    | State::Quarantined { .. }
                    | State::Unjoinable { .. },
                )
                | None => {}
            }
        }
    }

    /// All children of a supervisor are gone, or given up.
    pub(super) fn supervisor_ended(&mut self, key: NodeKey) {
        let Some(state) = self.state_of(key) else { return };
        let is_root = key == self.root;
        let Some(supervisor) = self.supervisor_mut(key) else { return };
        let is_held = supervisor.unjoinable > 0 && !is_root && !cfg!(plant_bug = "overlap");
        let Step::Ending(ending) = std::mem::replace(&mut supervisor.step, Step::None) else {
            return;
        };
        let queue = std::mem::take(&mut supervisor.queue);
        for pending in queue {
            match pending {
                Pending::Command(id, verb, _) => {
                    self.unsettled -= 1;
                    let error = self.is_down(verb.path(), key);
                    self.reply(id, Err(error));
                }
                Pending::Enabled(child) => drop(self.wake(child)),
                Pending::Death(_) | Pending::Probe(_) => {}
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
            _ => After::Down,
        };
        let failure = match &ending.why {
            EndWhy::StartFailed { .. } => Some(ending.why.clone()),
            EndWhy::ByItself(_) | EndWhy::Asked => None,
        };
        if let Some(supervisor) = self.supervisor_mut(key) {
            supervisor.step = Step::Ending(ending);
        }
        // It has been given up before, and what follows has been said.
        if let State::Unjoinable { .. } = state {
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

    /// Why a supervisor did not start: the innermost child that failed to.
    pub(super) fn start_failure_of(&self, key: NodeKey, exit: Exit) -> EndWhy {
        if let Exit::Failed(failure) = &exit
            && let Some(inner) = failure.error().downcast_ref::<ChildStartError>()
        {
            return EndWhy::StartFailed { child: inner.child.clone(), exit: inner.exit.clone() };
        }
        EndWhy::StartFailed { child: self.path_of(key), exit }
    }
}
