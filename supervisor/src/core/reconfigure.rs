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
use crate::spec::plan::{GroupPlan, NodePlan, PlanKind, SupervisorPlan};
use crate::spec::supervisor::SupervisorSpec;
use crate::task::member::Arguments;

/// How much is kept of what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// How many exits are kept with each child.
    pub(crate) last_exits: usize,
    /// How many forgotten paths keep their generation.
    pub(crate) remembered_paths: usize,
}

/// A many that has a child that it did not have before.
pub(super) struct Grown {
    pub(super) many: NodeKey,
    pub(super) child: NodePlan,
}

/// What is still to be done when every node has its new plan.
#[derive(Default)]
struct Adopted {
    grown: Vec<Grown>,
    /// Those that a many has no longer.
    gone: Vec<NodeKey>,
    /// Those that were still being stopped when they were enabled again.
    back: Vec<NodeKey>,
}

impl Engine {
    /// Puts the policies of `spec` in the place of those that hold, for every declared child and
    /// supervisor, all at once. Their tasks stay what they are.
    ///
    /// Whatever is going on goes on as it was begun: a wait, a grace, a round. The next decision
    /// is made with the new values. Only who is disabled is stopped, and who is enabled started,
    /// and so are the children of a many that has fewer or more.
    pub(super) fn reconfigure(
        &mut self,
        id: CommandId,
        spec: &SupervisorSpec,
        kept: Kept,
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
        let adopted = self.adopt(Arc::new(plan));
        self.keep(kept);
        for of_one in changes.chunk_by(|a, b| a.path == b.path) {
            let path = of_one.first().map(|change| &change.path);
            // One that was removed has it when it comes back.
            if let Some(key) = path.and_then(|path| self.nodes.find(path)) {
                let changes = of_one.to_vec();
                self.note_for(key, Some(id), EventKind::Reconfigured { changes });
            }
        }
        let Adopted { grown, gone, back } = adopted;
        self.enable_as_planned(id, grown);
        // The youngest first; those whose many ends now are stopped by it in their turn.
        for key in gone.into_iter().rev() {
            self.let_go(key);
        }
        for key in back {
            self.enable_again(key);
        }
        Ok(())
    }

    /// Gives every declared node its new plan. Nothing moves yet.
    fn adopt(&mut self, plan: Arc<SupervisorPlan>) -> Adopted {
        let mut adopted = Adopted::default();
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
                self.compare_counts(key, plan, &mut adopted);
            }
            let was_enabled = self.policy(key).enabled;
            let is_back = plan.policy().enabled && !was_enabled;
            if is_back
                && matches!(self.state_of(key), Some(State::Stopping(_) | State::Unjoinable { .. }))
            {
                adopted.back.push(key);
            }
            self.give(key, plan);
        }
        adopted
    }

    /// Whom a many has more, and whom it has no longer.
    fn compare_counts(&self, key: NodeKey, new: &SupervisorPlan, adopted: &mut Adopted) {
        let Some(old) = self.supervisor(key).map(|supervisor| Arc::clone(&supervisor.plan)) else {
            return;
        };
        if !old.is_many() {
            return;
        }
        let (before, after) = (old.children.len(), new.children.len());
        let grown = new.children.get(before..).unwrap_or_default().iter().cloned();
        adopted.grown.extend(grown.map(|child| Grown { many: key, child }));
        for gone in old.children.get(after..).unwrap_or_default() {
            adopted.gone.extend(self.nodes.find(&gone.path));
        }
    }

    /// How much is kept from now on. What is too much goes when something new comes.
    fn keep(&mut self, kept: Kept) {
        let Kept { last_exits, remembered_paths } = kept;
        self.last_exits = last_exits;
        self.nodes.remember(remembered_paths);
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
    let (before, after) = (old.children.len(), new.children.len());
    if before != after && !old.is_many() {
        return None;
    }
    let children = new.children.iter().zip(&old.children).map(|(new, old)| {
        let kind = match (&new.kind, &old.kind) {
            _ if new.path != old.path => None,
            // Who waits for whom is kept with each of them.
            (new, old) if new.dependencies() != old.dependencies() => None,
            (PlanKind::Child(new), PlanKind::Child(old)) => {
                let task = old.task.clone().with_settings_of(&new.task);
                Some(PlanKind::Child(Arc::new(new.with_task(task))))
            }
            (PlanKind::Supervisor(new), PlanKind::Supervisor(old)) => {
                Some(PlanKind::Supervisor(Arc::new(with_tasks_of(new, old)?)))
            }
            (PlanKind::Child(_) | PlanKind::Supervisor(_), _) => None,
        };
        Some(NodePlan { path: new.path.clone(), kind: kind? })
    });
    let mut children = children.collect::<Option<Vec<_>>>()?;
    for (index, new) in new.children.iter().enumerate().skip(before) {
        children.push(one_more(index, new, &old.group)?);
    }
    let group = new.group.with_members_of(&old.group)?;
    Some(SupervisorPlan { group, children, ..SupervisorPlan::clone(new) })
}

/// A child that a many has not had before, with the task that its index makes.
fn one_more(index: usize, new: &NodePlan, old: &GroupPlan) -> Option<NodePlan> {
    let (GroupPlan::Many(members), PlanKind::Child(plan)) = (old, &new.kind) else { return None };
    let task = members.as_ref()?.task(Arguments::new(index)).ok()?;
    let task = task.with_settings_of(&plan.task);
    let plan = plan.with_task(task);
    Some(NodePlan { path: new.path.clone(), kind: PlanKind::Child(Arc::new(plan)) })
}
