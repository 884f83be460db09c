//! L12, L20, L21, L37: siblings are stopped one at a time, the youngest first; those of a pool at
//! once; those of a parallel supervisor layer by layer.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::dependency::StartMode;
use crate::policy::restart::Strategy;
use crate::spec::plan::SupervisorPlan;
use crate::state::{ChildState, Lifecycle, TreeState};

#[derive(Default)]
pub(super) struct Order {
    /// From then on everything is stopped at once.
    is_forced: bool,
    /// The children of each supervisor, as they were before the input.
    before: BTreeMap<ChildPath, Vec<ChildPath>>,
    /// The tree before the input, and the layers of parallel supervisors that end, as they were
    /// before that began.
    state: Option<TreeState>,
    layers: BTreeMap<ChildPath, BTreeMap<ChildPath, Option<usize>>>,
    /// Whose failure began the latest round of each supervisor.
    origins: BTreeMap<ChildPath, ChildPath>,
    /// Who is asked to stop in this input.
    asked: Vec<ChildPath>,
    /// Who is stopped in this input because a command names it, or for what it depends on.
    named: Vec<ChildPath>,
}

impl Invariant for Order {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        match &fact.kind {
            EventKind::ShutdownForced { .. } => self.is_forced = true,
            EventKind::Aborted if world.plan(&fact.path).is_some() => self.is_forced = true,
            EventKind::RoundStarted { origin } => {
                self.origins.insert(fact.path.clone(), origin.clone());
            }
            EventKind::Commanded { .. } | EventKind::DependencyLost { .. } => {
                self.named.push(fact.path.clone());
            }
            EventKind::StopRequested if !self.named.contains(&fact.path) => {
                self.asked.push(fact.path.clone());
            }
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        let asked = std::mem::take(&mut self.asked);
        self.named.clear();
        let before = std::mem::take(&mut self.before);
        let state = world.engine.state();
        for (path, lifecycle) in state.children.iter().map(|c| (&c.path, c.lifecycle)) {
            if world.plan(path).is_some() {
                let children = state.children_of(path.as_str()).map(|c| c.path.clone());
                self.before.insert(path.clone(), children.collect());
            }
            let is_root = path.is_root() || lifecycle != Lifecycle::Stopping;
            if is_root || !asked.contains(path) || self.is_forced || world.has_ended {
                continue;
            }
            let parent = path.parent().expect("not the root");
            let is_pool = world.plan(&parent).is_some_and(SupervisorPlan::is_pool);
            let is_parallel = world.plan(&parent).is_some_and(is_parallel);
            let is_by_supervisor = world.engine.is_stopped_by_supervisor(path);
            let Some(siblings) = before.get(&parent).filter(|_| is_by_supervisor) else { continue };
            // One that has just been added is the youngest.
            let younger = siblings.iter().skip_while(|&sibling| sibling != path).skip(1);
            let depends = |sibling: &&ChildPath| {
                let mut dependencies = world.dependencies(sibling).iter();
                *sibling != path && dependencies.any(|on| on.is_within(path))
            };
            // When a start has failed those in progress are cancelled before all others.
            let is_cancelled = is_parallel && self.was_starting(path) && self.was_starting(&parent);
            if is_cancelled {
                continue;
            }
            let is_round = state.get(parent.as_str()).is_some_and(|c| c.lifecycle == Lifecycle::Up);
            let first: Vec<_> = if is_parallel {
                // Whoever is declared before the one that failed is no member of its round.
                let origin = self.origins.get(&parent).filter(|_| {
                    let strategy = world.plan(&parent).map(|plan| plan.strategy);
                    is_round && strategy == Some(Strategy::RestForOne)
                });
                let older = |sibling: &&ChildPath| origin.is_some_and(|origin| *sibling != origin);
                let members = siblings.iter().skip_while(older);
                members.filter(depends).collect()
            } else {
                younger.filter(|_| !is_pool).collect()
            };
            for sibling in first {
                let Ok(sibling) = world.engine.state_at(sibling) else { continue };
                let is_gone =
                    !sibling.lifecycle.is_live() || sibling.lifecycle == Lifecycle::Unjoinable;
                assert!(is_gone, "{path} is asked to stop before {}", sibling.path);
            }
        }
        self.remember_layers(world, &state);
        for path in &asked {
            self.check_layer(world, &state, path);
        }
        self.state = Some(state.clone());
        for (path, plan) in state.children.iter().filter_map(|c| Some((c, world.plan(&c.path)?))) {
            if !plan.is_pool() || path.lifecycle != Lifecycle::Stopping {
                continue;
            }
            for member in state.children_of(path.path.as_str()) {
                let is_asked = !matches!(member.lifecycle, Lifecycle::Up | Lifecycle::Starting);
                assert!(is_asked, "{} of a pool has to wait for others", member.path);
            }
        }
    }
}

fn is_parallel(plan: &SupervisorPlan) -> bool {
    plan.start == StartMode::Parallel
}

impl Order {
    /// Whether it was in its start phase before the input.
    fn was_starting(&self, path: &ChildPath) -> bool {
        let before = self.state.as_ref().and_then(|state| state.get(path.as_str()));
        before.is_some_and(|child| child.lifecycle == Lifecycle::Starting)
    }

    fn remember_layers(&mut self, world: &World, state: &TreeState) {
        for child in &state.children {
            let is_parallel = world.plan(&child.path).is_some_and(is_parallel);
            if !is_parallel || child.lifecycle != Lifecycle::Stopping {
                self.layers.remove(&child.path);
                continue;
            }
            let Some(before) = &self.state else { continue };
            self.layers.entry(child.path.clone()).or_insert_with(|| {
                let siblings: Vec<_> = before.children_of(child.path.as_str()).collect();
                let layer = |path| layer(world, before, &siblings, path, 0);
                siblings.iter().map(|c| (c.path.clone(), layer(&c.path))).collect()
            });
        }
    }

    /// When one of a layer is asked to stop because its supervisor ends, all of them are.
    fn check_layer(&self, world: &World, state: &TreeState, path: &ChildPath) {
        let Some(parent) = path.parent() else { return };
        let Some(layers) = self.layers.get(&parent) else { return };
        let is_cancelled = self.was_starting(path) && self.was_starting(&parent);
        if !world.engine.is_stopped_by_supervisor(path) || is_cancelled {
            return;
        }
        let layer = |path: &ChildPath| layers.get(path).copied().flatten();
        for sibling in state.children_of(parent.as_str()) {
            let runs = matches!(sibling.lifecycle, Lifecycle::Up | Lifecycle::Starting);
            if let (Some(its), Some(of_path)) = (layer(&sibling.path), layer(path)) {
                assert!(!runs || its < of_path, "{} is stopped after {path}", sibling.path);
            }
        }
    }
}

/// How many siblings have to be ready one after the other before this one starts. Nothing where
/// they go round.
fn layer(
    world: &World,
    state: &TreeState,
    siblings: &[&ChildState],
    path: &ChildPath,
    depth: usize,
) -> Option<usize> {
    if depth > siblings.len() {
        return None;
    }
    let within = state.children.iter().filter(|child| child.path.is_within(path));
    let on: Vec<_> = within.flat_map(|child| world.dependencies(&child.path)).collect();
    let needed = siblings
        .iter()
        .filter(|sibling| sibling.path != *path && on.iter().any(|on| on.is_within(&sibling.path)));
    needed
        .map(|sibling| Some(layer(world, state, siblings, &sibling.path, depth + 1)? + 1))
        .try_fold(0, |most, layer| Some(most.max(layer?)))
}
