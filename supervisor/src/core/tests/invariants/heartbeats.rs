//! L39: a child that has to send heartbeats is stopped when it has sent none for too long, not
//! before and not later; and nobody else is.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World, path, reloaded};
use crate::core::time::Uptime;
use crate::event::EventKind;
use crate::id::ChildPath;
use crate::task::exit::{Deadline, Exit};

#[derive(Default)]
pub(super) struct Heartbeats {
    /// Since when tasks have been ready.
    ready: BTreeMap<ChildPath, Uptime>,
    /// Those that are stopped for their silence.
    stuck: BTreeSet<ChildPath>,
    /// Supervisors that end: nobody below is looked at any more.
    ending: BTreeSet<ChildPath>,
}

impl Heartbeats {
    fn heard(&self, world: &World, child: &ChildPath) -> Option<Uptime> {
        let run = world.runs.values().find(|run| path(&run.path) == *child)?;
        let ready = *self.ready.get(child)?;
        Some(run.beat_at.map_or(ready, |beat| beat.max(ready)))
    }
}

impl Invariant for Heartbeats {
    fn input(&mut self, world: &World, input: &Input) {
        // From a reload on another promise holds.
        for (path, kind) in reloaded(input) {
            let before = world.policy(&path).and_then(|policy| policy.health);
            if before != kind.policy().health
                && let Some(since) = self.ready.get_mut(&path)
            {
                *since = world.now;
            }
        }
        if let Input::Ended(run, _) = input
            && let Some(run) = world.runs.get(run)
        {
            self.ready.remove(&path(&run.path));
        }
    }

    fn action(&mut self, world: &World, action: &Action) {
        if let Action::CheckPulse(run) = action {
            let path = path(&world.runs[run].path);
            let health = world.policy(&path).expect("known").health;
            assert!(health.is_some(), "{path} sends no heartbeats");
        }
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match &fact.kind {
            EventKind::Ready => {
                self.ready.insert(path.clone(), world.now);
            }
            EventKind::Starting => {
                self.ready.remove(path);
                self.stuck.remove(path);
                self.ending.remove(path);
            }
            EventKind::Stale { .. } => {
                let health = world.policy(path).expect("known").health.expect("has health");
                let heard = self.heard(world, path).expect("it is up");
                assert_eq!(world.now, heard + health.stale_after, "{path} is stale");
                self.stuck.insert(path.clone());
            }
            EventKind::StopRequested => {
                self.ready.remove(path);
                if world.plan(path).is_some() {
                    self.ending.insert(path.clone());
                }
            }
            // A supervisor that is still starting ends with it.
            EventKind::StartFailed { .. } | EventKind::Unjoinable => {
                let above = path.parent().filter(|above| !self.ready.contains_key(above));
                self.ending.extend(above);
            }
            EventKind::Meltdown { .. } | EventKind::AutoShutdown { .. } => {
                self.ending.insert(path.clone());
            }
            EventKind::Exited { exit } => {
                self.ending.remove(path);
                let is_stuck = self.stuck.remove(path);
                let has_timed_out = matches!(exit, Exit::TimedOut(Deadline::Heartbeat));
                // One that is given up and stopped by somebody else meanwhile may end as it likes.
                assert!(is_stuck || !has_timed_out, "{path} was not stuck");
            }
            _ => {}
        }
    }

    fn after(&mut self, world: &World) {
        for child in world.engine.state().children {
            let Some(health) = child.health else { continue };
            let is_ending = self.ending.iter().any(|above| child.path.is_within(above));
            if is_ending || child.lifecycle != crate::state::Lifecycle::Up {
                continue;
            }
            let Some(heard) = self.heard(world, &child.path) else { continue };
            let is_late = world.now > heard + health.stale_after;
            assert!(!is_late, "nobody notices that {} is silent", child.path);
        }
    }
}
