//! L32: every command is answered once, and what is answered is true.

use std::collections::BTreeMap;

use crate::control::command::{Command, Reply, Verb};
use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World};
use crate::error::types::SupervisorError;
use crate::id::{ChildId, CommandId};
use crate::state::Lifecycle;

#[derive(Default)]
pub(super) struct Replies {
    open: BTreeMap<CommandId, Command>,
}

impl Replies {
    fn check(world: &World, command: &Command, reply: &Reply) {
        if let Err(SupervisorError::UnknownPath { path, known, nearest_path }) = reply {
            assert!(path != known && path.is_within(known), "{path} is known");
            assert!(world.policy(known).is_some(), "{known} is not known");
            assert!(nearest_path.as_ref().is_none_or(|near| world.policy(near).is_some()));
        }
        let Command::Do(verb, _) = command else { return };
        let (Ok(outcome), path) = (reply, verb.path()) else { return };
        match verb {
            Verb::Stop(_) | Verb::Delete(_) => {
                assert!(!world.is_alive(path), "{path} is said to be stopped and runs");
            }
            Verb::Pause(_) | Verb::Quarantine(_) => {
                assert!(!world.is_alive(path), "{path} is said to be kept out and runs");
                assert_ne!(outcome.lifecycle, Some(Lifecycle::Up), "{path} is kept out");
            }
            Verb::ResetBudget(_) => {}
            Verb::Resume(_) => {
                let held = [Some(Lifecycle::Paused), Some(Lifecycle::Quarantined)];
                assert!(!held.contains(&outcome.lifecycle), "{path} is resumed");
            }
            Verb::Remove(_) => {
                assert!(!world.is_alive(path), "{path} is said to be removed and runs");
                assert_eq!(outcome.lifecycle, None, "{path} is removed");
            }
            Verb::Start(_) | Verb::Restart(_) if !outcome.is_ignored => {
                assert!(is_started(outcome.lifecycle), "{path} is started");
            }
            Verb::Start(_) | Verb::Restart(_) => {
                assert!(!world.is_alive(path), "{path} ignored its start and runs");
            }
            Verb::Spawn { pool, id, .. } => {
                let path = &outcome.path;
                assert_eq!(path.parent().as_ref(), Some(pool));
                assert!(id.as_ref().is_none_or(|id| *id == path.id()), "{path} has another id");
                if !outcome.is_ignored {
                    assert_eq!(outcome.lifecycle, Some(Lifecycle::Up), "{path} is spawned");
                }
            }
            Verb::Add { parent, spec } => {
                let path = parent.join(&ChildId::new(spec.id()).expect("an id"));
                assert_eq!(outcome.path, path);
                if !outcome.is_ignored {
                    assert!(is_started(outcome.lifecycle), "{path} is added");
                }
            }
        }
    }
}

/// Up, or as far as it can be before what it depends on is.
fn is_started(lifecycle: Option<Lifecycle>) -> bool {
    matches!(lifecycle, Some(Lifecycle::Up | Lifecycle::Waiting))
}

impl Invariant for Replies {
    fn input(&mut self, _: &World, input: &Input) {
        if let Input::Command(id, command) = input
            && !matches!(command, Command::Shutdown(_) | Command::ShutdownNow(_))
        {
            self.open.insert(*id, command.clone());
        }
    }

    fn action(&mut self, world: &World, action: &Action) {
        let Action::Reply(id, reply) = action else { return };
        let Some(command) = self.open.remove(id) else { panic!("{id} is answered twice") };
        Self::check(world, &command, reply);
    }

    fn after(&mut self, world: &World) {
        // In a tree at rest only those who wait for a child to be ready, and those who wait for a
        // run that cannot be ended, still wait.
        if world.engine.is_settled() {
            let waiting = self.open.values().find(|c| !matches!(c, Command::WaitReady(_)));
            assert!(waiting.is_none(), "nobody answers {waiting:?}");
        }
    }

    fn end(&mut self, _: &World) {
        assert!(self.open.is_empty(), "never answered: {:?}", self.open);
    }
}
