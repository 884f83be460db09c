//! A new configuration for a tree that runs: other policies, the same children.

use std::sync::Arc;

use super::engine::{Engine, count};
use super::key::NodeKey;
use super::nodes::Body;
use super::state::State;
use crate::control::command::By;
use crate::error::types::SupervisorError;
use crate::event::{EventKind, ValueChange};
use crate::id::CommandId;
use crate::spec::plan::{ChildPlan, NodePlan, PlanKind, SupervisorPlan};
use crate::spec::supervisor::SupervisorSpec;

impl Engine {
    /// Puts the policies of `spec` in the place of those that hold, for every declared child and
    /// supervisor, all at once. Their tasks stay what they are.
    ///
    /// Whatever is going on goes on as it was begun: a wait, a grace, a round. The next decision
    /// is made with the new values.
    pub(super) fn reconfigure(
        &mut self,
        id: CommandId,
        spec: &SupervisorSpec,
        changes: &[ValueChange],
        by: &By,
    ) -> Result<(), SupervisorError> {
        if self.ledger.has_begun() {
            return Err(SupervisorError::ShuttingDown);
        }
        let new = spec.validate()?.root;
        let Some(old) = self.supervisor(self.root).map(|root| Arc::clone(&root.plan)) else {
            return Err(SupervisorError::ShuttingDown);
        };
        let plan = with_tasks_of(&new, &old).ok_or(SupervisorError::AnotherTree)?;
        self.remember_reload(id, by);
        self.adopt(Arc::new(plan));
        for of_one in changes.chunk_by(|a, b| a.path == b.path) {
            let path = of_one.first().map(|change| &change.path);
            // One that was removed has it when it comes back.
            if let Some(key) = path.and_then(|path| self.nodes.find(path)) {
                let changes = of_one.to_vec();
                self.note_for(key, Some(id), EventKind::Reconfigured { changes });
            }
        }
        Ok(())
    }

    fn adopt(&mut self, plan: Arc<SupervisorPlan>) {
        let mut waiting = vec![(self.root, PlanKind::Supervisor(plan))];
        while let Some((key, plan)) = waiting.pop() {
            if let PlanKind::Supervisor(plan) = &plan {
                for NodePlan { path, kind } in &plan.children {
                    // One that was added under the id of one that was removed is another.
                    let child = self.nodes.find(path);
                    let child = child
                        .filter(|&key| self.nodes.get(key).is_some_and(|node| node.is_declared));
                    waiting.extend(child.map(|child| (child, kind.clone())));
                }
            }
            self.give(key, plan);
        }
    }

    fn give(&mut self, key: NodeKey, plan: PlanKind) {
        let Some(node) = self.nodes.get_mut(key) else { return };
        let (before, after) = (node.policy().significant, plan.policy().significant);
        let (state, parent, health) = (node.state, node.parent, node.policy().health);
        let is_other_health = health != plan.policy().health;
        match (&mut node.body, plan) {
            (Body::Child(known), PlanKind::Child(plan)) => *known = plan,
            (Body::Supervisor(known), PlanKind::Supervisor(plan)) => {
                if !cfg!(plant_bug = "old_plan_kept") {
                    known.plan = plan;
                }
            }
            (Body::Child(_) | Body::Supervisor(_), _) => return,
        }
        let counts = state.is_to_go_on();
        if let Some(above) = parent.and_then(|parent| self.supervisor_mut(parent)) {
            let is_counted = !cfg!(plant_bug = "significance_miscounted");
            count(&mut above.significant, before && counts, after && counts && is_counted);
        }
        // What was promised from now on is listened for from now on.
        if is_other_health && state == State::Up {
            self.forget_pulse(key);
            if !cfg!(plant_bug = "new_health_unheard") {
                self.expect_heartbeats(key);
            }
        }
    }
}

/// `new` with what runs in `old`; `None` where they are not the same tree.
fn with_tasks_of(new: &SupervisorPlan, old: &SupervisorPlan) -> Option<SupervisorPlan> {
    if new.children.len() != old.children.len() {
        return None;
    }
    let children = new.children.iter().zip(&old.children).map(|(new, old)| {
        let kind = match (&new.kind, &old.kind) {
            _ if new.path != old.path => None,
            (PlanKind::Child(new), PlanKind::Child(old)) => {
                Some(PlanKind::Child(Arc::new(ChildPlan {
                    task: old.task.clone().with_settings_of(&new.task),
                    ..ChildPlan::clone(new)
                })))
            }
            (PlanKind::Supervisor(new), PlanKind::Supervisor(old)) => {
                Some(PlanKind::Supervisor(Arc::new(with_tasks_of(new, old)?)))
            }
            (PlanKind::Child(_) | PlanKind::Supervisor(_), _) => None,
        };
        Some(NodePlan { path: new.path.clone(), kind: kind? })
    });
    let children = children.collect::<Option<Vec<_>>>()?;
    let group = new.group.with_members_of(&old.group)?;
    Some(SupervisorPlan { group, children, ..SupervisorPlan::clone(new) })
}
