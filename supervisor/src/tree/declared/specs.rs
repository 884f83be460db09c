//! Specs out of what was declared: one generic function for all trees.

use std::sync::Arc;

use super::{DeclaredChild, DeclaredSlot, DeclaredSupervisor, Node};
use crate::policy::PolicyPatch;
#[cfg(feature = "config")]
use crate::spec::AtField;
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::dependency::Dependency;
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::tags::Tags;
use crate::tree::graph::wiring::{Needs, Wiring};
use crate::tree::runs::{Gift, Runs, factory};
use crate::tree::seat::Seated;
use crate::tree::supervised::RunsUnder;

/// The spec of a whole tree.
pub(in crate::tree) fn root_spec<T, S>(state: &Arc<S>) -> SupervisorSpec
where
    T: Seated + RunsUnder<S>,
    S: Send + Sync + 'static,
{
    match (T::NODE, T::RUNS) {
        (Node::Supervisor(declared), Runs::Supervisor(runs)) => {
            let mut wiring = Wiring::new(declared);
            supervisor(declared, runs, "root", &declared.policy, state, &mut wiring)
        }
        _ => unreachable!("a tree is a supervisor, and both sides are made from one struct"),
    }
}

/// `policy` is all that was said about it as a child.
fn supervisor<S: Send + Sync + 'static>(
    declared: &DeclaredSupervisor,
    runs: &'static [Runs<S>],
    id: &str,
    policy: &PolicyPatch,
    state: &Arc<S>,
    wiring: &mut Wiring,
) -> SupervisorSpec {
    let spec = declared.spec(id, policy);
    declared.slots.iter().zip(runs).fold(spec, |spec, (slot, runs)| {
        let needs = wiring.next();
        let node = slot_spec(slot, runs, &needs, state, wiring);
        spec.child(node)
    })
}

/// What stands in a field, and all below it.
fn slot_spec<S: Send + Sync + 'static>(
    slot: &'static DeclaredSlot,
    runs: &'static Runs<S>,
    needs: &Needs,
    state: &Arc<S>,
    wiring: &mut Wiring,
) -> NodeSpec {
    let dependencies = needs.to_start.iter().map(|path| Dependency::from(path.as_str())).collect();
    match (slot.node, runs) {
        (Node::Supervisor(declared), Runs::Supervisor(runs)) => {
            let policy = slot.said.policy.overrule(declared.policy);
            let mut inner = supervisor(declared, runs, slot.name, &policy, state, wiring);
            inner.tags = slot.tags_over(declared.tags);
            inner.dependencies = dependencies;
            #[cfg(feature = "config")]
            {
                inner.at_field = slot.at_field(&declared.policy);
            }
            inner.into()
        }
        (
            Node::Child(declared),
            runs @ (Runs::Async(_) | Runs::Blocking(_) | Runs::Borrowing(..) | Runs::Given(..)),
        ) => {
            let policy = declared.policy();
            let mut child = ChildSpec::new(
                slot.name,
                factory(runs, state, Gift::Nothing, slot.said.ask, Arc::clone(&needs.links)),
            );
            child.declared_at = declared.at();
            #[cfg(feature = "config")]
            {
                child.settings = declared.settings;
                child.at_field = slot.at_field(&policy);
            }
            let mut child = child.with_policy(slot.said.policy.overrule(policy));
            child.tags = slot.tags_over(declared.tags);
            child.dependencies = dependencies;
            child.into()
        }
        (Node::Pool(declared), Runs::Members(members)) => {
            let links = needs.links_of_members();
            let members = members.factory(state, slot.said.ask, links);
            let pool = SupervisorSpec::pool(slot.name).members(members);
            slot.group_spec(pool, declared, dependencies).into()
        }
        (Node::Many(declared), Runs::Members(members)) => {
            // That it says how many is checked where it is declared.
            let count = slot.said.count.unwrap_or_default();
            let links = needs.links_of_members();
            let members = members.factory(state, slot.said.ask, links);
            let many = SupervisorSpec::many(slot.name, count, members);
            slot.group_spec(many, declared, dependencies).into()
        }
        _ => unreachable!("both sides are made from one struct"),
    }
}

impl DeclaredSupervisor {
    fn spec(&self, id: &str, policy: &PolicyPatch) -> SupervisorSpec {
        let mut spec = SupervisorSpec::new(id).with_policy(*policy).defaults(self.defaults);
        spec.strategy = self.strategy;
        spec.start = self.start;
        spec.intensity = self.intensity;
        spec.meltdown = self.meltdown;
        spec.auto_shutdown = self.auto_shutdown;
        spec.budget = self.budget;
        spec.declared_at = self.at();
        spec.tags = Tags::new(self.tags.iter().copied());
        spec
    }
}

impl DeclaredSlot {
    /// The field's part in what is said about what stands in it, over `before`.
    #[cfg(feature = "config")]
    fn at_field(&'static self, before: &PolicyPatch) -> Option<AtField> {
        let has_tags = !self.said.tags.is_empty();
        self.said.at.map(|at| AtField {
            said: self.policy(),
            before: Arc::new(*before),
            has_tags,
            at,
        })
    }

    /// The tags said at the field, or else those of what stands in it.
    fn tags_over(&self, weaker: &'static [&'static str]) -> Tags {
        let tags = if self.said.tags.is_empty() { weaker } else { self.said.tags };
        Tags::new(tags.iter().copied())
    }

    /// The pool or the many that stands in the field, of members like `declared`. It is the group
    /// that waits for what they need.
    fn group_spec(
        &'static self,
        mut group: SupervisorSpec,
        declared: &'static DeclaredChild,
        dependencies: Vec<Dependency>,
    ) -> SupervisorSpec {
        let of_members = declared.policy();
        let mut policy = self.said.policy.overrule(of_members);
        let said = policy.on_dependency_restart.take();
        let of_role = || policy.role.and_then(|role| role.defaults().on_dependency_restart);
        let follows = said.or_else(|| of_role().filter(|_| !dependencies.is_empty()));
        group.declared_at = declared.at();
        #[cfg(feature = "config")]
        {
            group.at_field = self.at_field(&of_members);
            group.group.settings = declared.settings;
            group.group.args = self.args;
        }
        let group = group.member_policy(policy);
        let mut spec = group.member_tags_as(self.tags_over(declared.tags));
        spec.policy.on_dependency_restart = follows;
        spec.dependencies = dependencies;
        spec.group.max_children = self.said.max_children;
        spec.intensity = self.said.intensity;
        spec.meltdown = self.said.meltdown;
        spec
    }
}
