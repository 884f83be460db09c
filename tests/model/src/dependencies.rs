//! Who waits for whom, and what goes on side by side (L37, L38).

use std::collections::BTreeMap;

use crate::command::Answer;
use crate::model::{Cause, Id, Life, Model, Node, Step, Until, Wish};
use crate::spec::{OnDependencyRestart, Order, Restart};

impl Node {
    /// Whether it is its dependencies that it waits for, and not its turn.
    pub(crate) fn is_waiting_for_others(&self) -> bool {
        self.life == Life::Waiting && self.is_waiting
    }
}

impl Model {
    pub(crate) fn are_dependencies_ready(&self, id: Id) -> bool {
        let is_ready = |path: &String| self.find(path).is_some_and(|on| self.is_ready(on));
        self.nodes[id].spec.depends_on.iter().all(is_ready)
    }

    fn is_ready(&self, id: Id) -> bool {
        self.nodes[id].life == Life::Up
    }

    /// L37: no failure, costs nothing, and counts as started.
    pub(crate) fn wait_for_dependencies(&mut self, id: Id, cause: Cause) {
        self.reach("L37 a child waits for what it depends on");
        if self.nodes[id].parent.is_some_and(|parent| self.nodes[parent].life == Life::Up) {
            self.reach("L37 a child waits, and its supervisor is up");
        }
        let node = &mut self.nodes[id];
        (node.life, node.is_waiting) = (Life::Waiting, true);
        (node.due, node.probe_due) = (None, None);
        node.cause = cause;
        self.answer_waiters(id, |until| (until == Until::Ready).then_some(Answer::Ok));
    }

    /// Those below this supervisor who depend on something and are not about to be stopped.
    fn dependants_below(&self, id: Id) -> Vec<Id> {
        let is_awaited = |child: Id| match &self.nodes[id].step {
            Step::Stopping { members, .. } => members.contains(&child),
            _ => false,
        };
        if self.is_being_stopped(id) {
            return Vec::new();
        }
        let depends = |child: Id| !self.nodes[child].spec.depends_on.is_empty();
        let children = self.nodes[id].children.iter().copied();
        children.filter(|&child| depends(child) && !is_awaited(child)).collect()
    }

    /// L37: who waited for what is ready now starts.
    pub(crate) fn look_at_the_waiting(&mut self, id: Id) -> bool {
        for child in self.dependants_below(id) {
            let node = &self.nodes[child];
            if node.is_waiting_for_others() && self.are_dependencies_ready(child) {
                let cause = match (&self.nodes[id].step, self.nodes[child].on_trial) {
                    (Step::StartingUp { .. }, _) => Cause::Init,
                    (_, true) => Cause::Probe,
                    (_, false) => Cause::Restart,
                };
                self.reach("L37 what a child waited for is ready");
                self.attempt(child, cause);
                return true;
            }
        }
        false
    }

    /// L38: what those do whose dependency is not ready any more.
    pub(crate) fn look_at_dependants(&mut self, id: Id) -> bool {
        for child in self.dependants_below(id) {
            let node = &self.nodes[child];
            let is_live = matches!(node.life, Life::Starting | Life::Up);
            if !is_live || self.are_dependencies_ready(child) {
                continue;
            }
            if node.spec.on_dependency_restart == OnDependencyRestart::Keep
                || node.spec.restart == Restart::Temporary
            {
                self.reach("L38 a child goes on without what it depends on");
                continue;
            }
            self.reach("L38 a child is restarted with what it depends on");
            if self.nodes[child].spec.flags().is_some() {
                self.reach("L38 a supervisor is restarted with what it depends on");
            }
            self.ask(child, Wish::Wait);
            return true;
        }
        false
    }

    pub(crate) fn is_parallel(&self, id: Id) -> bool {
        self.nodes[id].spec.flags().is_some_and(|flags| flags.start == Order::Parallel)
    }

    pub(crate) fn is_in_parallel(&self, id: Id) -> bool {
        self.nodes[id].parent.is_some_and(|parent| self.is_parallel(parent))
    }

    /// L37: a parallel start has failed, and those that are in progress are asked first and are
    /// waited for: whether any was asked, or `None` when there are none.
    pub(crate) fn cancel_starts(&mut self, id: Id) -> Option<bool> {
        if !self.is_parallel(id) || !self.nodes[id].has_failed_to_start {
            return None;
        }
        let children = self.nodes[id].children.clone();
        let is_starting = |&child: &Id| self.nodes[child].life == Life::Starting;
        if let Some(child) = children.iter().copied().find(is_starting) {
            self.reach("L37 a parallel start fails while others are in progress");
            self.ask(child, Wish::End);
            return Some(true);
        }
        let is_on_the_way_out =
            |&child: &Id| self.nodes[child].life == Life::Stopping && !self.nodes[child].was_ready;
        children.iter().any(is_on_the_way_out).then_some(false)
    }

    /// Asks the last layer of these, all at once: whether anybody was asked.
    pub(crate) fn stop_layer(&mut self, live: &[Id], wish: Wish) -> bool {
        let Some(parent) = self.nodes[live[0]].parent else { return false };
        let layers = self.nodes[parent].layers.clone();
        let layer_of = |id: &Id| layers.get(id).copied().unwrap_or(0);
        let last = live.iter().map(layer_of).max();
        let mut did = false;
        for &child in live.iter().rev().filter(|child| Some(layer_of(child)) == last) {
            if self.nodes[child].life == Life::Stopping {
                self.takes_over(child, wish);
                continue;
            }
            if last > Some(0) {
                self.reach("L37 a second layer is stopped");
            }
            self.ask(child, wish);
            did = true;
        }
        did
    }

    /// Finds the layer of each child, as they are when a stop begins: 0 for those that depend on no
    /// sibling.
    pub(crate) fn find_layers(&mut self, parent: Id) {
        let siblings = &self.nodes[parent].children;
        let mut layers: BTreeMap<Id, usize> = siblings.iter().map(|&id| (id, 0)).collect();
        for _ in siblings {
            for &on in siblings {
                let after = layers[&on] + 1;
                for &child in siblings {
                    if on != child && self.needs(child, &self.nodes[on].path) {
                        let layer = layers.entry(child).or_default();
                        *layer = after.max(*layer);
                    }
                }
            }
        }
        self.nodes[parent].layers = layers;
    }

    /// Whether it, or something below it, depends on that one, or on something below that.
    fn needs(&self, id: Id, on: &str) -> bool {
        let node = &self.nodes[id];
        let is_below = |path: &String| {
            path.strip_prefix(on).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        node.spec.depends_on.iter().any(is_below)
            || node.children.iter().any(|&child| self.needs(child, on))
    }
}
