//! Commands: what each means in each state of the child.

use std::sync::Arc;

use super::engine::{Engine, Todo};
use super::hold::HoldKind;
use super::key::NodeKey;
use super::state::{After, Origin, State};
use super::supervisor::{Pending, Step};
use super::waiters::Wants;
use crate::control::command::{By, Command, RELOAD, Reply, Verb};
use crate::error::types::SupervisorError;
use crate::event::{EventKind, ForceCause};
use crate::id::{ChildPath, CommandId, nearest};
use crate::state::CommandRecord;

impl Engine {
    pub(super) fn command(&mut self, id: CommandId, command: Command) {
        if self.ledger.is_over() {
            return self.reply(id, Err(SupervisorError::ShuttingDown));
        }
        match command {
            Command::Reload { spec, kept, changes, by } => {
                let reply = self.reconfigure(id, &spec, kept, &changes, &by);
                let reply = reply.map(|()| self.outcome(self.root, false));
                self.reply(id, reply);
            }
            Command::Do(verb, by) => self.verb(id, verb, by),
            Command::WaitReady(path) => match self.nodes.find(&path) {
                None => {
                    let error = self.unknown(&path);
                    self.reply(id, Err(error));
                }
                Some(key) if self.state_of(key) == Some(State::Disabled) => {
                    let error = self.disabled(key);
                    self.reply(id, Err(error));
                }
                Some(key) if self.state_of(key) == Some(State::Up) => {
                    let outcome = self.outcome(key, false);
                    self.reply(id, Ok(outcome));
                }
                Some(_) if self.ledger.has_begun() => {
                    self.reply(id, Err(SupervisorError::ShuttingDown));
                }
                Some(key) => self.waiters.add(key, id, Wants::Ready),
            },
            Command::Shutdown(by) => self.begin_shutdown(by),
            Command::ShutdownNow(by) => {
                let cause = ForceCause::Requested {
                    requested_by: Arc::clone(&by.requested_by),
                    reason: Arc::clone(&by.reason),
                };
                self.begin_shutdown(by);
                let is_known = !cfg!(plant_bug = "forced_by_nobody");
                self.force_all(if is_known { cause } else { ForceCause::BudgetSpent });
            }
        }
    }

    /// Carries out a change, or lets it wait for the step that its supervisor is in.
    pub(super) fn verb(&mut self, id: CommandId, verb: Verb, by: By) {
        let found = self.resolve(&verb);
        let (supervisor, key) = match found {
            Ok(found) => found,
            Err(error) => return self.reply(id, Err(error)),
        };
        let waits = match verb {
            Verb::Add { .. }
            | Verb::Spawn { .. }
            | Verb::Start(_)
            | Verb::Restart(_)
            | Verb::Resume(_) => {
                self.supervisor(supervisor).is_some_and(super::supervisor::Supervisor::is_busy)
            }
            // These interrupt what is going on.
            Verb::Stop(_)
            | Verb::Delete(_)
            | Verb::Remove(_)
            | Verb::Pause(_)
            | Verb::Quarantine(_)
            | Verb::ResetBudget(_) => false,
        };
        if waits {
            if let Some(supervisor) = self.supervisor_mut(supervisor) {
                supervisor.queue.push_back(Pending::Command(id, verb, by));
                self.unsettled += 1;
            }
            return;
        }
        let name = match &verb {
            Verb::Spawn { id, .. } => Some(self.name_of_next(supervisor, id.as_ref())),
            _ => None,
        };
        let adds = match (&name, &verb) {
            (Some(name), _) => Some(name.id.shared()),
            (None, Verb::Add { spec, .. }) => Some(Arc::clone(spec.shared_id())),
            (None, _) => None,
        };
        self.remember_command(key.unwrap_or(supervisor), id, &verb, adds, &by);
        let keeps_or_starts = match verb {
            Verb::Start(_)
            | Verb::Restart(_)
            | Verb::Resume(_)
            | Verb::Pause(_)
            | Verb::Quarantine(_)
            | Verb::ResetBudget(_) => true,
            Verb::Add { .. }
            | Verb::Spawn { .. }
            | Verb::Stop(_)
            | Verb::Delete(_)
            | Verb::Remove(_) => false,
        };
        // Also while it is still being stopped because of that.
        let is_disabled = |key| self.nodes.get(key).is_some_and(|node| !node.policy().enabled);
        let disabled = key.filter(|&key| keeps_or_starts && is_disabled(key));
        if let Some(key) = disabled.filter(|_| !cfg!(plant_bug = "disabled_is_restarted")) {
            let error = self.disabled(key);
            return self.reply(id, Err(error));
        }
        let reply = match (verb, key) {
            (Verb::Add { spec, .. }, _) => self.add(id, supervisor, &spec),
            (Verb::Spawn { arguments, overrides, .. }, _) => {
                name.and_then(|name| self.spawn(id, supervisor, &name, arguments, overrides))
            }
            (Verb::Start(_), Some(key)) => self.start(id, key),
            (Verb::Stop(_), Some(key)) => self.stop(id, supervisor, key),
            (Verb::Restart(_), Some(key)) => self.restart_by_command(id, supervisor, key),
            (Verb::Delete(_), Some(key)) => self.delete(key),
            (Verb::Remove(_), Some(key)) => self.remove(id, supervisor, key),
            (Verb::Pause(_), Some(key)) => self.hold(id, supervisor, key, HoldKind::Pause, by),
            (Verb::Quarantine(_), Some(key)) => {
                self.hold(id, supervisor, key, HoldKind::Quarantine, by)
            }
            (Verb::Resume(_), Some(key)) => self.resume(id, key),
            (Verb::ResetBudget(_), Some(key)) => {
                self.reset_budget(Some(id), key);
                Some(Ok(self.outcome(key, false)))
            }
            (_, None) => Some(Err(SupervisorError::ShuttingDown)),
        };
        if let Some(reply) = reply {
            self.reply(id, reply);
        }
    }

    /// Says that a reload was accepted.
    pub(super) fn remember_reload(&mut self, id: CommandId, by: &By) {
        let By { requested_by, reason } = by.clone();
        let kind = EventKind::Commanded { command: RELOAD, adds: None, requested_by, reason };
        self.note_for(self.root, Some(id), kind);
    }

    /// Says that a command was accepted, and keeps it with the child.
    fn remember_command(
        &mut self,
        key: NodeKey,
        id: CommandId,
        verb: &Verb,
        adds: Option<Arc<str>>,
        by: &By,
    ) {
        let (command, By { requested_by, reason }) = (verb.name(), by.clone());
        let (at, generation) = (self.now.elapsed(), self.generation_of(key));
        let record = CommandRecord { id, command, requested_by, reason, at, generation };
        let By { requested_by, reason } = by.clone();
        if let Some(node) = self.nodes.get_mut(key) {
            node.history_mut().command = Some(record);
        }
        let adds = adds.filter(|_| !cfg!(plant_bug = "unnamed_addition"));
        self.note_for(key, Some(id), EventKind::Commanded { command, adds, requested_by, reason });
    }

    /// The supervisor that a change concerns, and the child, where the change names one.
    fn resolve(&self, verb: &Verb) -> Result<(NodeKey, Option<NodeKey>), SupervisorError> {
        if self.ledger.has_begun() {
            return Err(SupervisorError::ShuttingDown);
        }
        let path = verb.path();
        let is_add = verb.is_addition();
        if path.is_root() && !is_add {
            return Err(SupervisorError::IsRoot);
        }
        // A supervisor that does not run answers for everything below it, known or not.
        let found = self.nodes.find(path);
        let mut at = match found {
            Some(key) if is_add => Some(key),
            Some(key) => self.parent_of(key),
            None => self.deepest_known(path).1,
        };
        while let Some(key) = at {
            let node = self.nodes.get(key);
            if let Some(node) = node.filter(|node| node.supervisor().is_some()) {
                let is_ending =
                    node.supervisor().is_some_and(|s| matches!(s.step, Step::Ending(_)));
                if is_ending || !matches!(node.state, State::Up | State::Starting { .. }) {
                    return Err(self.is_down(path, key));
                }
            }
            at = self.parent_of(key);
        }
        let Some(key) = found else {
            let (deepest, _) = self.deepest_known(path);
            let is_task =
                self.nodes.find(&deepest).is_some_and(|key| self.supervisor(key).is_none());
            return Err(if is_task {
                SupervisorError::NotASupervisor { path: deepest }
            } else {
                self.unknown(path)
            });
        };
        if is_add {
            if self.supervisor(key).is_none() {
                return Err(SupervisorError::NotASupervisor { path: path.clone() });
            }
            return Ok((key, None));
        }
        let parent = self.parent_of(key).ok_or(SupervisorError::IsRoot)?;
        Ok((parent, Some(key)))
    }

    pub(super) fn is_down(&self, path: &ChildPath, supervisor: NodeKey) -> SupervisorError {
        if self.ledger.has_begun() {
            return SupervisorError::ShuttingDown;
        }
        let state = self.state_of(supervisor).unwrap_or(State::Down);
        if state == State::Disabled {
            return self.disabled(supervisor);
        }
        SupervisorError::SupervisorDown {
            path: path.clone(),
            supervisor: self.path_of(supervisor),
            lifecycle: state.lifecycle(),
        }
    }

    /// That it is not to be started, and who says so.
    pub(super) fn disabled(&self, key: NodeKey) -> SupervisorError {
        let above = std::iter::successors(Some(key), |&key| self.parent_of(key));
        let by = above.into_iter().filter(|&key| !self.policy(key).enabled).last();
        SupervisorError::Disabled { path: self.path_of(by.unwrap_or(key)) }
    }

    /// The longest part of a path that is known.
    fn deepest_known(&self, path: &ChildPath) -> (ChildPath, Option<NodeKey>) {
        let mut known = path.clone();
        loop {
            if let Some(key) = self.nodes.find(&known) {
                return (known, Some(key));
            }
            match known.parent() {
                Some(parent) => known = parent,
                None => return (ChildPath::root(), Some(self.root)),
            }
        }
    }

    /// Says that a path is unknown, and which known one differs least from it.
    pub(super) fn unknown(&self, path: &ChildPath) -> SupervisorError {
        let (known, key) = self.deepest_known(path);
        let siblings = key.into_iter().flat_map(|key| self.children(key));
        let nearest_path = nearest(path, &known, siblings.map(|child| self.path_of(child)));
        SupervisorError::UnknownPath { path: path.clone(), known, nearest_path }
    }

    fn start(&mut self, id: CommandId, key: NodeKey) -> Option<Reply> {
        let path = self.path_of(key);
        match self.state_of(key)? {
            State::Starting { .. } | State::Up | State::Stopping(_) => {
                Some(Err(SupervisorError::Running { path }))
            }
            State::Unjoinable { .. } => Some(Err(SupervisorError::Unjoinable { path })),
            State::Waiting { .. } => Some(Err(self.is_waiting(key))),
            State::Idle | State::Ended { .. } | State::Restarting { .. } => {
                Some(Err(SupervisorError::Restarting { path }))
            }
            State::Disabled => Some(Err(self.disabled(key))),
            State::Paused => Some(Err(SupervisorError::Paused { path })),
            State::Quarantined { .. } => Some(Err(SupervisorError::Quarantined { path })),
            State::Down => {
                self.waiters.add(key, id, Wants::Started);
                self.start_node(key, Origin::Command(id));
                None
            }
        }
    }

    fn stop(&mut self, id: CommandId, parent: NodeKey, key: NodeKey) -> Option<Reply> {
        match self.state_of(key)? {
            State::Starting { .. } | State::Up => {
                self.waiters.add(key, id, Wants::Stopped);
                self.stop_node(key, After::Down);
                None
            }
            State::Stopping(mut stopping) => {
                if stopping.after != After::Remove {
                    stopping.after = After::Down;
                    self.set_state(key, State::Stopping(stopping));
                    self.mark_asked(key);
                }
                self.waiters.add(key, id, Wants::Stopped);
                None
            }
            State::Idle
            | State::Waiting { .. }
            | State::Ended { .. }
            | State::Restarting { .. } => {
                if cfg!(plant_bug = "stop_keeps_the_retry") {
                    return Some(Ok(self.outcome(key, false)));
                }
                self.set_state(key, State::Down);
                self.waiters.add(key, id, Wants::Stopped);
                if self.is_forgotten_when_down(key) {
                    self.forget(key);
                } else {
                    self.answer_stopped(key);
                }
                self.left_round(parent);
                self.todo.push_back(Todo::Advance(parent));
                None
            }
            State::Down | State::Disabled | State::Paused | State::Quarantined { .. } => {
                Some(Ok(self.outcome(key, false)))
            }
            State::Unjoinable { after } => {
                if after != After::Remove {
                    self.set_state(key, State::Unjoinable { after: After::Down });
                    self.mark_asked(key);
                }
                Some(Err(SupervisorError::Unjoinable { path: self.path_of(key) }))
            }
        }
    }

    fn restart_by_command(
        &mut self,
        id: CommandId,
        parent: NodeKey,
        key: NodeKey,
    ) -> Option<Reply> {
        let path = self.path_of(key);
        let state = self.state_of(key)?;
        let is_removed = matches!(state, State::Stopping(s) if s.after == After::Remove);
        if !is_removed && !matches!(state, State::Unjoinable { .. }) {
            match self.hold_of(key).map(|hold| hold.kind) {
                Some(HoldKind::Pause) => return Some(Err(SupervisorError::Paused { path })),
                Some(HoldKind::Quarantine) => self.release(id, key),
                None => {}
            }
        }
        match state {
            State::Disabled => Some(Err(self.disabled(key))),
            State::Starting { .. } | State::Up => {
                self.answer_start_stopped(key);
                self.waiters.add(key, id, Wants::Started);
                self.stop_node(key, After::Start(id));
                None
            }
            State::Stopping(mut stopping) => match stopping.after {
                After::Remove => Some(Err(SupervisorError::Removed { path })),
                After::Round => {
                    self.waiters.add(key, id, Wants::Started);
                    None
                }
                After::Start(_)
                | After::Wait
                | After::Down
                | After::StartTimedOut(_)
                | After::Stuck { .. } => {
                    self.answer_start_stopped(key);
                    stopping.after = After::Start(id);
                    self.set_state(key, State::Stopping(stopping));
                    self.mark_asked(key);
                    self.waiters.add(key, id, Wants::Started);
                    None
                }
            },
            State::Down
            | State::Paused
            | State::Quarantined { .. }
            | State::Ended { .. }
            | State::Restarting { due: Some(_) } => {
                self.waiters.add(key, id, Wants::Started);
                self.start_node(key, Origin::Command(id));
                None
            }
            // There is nothing to stop, and it starts as soon as it can. What starts then was asked
            // for, and is no trial, whoever starts it.
            State::Waiting { .. } => {
                self.set_state(key, State::Waiting { origin: Origin::Late });
                if let Some(node) = self.nodes.get_mut(key)
                    && !cfg!(plant_bug = "asked_for_and_on_trial")
                {
                    node.is_on_trial = false;
                }
                Some(Ok(self.outcome(key, false)))
            }
            // A member of a round that waits: the wait is over.
            State::Idle | State::Restarting { due: None } => {
                self.waiters.add(key, id, Wants::Started);
                self.hurry_round(parent);
                None
            }
            State::Unjoinable { .. } => Some(Err(SupervisorError::Unjoinable { path })),
        }
    }

    fn delete(&mut self, key: NodeKey) -> Option<Reply> {
        let path = self.path_of(key);
        match self.state_of(key)? {
            State::Starting { .. } | State::Up | State::Stopping(_) => {
                Some(Err(SupervisorError::Running { path }))
            }
            State::Unjoinable { .. } => Some(Err(SupervisorError::Unjoinable { path })),
            State::Waiting { .. } => Some(Err(self.is_waiting(key))),
            State::Idle | State::Ended { .. } | State::Restarting { .. } => {
                Some(Err(SupervisorError::Restarting { path }))
            }
            State::Down | State::Disabled | State::Paused | State::Quarantined { .. } => {
                let outcome = self.outcome_gone(key, false);
                self.forget(key);
                Some(Ok(outcome))
            }
        }
    }

    fn remove(&mut self, id: CommandId, parent: NodeKey, key: NodeKey) -> Option<Reply> {
        match self.state_of(key)? {
            State::Starting { .. } | State::Up => {
                self.waiters.add(key, id, Wants::Removed);
                self.stop_node(key, After::Remove);
                None
            }
            State::Stopping(mut stopping) => {
                stopping.after = After::Remove;
                self.set_state(key, State::Stopping(stopping));
                self.mark_asked(key);
                self.waiters.add(key, id, Wants::Removed);
                None
            }
            State::Unjoinable { .. } => {
                self.set_state(key, State::Unjoinable { after: After::Remove });
                self.mark_asked(key);
                Some(Err(SupervisorError::Unjoinable { path: self.path_of(key) }))
            }
            State::Idle
            | State::Waiting { .. }
            | State::Ended { .. }
            | State::Restarting { .. }
            | State::Down
            | State::Disabled
            | State::Paused
            | State::Quarantined { .. } => {
                let outcome = self.outcome_gone(key, false);
                self.set_state(key, State::Down);
                self.remove_for_good(key);
                self.left_round(parent);
                Some(Ok(outcome))
            }
        }
    }

    /// A supervisor that ends by itself is now also asked to.
    pub(super) fn mark_asked(&mut self, key: NodeKey) {
        self.begin_grace(key);
        if let Some(Step::Ending(ending)) = self.supervisor_mut(key).map(|s| &mut s.step) {
            ending.is_asked = true;
        }
    }
}
