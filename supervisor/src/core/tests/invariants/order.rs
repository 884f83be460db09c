//! L12, L20, L21: siblings are stopped one at a time, the youngest first; those of a pool at once.

use std::collections::BTreeMap;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::spec::plan::SupervisorPlan;
use crate::state::Lifecycle;

#[derive(Default)]
pub(super) struct Order {
    /// From then on everything is stopped at once.
    is_forced: bool,
    /// The children of each supervisor, as they were before the input.
    before: BTreeMap<ChildPath, Vec<ChildPath>>,
    /// Who is asked to stop in this input.
    asked: Vec<ChildPath>,
    /// Whom a command names in this input.
    named: Vec<ChildPath>,
}

impl Invariant for Order {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        match &fact.kind {
            EventKind::ShutdownForced => self.is_forced = true,
            EventKind::Aborted if world.plan(&fact.path).is_some() => self.is_forced = true,
            EventKind::Commanded { .. } => self.named.push(fact.path.clone()),
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
            let is_by_supervisor = world.engine.is_stopped_by_supervisor(path);
            let Some(siblings) = before.get(&parent).filter(|_| is_by_supervisor) else { continue };
            // One that has just been added is the youngest.
            let younger = siblings.iter().skip_while(|&sibling| sibling != path).skip(1);
            for sibling in younger.filter(|_| !is_pool) {
                let Ok(sibling) = world.engine.state_at(sibling) else { continue };
                let is_gone =
                    !sibling.lifecycle.is_live() || sibling.lifecycle == Lifecycle::Unjoinable;
                assert!(is_gone, "{path} is asked to stop before {}", sibling.path);
            }
        }
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
