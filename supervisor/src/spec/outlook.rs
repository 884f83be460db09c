//! What a valid tree will do: the order of its start, who goes down with whom, and how long the
//! start can take.

use std::time::Duration;

use super::plan::{NodePlan, PlanKind, SupervisorPlan};
use super::validate::ValidSpec;
use crate::id::ChildPath;
use crate::policy::restart::{Readiness, Restart, Strategy};

/// Who is stopped, and restarted, together with a child whose failure is restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlastRadius {
    /// The child that fails.
    pub path: ChildPath,
    /// The siblings that go with it, each with everything below it.
    pub with: Vec<ChildPath>,
}

impl ValidSpec {
    /// Every child that is started, in the order in which the starts begin: a supervisor before
    /// what is below it, each child when the one before is ready.
    pub fn start_order(&self) -> Vec<ChildPath> {
        let mut order = Vec::new();
        walk(&self.root, &ChildPath::root(), &mut |_, _, path, _| order.push(path.clone()));
        order
    }

    /// For each child that is started, who is restarted together with it when it fails, as the
    /// strategy of its supervisor says. What follows when a limit is spent is left out.
    pub fn blast_radius(&self) -> Vec<BlastRadius> {
        let mut radii = Vec::new();
        walk(&self.root, &ChildPath::root(), &mut |supervisor, above, path, at| {
            let siblings = supervisor.children.iter().enumerate();
            let is_with = |(n, sibling): &(usize, &NodePlan)| {
                *n != at
                    && sibling.kind.policy().enabled
                    && match supervisor.strategy {
                        Strategy::OneForOne => false,
                        Strategy::OneForAll => true,
                        Strategy::RestForOne => *n > at,
                    }
            };
            // It is not restarted, so nobody is with it.
            let restart = supervisor.children[at].kind.policy().restart;
            let with = siblings.filter(|_| restart != Restart::Temporary).filter(is_with);
            let with = with.map(|(_, sibling)| above.join(&sibling.id)).collect();
            radii.push(BlastRadius { path: path.clone(), with });
        });
        radii
    }

    /// How long the start of the whole tree can take until it is up or has failed: the
    /// `start_timeout`s of all tasks with explicit readiness, one after the other. A factory that
    /// blocks is not counted.
    pub fn worst_case_start(&self) -> Duration {
        let mut sum = Duration::ZERO;
        walk(&self.root, &ChildPath::root(), &mut |supervisor, _, _, at| {
            if let PlanKind::Child(plan) = &supervisor.children[at].kind
                && plan.policy.readiness == Readiness::Explicit
            {
                sum = sum.saturating_add(plan.policy.start_timeout);
            }
        });
        sum
    }
}

/// Visits each child that is started: its supervisor, where that is, where itself is, and which of
/// its children it is.
fn walk(
    supervisor: &SupervisorPlan,
    path: &ChildPath,
    visit: &mut impl FnMut(&SupervisorPlan, &ChildPath, &ChildPath, usize),
) {
    for (n, child) in supervisor.children.iter().enumerate() {
        if !child.kind.policy().enabled {
            continue;
        }
        let of_child = path.join(&child.id);
        visit(supervisor, path, &of_child, n);
        if let PlanKind::Supervisor(inner) = &child.kind {
            walk(inner, &of_child, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::child::ChildSpec;
    use crate::spec::supervisor::SupervisorSpec;
    use crate::task::factory::service_fn;

    fn child(id: &str) -> ChildSpec {
        ChildSpec::new(id, service_fn(async |_| ()))
    }

    fn tree(strategy: Strategy) -> ValidSpec {
        let inner = SupervisorSpec::new("inner").child(child("b"));
        let tree = SupervisorSpec::root()
            .strategy(strategy)
            .child(child("a"))
            .child(child("off").disabled())
            .child(inner)
            .child(child("once").restart(Restart::Temporary));
        tree.validate().unwrap()
    }

    fn radii(strategy: Strategy) -> Vec<String> {
        let names = |paths: &[ChildPath]| {
            paths.iter().map(|path| path.name().to_owned()).collect::<Vec<_>>().join(" ")
        };
        let radii = tree(strategy).blast_radius();
        radii.iter().map(|it| format!("{}: {}", it.path.name(), names(&it.with))).collect()
    }

    #[test]
    fn the_start_goes_down_before_it_goes_on_and_leaves_out_who_is_disabled() {
        let order = tree(Strategy::OneForOne).start_order();
        let order: Vec<_> = order.iter().map(ChildPath::as_str).collect();
        assert_eq!(order, ["/root/a", "/root/inner", "/root/inner/b", "/root/once"]);
    }

    #[test]
    fn a_failure_reaches_as_far_as_the_strategy_says() {
        assert_eq!(radii(Strategy::OneForOne), ["a: ", "inner: ", "b: ", "once: "]);
        assert_eq!(radii(Strategy::OneForAll), ["a: inner once", "inner: a once", "b: ", "once: "]);
        assert_eq!(radii(Strategy::RestForOne), ["a: inner once", "inner: once", "b: ", "once: "]);
    }

    #[test]
    fn the_start_takes_at_worst_what_all_are_given_to_become_ready() {
        let slow = |id| child(id).readiness(Readiness::Explicit);
        let tree = SupervisorSpec::root()
            .child(slow("a").start_timeout(Duration::from_secs(7)))
            .child(SupervisorSpec::new("inner").child(slow("b")))
            .child(child("c").start_timeout(Duration::from_secs(90)));
        assert_eq!(tree.validate().unwrap().worst_case_start(), Duration::from_secs(37));
    }
}
