//! What the dependencies of a tree must be: known, lasting, and without a circle.
//!
//! A node has two moments, its start and when it is ready. Each needs others: a start that of the
//! supervisor above, that what it depends on is ready and, in a sequential supervisor, that the
//! sibling before is; to be ready needs the start and, for a supervisor, that all below are ready.
//! A moment that needs itself, over any number of steps, never comes.

use std::collections::{BTreeMap, BTreeSet};

use super::dependency::DependencyStep;
use super::plan::{NodePlan, PlanKind};
use super::validate::Fault;
use crate::id::{ChildPath, nearest};
use crate::policy::dependency::StartMode;
use crate::policy::restart::Restart;

/// The tree that a child is added to.
pub(crate) trait Around {
    /// What stands at `path`.
    fn known(&self, path: &ChildPath) -> Option<Known>;
    /// The paths of the children of what stands at `path`.
    fn children(&self, path: &ChildPath) -> Vec<ChildPath>;
}

/// What stands at a path.
pub(crate) struct Known {
    pub(crate) is_temporary: bool,
    pub(crate) is_enabled: bool,
    pub(crate) is_pool: bool,
    pub(crate) dependencies: Vec<ChildPath>,
}

/// Nothing: the tree is whole.
pub(crate) struct Nothing;

impl Around for Nothing {
    fn known(&self, _: &ChildPath) -> Option<Known> {
        None
    }

    fn children(&self, _: &ChildPath) -> Vec<ChildPath> {
        Vec::new()
    }
}

/// Checks the dependencies of everything from `top` down, which stands at `path`.
pub(super) fn check(
    top: &PlanKind,
    path: &ChildPath,
    around: &dyn Around,
    report: &mut dyn FnMut(&ChildPath, Fault),
) {
    if !depends(top) {
        return;
    }
    let mut graph = Graph { items: Vec::new(), index: BTreeMap::new(), around };
    graph.collect(top, path, None, None);
    graph.index = graph.items.iter().enumerate().map(|(n, item)| (item.path.clone(), n)).collect();
    for item in &graph.items {
        for dependency in item.kind.dependencies() {
            if let Some(fault) = graph.fault(item, dependency) {
                report(&item.path, fault);
            }
        }
    }
    for steps in graph.circles() {
        let at = steps.iter().find_map(|step| match step {
            DependencyStep::DependsOn { dependant, .. } => Some(dependant.clone()),
            _ => None,
        });
        report(&at.unwrap_or_else(|| path.clone()), Fault::DependencyCycle(steps));
    }
}

/// Whether anything from `kind` down depends on anything.
fn depends(kind: &PlanKind) -> bool {
    let below = match kind {
        PlanKind::Child(_) => &[][..],
        PlanKind::Supervisor(plan) => &plan.children,
    };
    !kind.dependencies().is_empty() || below.iter().any(|child| depends(&child.kind))
}

struct Item<'a> {
    path: ChildPath,
    kind: &'a PlanKind,
    parent: Option<usize>,
    /// The sibling that has to be ready before.
    before: Option<usize>,
    children: Vec<usize>,
}

struct Graph<'a> {
    items: Vec<Item<'a>>,
    index: BTreeMap<ChildPath, usize>,
    around: &'a dyn Around,
}

/// A moment in the life of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Start(usize),
    Ready(usize),
}

impl<'a> Graph<'a> {
    fn collect(
        &mut self,
        kind: &'a PlanKind,
        path: &ChildPath,
        parent: Option<usize>,
        before: Option<usize>,
    ) -> usize {
        let n = self.items.len();
        self.items.push(Item { path: path.clone(), kind, parent, before, children: Vec::new() });
        if let PlanKind::Supervisor(plan) = kind {
            let mut before = None;
            for NodePlan { path, kind } in &plan.children {
                let child = self.collect(kind, path, Some(n), before);
                self.items[n].children.push(child);
                let is_sequential = plan.start == StartMode::Sequential
                    && !cfg!(plant_bug = "circles_without_order");
                before = is_sequential.then_some(child);
            }
        }
        n
    }

    /// What is wrong with a single dependency.
    fn fault(&self, item: &Item<'_>, dependency: &ChildPath) -> Option<Fault> {
        if *dependency == item.path {
            return Some(Fault::DependsOnItself);
        }
        // A supervisor above what is depended on, unless it is above both, may go as well.
        let mut at = Some(dependency.clone());
        let mut temporary = None;
        while let Some(path) = at.filter(|path| !item.path.is_within(path)) {
            let Some(known) = self.known(&path) else {
                return Some(self.unknown(dependency))
                    .filter(|_| !cfg!(plant_bug = "unknown_dependencies"));
            };
            if known.is_pool && path != *dependency {
                let pool = path;
                return Some(Fault::DependsOnMember { dependency: dependency.clone(), pool });
            }
            if !known.is_enabled
                && self.is_enabled(item)
                && !cfg!(plant_bug = "dependencies_on_disabled_children")
            {
                let (dependency, disabled) = (dependency.clone(), path);
                return Some(Fault::DependsOnDisabled { dependency, disabled });
            }
            if known.is_temporary && !cfg!(plant_bug = "dependencies_on_what_is_forgotten") {
                temporary = Some(path.clone());
            }
            at = path.parent();
        }
        temporary.map(|temporary| Fault::DependsOnTemporary {
            dependency: dependency.clone(),
            temporary,
        })
    }

    /// Whether it is to be started at all.
    fn is_enabled(&self, item: &Item<'_>) -> bool {
        let above = std::iter::successors(Some(item), |item| Some(&self.items[item.parent?]));
        above.into_iter().all(|item| item.kind.policy().enabled)
    }

    fn known(&self, path: &ChildPath) -> Option<Known> {
        let Some(&n) = self.index.get(path) else { return self.around.known(path) };
        let kind = self.items[n].kind;
        Some(Known {
            is_temporary: kind.policy().restart == Restart::Temporary,
            is_enabled: kind.policy().enabled,
            is_pool: matches!(kind, PlanKind::Supervisor(plan) if plan.is_pool()),
            dependencies: kind.dependencies().to_vec(),
        })
    }

    fn unknown(&self, dependency: &ChildPath) -> Fault {
        let mut deepest = Some(dependency.clone());
        while let Some(path) = &deepest
            && self.known(path).is_none()
        {
            deepest = path.parent();
        }
        let deepest = deepest.unwrap_or_else(ChildPath::root);
        if self.known(&deepest).is_some_and(|known| known.is_pool) {
            return Fault::DependsOnMember { dependency: dependency.clone(), pool: deepest };
        }
        let children = match self.index.get(&deepest) {
            Some(&n) => {
                let children = self.items[n].children.iter();
                children.map(|&child| self.items[child].path.clone()).collect()
            }
            None => self.around.children(&deepest),
        };
        // What comes after the part that is wrong is kept, where there is something like it.
        let near = nearest(dependency, &deepest, children.into_iter());
        let near = near.map(|near| self.as_deep(near, dependency));
        Fault::UnknownDependency { dependency: dependency.clone(), nearest_path: near }
    }

    /// `near`, with the rest of `asked` behind it if that is known.
    fn as_deep(&self, near: ChildPath, asked: &ChildPath) -> ChildPath {
        let depth = near.as_str().matches('/').count();
        let rest = asked.as_str().split('/').skip(depth + 1);
        let whole = rest.fold(near.as_str().to_owned(), |path, id| format!("{path}/{id}"));
        let whole = ChildPath::parse(&whole).ok();
        whole.filter(|whole| self.known(whole).is_some()).unwrap_or(near)
    }

    /// What a moment needs.
    fn needs(&self, moment: Moment) -> Vec<Moment> {
        match moment {
            Moment::Start(n) => {
                let item = &self.items[n];
                let dependencies = item.kind.dependencies().iter();
                let dependencies = dependencies.filter(|&path| *path != item.path);
                let known = dependencies.filter_map(|path| self.index.get(path).copied());
                let ready = known.chain(item.before).map(Moment::Ready);
                ready.chain(item.parent.map(Moment::Start)).collect()
            }
            Moment::Ready(n) => {
                let children = self.items[n].children.iter().map(|&child| Moment::Ready(child));
                std::iter::once(Moment::Start(n)).chain(children).collect()
            }
        }
    }

    fn circles(&self) -> Vec<Vec<DependencyStep>> {
        if cfg!(plant_bug = "circles_wait_for_ever") {
            return Vec::new();
        }
        let mut circles = self.circles_within();
        circles.extend(self.circles_around());
        circles
    }

    /// Follows what each moment needs. The way to a moment that is on that way is a circle.
    fn circles_within(&self) -> Vec<Vec<DependencyStep>> {
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for n in 0..self.items.len() {
            let start = Moment::Ready(n);
            if !seen.insert(start) {
                continue;
            }
            let mut way = vec![(start, self.needs(start))];
            let mut on_way = BTreeSet::from([start]);
            while let Some((at, needs)) = way.last_mut() {
                let Some(next) = needs.pop() else {
                    on_way.remove(at);
                    way.pop();
                    continue;
                };
                if on_way.contains(&next) {
                    let circle = way.iter().map(|(moment, _)| *moment);
                    let circle: Vec<_> = circle.skip_while(|&moment| moment != next).collect();
                    circles.push(self.steps(&circle));
                } else if seen.insert(next) {
                    on_way.insert(next);
                    way.push((next, self.needs(next)));
                }
            }
        }
        circles
    }

    /// The steps of a circle, from the dependency that comes first in the tree.
    fn steps(&self, circle: &[Moment]) -> Vec<DependencyStep> {
        let path = |n: usize| self.items[n].path.clone();
        let next = circle.iter().cycle().skip(1);
        let mut steps: Vec<_> = circle
            .iter()
            .zip(next)
            .filter_map(|(&from, &to)| match (from, to) {
                (Moment::Start(later), Moment::Ready(earlier))
                    if self.items[later].before == Some(earlier)
                        && !self.items[later].kind.dependencies().contains(&path(earlier)) =>
                {
                    let (later, earlier) = (path(later), path(earlier));
                    Some(DependencyStep::DeclaredAfter { later, earlier })
                }
                (Moment::Start(n), Moment::Ready(on)) => {
                    let (dependant, dependency) = (path(n), path(on));
                    Some(DependencyStep::DependsOn { dependant, dependency })
                }
                (Moment::Start(n), Moment::Start(above)) => {
                    let (child, supervisor) = (path(n), path(above));
                    Some(DependencyStep::StartsWith { child, supervisor })
                }
                (Moment::Ready(n), Moment::Ready(below)) => {
                    let (supervisor, child) = (path(n), path(below));
                    Some(DependencyStep::ReadyWith { supervisor, child })
                }
                (Moment::Ready(_), Moment::Start(_)) => None,
            })
            .collect();
        let said = steps.iter().enumerate().filter_map(|(at, step)| match step {
            DependencyStep::DependsOn { dependant, .. } => Some((self.index.get(dependant), at)),
            _ => None,
        });
        let first = said.min().map_or(0, |(_, at)| at);
        steps.rotate_left(first);
        steps
    }

    /// Circles through the tree that something is added to. What is there already has started, so
    /// only what waits, or will, counts: dependencies, its own and those of what it stands in.
    fn circles_around(&self) -> Vec<Vec<DependencyStep>> {
        let Some(top) = self.items.first().map(|item| item.path.clone()) else { return Vec::new() };
        let mut circles = Vec::new();
        let mut seen = BTreeSet::new();
        for item in &self.items {
            for dependency in item.kind.dependencies() {
                let is_around = self.around.known(dependency).is_some();
                if self.index.contains_key(dependency) || !is_around {
                    continue;
                }
                let (dependant, dependency) = (item.path.clone(), dependency.clone());
                let mut way = vec![DependencyStep::DependsOn { dependant, dependency }];
                if self.leads_to(&top, &mut way, &mut seen) {
                    circles.push(way);
                }
            }
        }
        circles
    }

    /// Whether what the last step of `way` names needs something in `top`, or is above it.
    fn leads_to(
        &self,
        top: &ChildPath,
        way: &mut Vec<DependencyStep>,
        seen: &mut BTreeSet<ChildPath>,
    ) -> bool {
        let Some(DependencyStep::DependsOn { dependency, .. }) = way.last() else { return false };
        let at = dependency.clone();
        if at.is_within(top) {
            return true;
        }
        if top.is_within(&at) {
            way.push(DependencyStep::ReadyWith { supervisor: at, child: top.clone() });
            return true;
        }
        let mut above = Some(at.clone());
        let mut depth = 0;
        while let Some(path) = above.filter(|path| !top.is_within(path)) {
            above = path.parent();
            let is_new = seen.insert(path.clone());
            let dependencies = self.around.known(&path).map(|known| known.dependencies);
            for dependency in dependencies.into_iter().flatten().filter(|_| is_new) {
                let dependant = path.clone();
                way.push(DependencyStep::DependsOn { dependant, dependency });
                if self.leads_to(top, way, seen) {
                    return true;
                }
                way.pop();
            }
            if let Some(supervisor) = path.parent() {
                way.push(DependencyStep::StartsWith { child: path, supervisor });
                depth += 1;
            }
        }
        way.truncate(way.len() - depth);
        false
    }
}

#[cfg(test)]
mod tests;
