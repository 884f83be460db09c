//! What a reload starts and stops: children that are enabled or disabled, and the children that a
//! many has more or fewer.
//!
//! Somebody who disables a child is an operator who pauses it, but for one thing: the wish stands
//! in the configuration, and so nobody takes it back by a command.

use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::reconfigure::Grown;
use super::state::{After, Origin, State, Stopping};
use super::supervisor::Pending;
use crate::event::EventKind;
use crate::id::{ChildPath, CommandId};
use crate::spec::plan::{NodePlan, PlanKind};

impl Engine {
    /// Makes the lives of the declared children what the new plans say, from the root down.
    pub(super) fn enable_as_planned(&mut self, id: CommandId, grown: Vec<Grown>) {
        for Grown { many, child } in grown {
            self.grow(Some(id), many, &child);
        }
        let mut waiting = vec![self.root];
        while let Some(key) = waiting.pop() {
            let children = self.children(key);
            for &child in &children {
                let Some(node) = self.nodes.get(child).filter(|node| node.is_declared) else {
                    continue;
                };
                match (node.policy().enabled, node.state) {
                    (true, State::Disabled) => self.enable(child),
                    (true, _) | (false, State::Disabled) => {}
                    (false, _) => self.disable(child),
                }
            }
            waiting.extend(children.into_iter().rev().filter(|&child| self.policy(child).enabled));
        }
    }

    /// Whether a node is not to be started: it, or a supervisor above it, is disabled.
    pub(super) fn is_disabled(&self, key: NodeKey) -> bool {
        let mut above = std::iter::successors(Some(key), |&key| self.parent_of(key));
        above.any(|key| self.nodes.get(key).is_some_and(|node| !node.policy().enabled))
    }

    /// The same of a declared child, which is known though it is temporary.
    pub(super) fn is_kept_disabled(&self, key: NodeKey) -> bool {
        self.state_of(key) == Some(State::Disabled)
            && self.nodes.get(key).is_some_and(|node| node.is_declared)
    }

    /// A node that has no run, or no longer one, is not to get one, nor is anything below it.
    pub(super) fn rest_disabled(&mut self, key: NodeKey) {
        let mut waiting = vec![key];
        while let Some(below) = waiting.pop() {
            waiting.extend(self.children(below));
            // What cannot be ended comes to rest if it ever ends.
            let is_over = self.state_of(below).is_some_and(|state| !state.is_live());
            if below == key || is_over {
                self.set_state(below, State::Disabled);
                self.answer_disabled(below);
            }
        }
    }

    /// Stops a child that is not to run any more, whatever it is doing.
    fn disable(&mut self, key: NodeKey) {
        let Some(parent) = self.parent_of(key) else { return };
        if cfg!(plant_bug = "disabled_goes_on") {
            return;
        }
        if self.see_off(key, parent, After::Down) {
            self.rest_disabled(key);
            self.left_round(parent);
            self.todo.push_back(Todo::Advance(parent));
        }
    }

    /// Stops a child that is not to come back, whatever it is doing. Says whether there is nothing
    /// to stop.
    fn see_off(&mut self, key: NodeKey, parent: NodeKey, after: After) -> bool {
        match self.state_of(key) {
            // Below one that ends, the stop comes to it in its turn.
            Some(State::Starting { .. } | State::Up) if self.is_ending(parent) => {}
            Some(State::Starting { .. } | State::Up) => {
                self.answer_start_stopped(key);
                self.stop_node(key, after);
            }
            // It is to go for good.
            Some(
                State::Stopping(Stopping { after: After::Remove, .. })
                | State::Unjoinable { after: After::Remove },
            ) => {}
            Some(State::Stopping(mut stopping)) => {
                self.answer_start_stopped(key);
                stopping.after = after;
                self.set_state(key, State::Stopping(stopping));
                self.mark_asked(key);
            }
            Some(State::Unjoinable { .. }) => {
                self.set_state(key, State::Unjoinable { after });
                self.mark_asked(key);
            }
            Some(
                State::Idle
                | State::Waiting { .. }
                | State::Ended { .. }
                | State::Restarting { .. }
                | State::Down
                | State::Disabled
                | State::Paused
                | State::Quarantined { .. },
            ) => return true,
            None => {}
        }
        false
    }

    /// Starts a child that was disabled, now or when its supervisor is free.
    fn enable(&mut self, key: NodeKey) {
        if self.is_disabled(key) || cfg!(plant_bug = "enabled_stays_down") {
            return;
        }
        let Some(parent) = self.parent_of(key) else { return };
        let is_running = self.is_running(parent);
        match self.supervisor_mut(parent) {
            Some(above) if is_running && above.is_busy() => {
                above.queue.push_back(Pending::Enabled(key));
            }
            _ => self.enable_now(key),
        }
    }

    /// Starts a child again that is still being stopped because it was disabled.
    pub(super) fn enable_again(&mut self, key: NodeKey) {
        let Some(parent) = self.parent_of(key) else { return };
        if self.is_disabled(key) || self.hold_of(key).is_some() || !self.is_running(parent) {
            return;
        }
        // A round that has still to come to it starts it in its turn, and not while others stop.
        let is_in_round =
            !cfg!(plant_bug = "enabled_in_round") && self.is_awaited_by_round(parent, key);
        let again = if is_in_round { After::Round } else { After::Wait };
        match self.state_of(key) {
            Some(State::Stopping(mut stopping)) if stopping.after == After::Down => {
                stopping.after = again;
                self.set_state(key, State::Stopping(stopping));
            }
            Some(State::Unjoinable { after: After::Down }) => {
                self.set_state(key, State::Unjoinable { after: again });
            }
            _ => {}
        }
    }

    /// Starts a child that was disabled, when its supervisor is free, or does not run, unless something else was said
    /// meanwhile.
    pub(super) fn enable_now(&mut self, key: NodeKey) {
        let Some(parent) = self.parent_of(key) else { return };
        if !self.wake(key) || !self.is_running(parent) {
            return;
        }
        if self.hold_of(key).is_some() {
            let state = self.rest_until_probed(key);
            self.set_state(key, state);
        } else {
            self.start_node(key, Origin::Late);
        }
    }

    /// Lets a node be down that is disabled no longer, and with it what was disabled only because
    /// it is below it. Whether it was still disabled.
    pub(super) fn wake(&mut self, key: NodeKey) -> bool {
        if self.state_of(key) != Some(State::Disabled) || self.is_disabled(key) {
            return false;
        }
        let mut waiting = vec![key];
        while let Some(key) = waiting.pop() {
            if self.nodes.get(key).is_some_and(|node| node.policy().enabled) {
                waiting.extend(self.children(key));
                if self.state_of(key) == Some(State::Disabled) {
                    let state = self.rest(key);
                    self.set_state(key, state);
                }
            }
        }
        true
    }

    /// Whether something may start below a supervisor.
    fn is_running(&self, key: NodeKey) -> bool {
        let is_up = matches!(self.state_of(key), Some(State::Up | State::Starting { .. }));
        is_up && !self.is_ending(key)
    }

    /// Gives a many that runs one more child. One that does not run builds it when it starts.
    fn grow(&mut self, id: Option<CommandId>, many: NodeKey, plan: &NodePlan) {
        let path = plan.path.clone();
        if let Some(supervisor) = self.supervisor_mut(many) {
            supervisor.is_changed = true;
        }
        // One of that id that is on its way out, or was added, is waited for.
        if self.nodes.find(&path).is_some() || !self.is_running(many) {
            return;
        }
        self.removed.remove(&path);
        let key = self.nodes.insert(Some(many), path, &plan.kind, true, self.now);
        if matches!(plan.kind, PlanKind::Supervisor(_)) {
            self.build_children(key);
        }
        self.note_for(key, id, EventKind::Added);
        self.set_state(key, State::Disabled);
        self.enable(key);
    }

    /// A child is gone whose many has it again.
    pub(super) fn grow_back(&mut self, many: NodeKey, path: &ChildPath) {
        let plan = self.supervisor(many).map(|supervisor| std::sync::Arc::clone(&supervisor.plan));
        let Some(plan) = plan.filter(|plan| plan.is_many()) else { return };
        if self.removed.contains(path) {
            return;
        }
        if let Some(plan) = plan.children.iter().find(|child| child.path == *path) {
            self.grow(None, many, plan);
        }
    }

    /// Takes a child from a many that has fewer: it is stopped, and forgotten.
    pub(super) fn let_go(&mut self, key: NodeKey) {
        let Some(parent) = self.parent_of(key) else { return };
        let Some(node) = self.nodes.get_mut(key).filter(|node| node.is_declared) else { return };
        // From now on it is one that was added: nothing brings it back.
        node.is_declared = false;
        let path = node.path.clone();
        if let Some(above) = self.supervisor_mut(parent) {
            above.is_changed = true;
            above.added += 1;
        }
        self.drop_holds(&path);
        if cfg!(plant_bug = "shrunk_goes_on") {
            return;
        }
        // Below one that ends it is dropped with the others.
        if self.see_off(key, parent, After::Remove) {
            self.set_state(key, State::Down);
            self.forget(key);
            self.left_round(parent);
        }
    }
}
