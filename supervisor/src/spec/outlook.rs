//! What a valid tree will do: the order of its start, who goes down with whom, and how long the
//! start can take.

use std::collections::BTreeMap;
use std::time::Duration;

use super::lint::layers_of;
use super::plan::{NodePlan, PlanKind, SupervisorPlan};
use super::validate::ValidSpec;
use crate::id::ChildPath;
use crate::policy::dependency::{OnDependencyRestart, StartMode};
use crate::policy::restart::{Readiness, Restart, Strategy};

/// Who is stopped, and restarted, together with a child whose failure is restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlastRadius {
    /// The child that fails.
    pub path: ChildPath,
    /// Whether it is restarted itself: one that is temporary is not.
    pub is_restarted: bool,
    /// The siblings that go with it, each with everything below it.
    pub with: Vec<ChildPath>,
}

/// In which order the children of one supervisor are started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartOrder {
    /// The supervisor.
    pub supervisor: ChildPath,
    /// Its children, without those that are disabled: those of a layer at the same time, when all
    /// of the layer before are ready.
    pub layers: Vec<Vec<ChildPath>>,
}

impl ValidSpec {
    /// For each supervisor that has children to start, the root first: in which order. With
    /// `start = sequential` each layer is one child.
    pub fn start_order(&self) -> Vec<StartOrder> {
        let mut orders = Vec::new();
        order_of(&self.root, &ChildPath::root(), &mut orders);
        orders
    }

    /// For each child that is started, who is restarted together with it when it fails: as the
    /// strategy of its supervisor says, and those that follow the restart of what they depend on.
    /// What follows when a limit is spent is left out.
    pub fn blast_radius(&self) -> Vec<BlastRadius> {
        let (mut radii, mut followers) = (Vec::new(), Vec::new());
        walk(&self.root, &mut |supervisor, path, at| {
            let kind = &supervisor.children[at].kind;
            if kind.policy().on_dependency_restart == OnDependencyRestart::Restart {
                followers.push((path.clone(), kind.dependencies().to_vec()));
            }
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
            let is_temporary = kind.policy().restart == Restart::Temporary;
            let with = siblings.filter(|_| !is_temporary).filter(is_with);
            let with = with.map(|(_, sibling)| sibling.path.clone()).collect();
            radii.push(BlastRadius { path: path.clone(), is_restarted: !is_temporary, with });
        });
        let reach = |mut radius: BlastRadius| {
            loop {
                let is_gone = |path: &ChildPath| {
                    let mut gone = radius.with.iter().chain([&radius.path]);
                    gone.any(|gone| path.is_within(gone))
                };
                let next = followers
                    .iter()
                    .find(|(path, on)| !is_gone(path) && on.iter().any(is_gone))
                    .filter(|_| radius.is_restarted);
                match next {
                    Some((path, _)) => radius.with.push(path.clone()),
                    None => return radius,
                }
            }
        };
        radii.into_iter().map(reach).collect()
    }

    /// How long the start of the whole tree can take until it is up or has failed: what the tasks
    /// with explicit readiness are given by their `start_timeout`s, the longest of each layer. A
    /// factory that blocks is not counted, nor what waits for a child of another supervisor.
    pub fn worst_case_start(&self) -> Duration {
        worst_case_start(&self.root, &ChildPath::root())
    }
}

fn layers(supervisor: &SupervisorPlan, path: &ChildPath) -> BTreeMap<usize, Vec<NodePlan>> {
    let layer_of = match supervisor.start {
        StartMode::Sequential => (0..supervisor.children.len()).collect(),
        StartMode::Parallel => layers_of(supervisor, path),
    };
    let mut layers = BTreeMap::<_, Vec<_>>::new();
    for (child, layer) in supervisor.children.iter().zip(layer_of) {
        if child.kind.policy().enabled {
            layers.entry(layer).or_default().push(child.clone());
        }
    }
    layers
}

fn order_of(supervisor: &SupervisorPlan, path: &ChildPath, orders: &mut Vec<StartOrder>) {
    let layers = layers(supervisor, path);
    let names = layers.values().map(|of_one| of_one.iter().map(|child| child.path.clone()));
    if !layers.is_empty() {
        let layers = names.map(Iterator::collect).collect();
        orders.push(StartOrder { supervisor: path.clone(), layers });
    }
    for child in layers.values().flatten() {
        if let PlanKind::Supervisor(inner) = &child.kind {
            order_of(inner, &child.path, orders);
        }
    }
}

fn worst_case_start(supervisor: &SupervisorPlan, path: &ChildPath) -> Duration {
    let of_child = |child: &NodePlan| match &child.kind {
        PlanKind::Supervisor(inner) => worst_case_start(inner, &child.path),
        PlanKind::Child(plan) if plan.policy.readiness == Readiness::Explicit => {
            plan.policy.start_timeout
        }
        PlanKind::Child(_) => Duration::ZERO,
    };
    let layers = layers(supervisor, path);
    let longest = layers.values().map(|of_one| of_one.iter().map(of_child).max());
    longest.flatten().fold(Duration::ZERO, Duration::saturating_add)
}

/// Visits each child that is started: its supervisor, where itself is, and which of its children it
/// is.
fn walk(supervisor: &SupervisorPlan, visit: &mut impl FnMut(&SupervisorPlan, &ChildPath, usize)) {
    for (n, child) in supervisor.children.iter().enumerate() {
        if !child.kind.policy().enabled {
            continue;
        }
        visit(supervisor, &child.path, n);
        if let PlanKind::Supervisor(inner) = &child.kind {
            walk(inner, visit);
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
    fn the_start_has_the_order_of_the_declaration_and_leaves_out_who_is_disabled() {
        let order = tree(Strategy::OneForOne).start_order();
        let order = order.iter().flat_map(|it| it.layers.concat()).collect::<Vec<_>>();
        let order: Vec<_> = order.iter().map(ChildPath::as_str).collect();
        assert_eq!(order, ["/root/a", "/root/inner", "/root/once", "/root/inner/b"]);
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

    #[test]
    fn in_parallel_the_layers_are_those_of_the_dependencies_and_followers_go_too() {
        let slow = |id| child(id).readiness(Readiness::Explicit);
        let follows = slow("c").depends_on("a").on_dependency_restart(OnDependencyRestart::Restart);
        let tree = SupervisorSpec::root()
            .start(StartMode::Parallel)
            .child(slow("a"))
            .child(slow("b"))
            .child(follows)
            .child(slow("d").depends_on("a"));
        let valid = tree.validate().unwrap();
        let layers = &valid.start_order()[0].layers;
        let names = |layer: &Vec<ChildPath>| layer.iter().map(|it| it.name().to_owned()).collect();
        let names: Vec<Vec<String>> = layers.iter().map(names).collect();
        assert_eq!(names, [["a", "b"], ["c", "d"]]);
        assert_eq!(valid.worst_case_start(), Duration::from_mins(1));
        let of_a = &valid.blast_radius()[0];
        assert_eq!(of_a.with.iter().map(ChildPath::name).collect::<Vec<_>>(), ["c"]);
    }
}
