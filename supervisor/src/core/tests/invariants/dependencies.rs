//! L37, L38: nothing starts before what it depends on is ready, nothing waits for what is ready,
//! and a dependant that is stopped for it costs nothing.

use std::collections::BTreeSet;

use crate::core::action::Action;
use crate::core::tests::harness::{Invariant, World};
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::policy::dependency::OnDependencyRestart;
use crate::policy::restart::Restart;
use crate::state::{ChildState, Lifecycle};

#[derive(Default)]
pub(super) struct Dependencies {
    /// Who is ready, by what was said so far.
    ready: BTreeSet<ChildPath>,
    /// Who is stopped because of what it depends on, until it starts again.
    lost: BTreeSet<ChildPath>,
    /// Who has just been said to be stopped for that.
    is_next: Option<ChildPath>,
}

fn follows(world: &World, path: &ChildPath) -> bool {
    let policy = world.policy(path).expect("known");
    policy.on_dependency_restart == OnDependencyRestart::Restart
        && policy.restart != Restart::Temporary
}

impl Invariant for Dependencies {
    fn action(&mut self, world: &World, action: &Action) {
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        if let Some(next) = self.is_next.take() {
            assert!(matches!(fact.kind, EventKind::StopRequested), "{next} is stopped at once");
            assert_eq!(*path, next);
        }
        match &fact.kind {
            EventKind::Starting => {
                for dependency in world.dependencies(path) {
                    let is_ready = self.ready.contains(dependency);
                    assert!(is_ready, "{path} starts before {dependency} is ready");
                }
                self.lost.remove(path);
            }
            EventKind::Ready => {
                self.ready.insert(path.clone());
            }
            EventKind::Waiting { dependencies } => {
                assert!(!dependencies.is_empty(), "{path} waits for nothing");
            }
            EventKind::DependencyLost { dependency } => {
                assert!(follows(world, path), "{path} goes on whatever it depends on");
                assert!(world.dependencies(path).contains(dependency), "{path} on {dependency}");
                self.lost.insert(path.clone());
                self.is_next = Some(path.clone());
            }
            EventKind::Decided { .. } => {
                assert!(!self.lost.contains(path), "{path} was stopped for what it depends on");
            }
            EventKind::Removed => {
                self.ready.remove(path);
                self.lost.remove(path);
            }
            EventKind::StopRequested
            | EventKind::Exited { .. }
            | EventKind::Meltdown { .. }
            | EventKind::AutoShutdown { .. } => {
                self.ready.remove(path);
            }
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        let state = world.engine.state();
        let find = |path: &ChildPath| state.children.iter().find(|child| child.path == *path);
        let is_up = |path: &ChildPath| find(path).is_some_and(|c| c.lifecycle == Lifecycle::Up);
        for child in &state.children {
            let ChildState { path, lifecycle, waits_for, .. } = child;
            let dependencies = world.dependencies(path);
            let unready: Vec<_> = dependencies.iter().filter(|path| !is_up(path)).collect();
            if *lifecycle == Lifecycle::Waiting && !waits_for.is_empty() {
                assert!(waits_for.iter().eq(unready.iter().copied()), "what {path} waits for");
            }
            // Its turn comes while its supervisor starts; later it waits only for dependencies.
            let above = path.parent().and_then(|above| find(&above));
            if *lifecycle == Lifecycle::Waiting
                && above.is_some_and(|above| above.lifecycle == Lifecycle::Up)
            {
                assert!(!unready.is_empty(), "{path} is forgotten");
            }
            let runs = matches!(lifecycle, Lifecycle::Up | Lifecycle::Starting);
            if runs && !unready.is_empty() && follows(world, path) {
                let is_stopped_later = world.engine.is_stopped_later(path);
                assert!(is_stopped_later, "{path} runs without {unready:?}");
            }
        }
    }
}
