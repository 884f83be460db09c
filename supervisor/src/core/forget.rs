//! Forgetting children: those that are removed, deleted, or temporary and gone.

use super::engine::{Engine, Todo};
use super::key::NodeKey;
use super::state::State;
use super::supervisor::{Phase, Step};
use crate::event::EventKind;
use crate::policy::restart::Restart;

impl Engine {
    /// Whether nothing is kept of a child that is down: one that is temporary, or a member of a
    /// pool.
    pub(super) fn is_forgotten_when_down(&self, key: NodeKey) -> bool {
        let Some(node) = self.nodes.get(key) else { return false };
        let above = node.parent.and_then(|parent| self.supervisor(parent));
        let is_member = above.is_some_and(|above| above.plan.is_pool());
        node.policy().restart == Restart::Temporary
            || (is_member && !cfg!(plant_bug = "pool_keeps_the_down"))
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
            let (path, parent) = (node.path.clone(), node.parent);
            self.drop_holds(&path);
            if let Some(above) = parent.and_then(|parent| self.supervisor_mut(parent)) {
                above.added -= u32::from(!cfg!(plant_bug = "pool_fills_up"));
            }
        }
        if self.ledger.has_begun()
            && let Some(node) = self.nodes.get(key).filter(|node| node.row.is_none())
        {
            self.ledger.forgotten.push((node.path.clone(), node.generation));
        }
        self.nodes.unlink(key);
        if self.ledger.has_begun() {
            // Nothing comes back.
            self.nodes.remove_for_good(key);
        } else {
            self.nodes.remove(key);
        }
    }
}
