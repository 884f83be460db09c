//! Dependencies: who has to wait for whom, and what follows when that is ready, or is not any more.
//!
//! A node knows who depends on it, and how many of those that it depends on itself are not ready.
//! What becomes of a node costs its dependants, and nobody else.

use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::nodes::Node;
use super::state::{After, Origin, State};
use crate::error::types::SupervisorError;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::dependency::OnDependencyRestart;
use crate::policy::restart::Restart;
use crate::spec::graph::{Around, Known};

impl Engine {
    /// A node has become ready, or is not any more: those who depend on it are told in their turn.
    pub(super) fn tell_dependants(&mut self, key: NodeKey, is_ready: bool) {
        for dependant in self.nodes.dependants(key) {
            let Some(node) = self.nodes.get_mut(dependant) else { continue };
            if is_ready {
                node.unready -= 1;
                self.todo.push_back(Todo::DependencyReady(dependant));
            } else {
                node.unready += 1;
                let (dependency, chain) = (self.path_of(key), self.chain);
                self.todo.push_back(Todo::DependencyLost { dependant, dependency, chain });
            }
        }
    }

    /// A node that is to start waits until all it depends on is ready. Whoever is in the middle of
    /// something goes on without it.
    pub(super) fn wait_for_dependencies(&mut self, key: NodeKey, origin: Origin) {
        // A command is answered now, so that what becomes of the start is not its concern.
        let later = match origin {
            Origin::Command(_) | Origin::Add(_) => Origin::Late,
            Origin::Round => Origin::Restart,
            Origin::Init | Origin::Restart | Origin::Probe | Origin::Late => origin,
        };
        self.set_state(key, State::Waiting { origin: later });
        let dependencies = self.unready_dependencies(key);
        self.note_for(key, origin.command(), EventKind::Waiting { dependencies });
        self.answer_waiting(key);
        self.todo.extend(self.parent_of(key).map(Todo::Advance));
    }

    /// Starts a node that waits, if nothing is left to wait for.
    pub(super) fn dependency_ready(&mut self, key: NodeKey) {
        let Some(node) = self.nodes.get(key).filter(|node| node.unready == 0) else { return };
        let State::Waiting { origin } = node.state else { return };
        if cfg!(plant_bug = "waiting_is_forgotten") {
            return;
        }
        // Nothing that waits is left below a supervisor that ends.
        let is_init = origin == Origin::Init;
        let is_late = node.parent.is_some_and(|parent| !self.is_in_own_start(parent));
        self.start_now(key, if is_init && is_late { Origin::Late } else { origin });
    }

    /// What a node depends on is not ready any more.
    pub(super) fn dependency_lost(&mut self, key: NodeKey, dependency: ChildPath) {
        let Some(node) = self.nodes.get(key) else { return };
        let (policy, state, parent) = (node.policy(), node.state, node.parent);
        let reacts = policy.on_dependency_restart == OnDependencyRestart::Restart
            || cfg!(plant_bug = "keep_restarts");
        if !reacts || policy.restart == Restart::Temporary {
            return;
        }
        let Some(parent) = parent.filter(|_| matches!(state, State::Up | State::Starting { .. }))
        else {
            return;
        };
        // Where it is to be stopped anyway, that comes in its turn.
        let is_to_stop = self.is_ending(parent) || self.is_to_be_stopped(parent, key);
        if is_to_stop || cfg!(plant_bug = "restart_keeps") {
            return;
        }
        self.note(key, EventKind::DependencyLost { dependency });
        self.stop_node(key, After::Wait);
    }

    /// What of that which a node depends on is not ready.
    pub(super) fn unready_dependencies(&self, key: NodeKey) -> Vec<ChildPath> {
        let dependencies = self.nodes.get(key).map(Node::dependencies).unwrap_or_default();
        let is_ready = |path: &&ChildPath| {
            let state = self.nodes.find(path).and_then(|key| self.state_of(key));
            state.is_some_and(|state| state.is_ready())
        };
        dependencies.iter().filter(|path| !is_ready(path)).cloned().collect()
    }

    pub(super) fn is_waiting(&self, key: NodeKey) -> SupervisorError {
        let dependencies = self.unready_dependencies(key);
        SupervisorError::Waiting { path: self.path_of(key), dependencies }
    }
}

impl Around for Engine {
    fn known(&self, path: &ChildPath) -> Option<Known> {
        let node = self.nodes.get(self.nodes.find(path)?)?;
        Some(Known {
            is_temporary: node.policy().restart == Restart::Temporary,
            is_enabled: node.policy().enabled,
            is_pool: node.supervisor().is_some_and(|supervisor| supervisor.plan.is_pool()),
            dependencies: node.dependencies().to_vec(),
        })
    }

    fn children(&self, path: &ChildPath) -> Vec<ChildPath> {
        let children = self.nodes.find(path).into_iter().flat_map(|key| self.children(key));
        children.map(|child| self.path_of(child)).collect()
    }
}
