//! L8, L23, L31, L37, L41: nothing starts, or waits for its start, without a cause: the start of its
//! supervisor, a decision about it, a round it belongs to, a command, or what it depends on. What is
//! disabled, or below it, never does.

use std::collections::{BTreeMap, BTreeSet};

use crate::control::command::{Command, Verb};
use crate::control::outcome::CommandOutcome;
use crate::core::action::Action;
use crate::core::input::Input;
use crate::core::tests::harness::{Invariant, World, reloaded};
use crate::event::EventKind;
use crate::id::{ChildPath, CommandId};
use crate::policy::Policy;
use crate::policy::decision::RestartDecision;
use crate::policy::restart::Strategy;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Paused,
    Quarantined,
    ByLimit,
}

fn is_enabled(policy: Option<&Policy>) -> bool {
    policy.is_none_or(|policy| policy.enabled)
}

#[derive(Default)]
pub(super) struct Causes {
    /// Supervisors in their start phase.
    starting: BTreeSet<ChildPath>,
    /// Those that may start, and why.
    allowed: BTreeMap<ChildPath, &'static str>,
    /// Those that nothing may start, and whether a restart by command may.
    held: BTreeMap<ChildPath, Held>,
    /// Those that are not declared.
    added: BTreeSet<ChildPath>,
    removed: BTreeSet<ChildPath>,
    commands: BTreeMap<CommandId, Verb>,
}

impl Causes {
    fn answered(&mut self, id: CommandId, outcome: &CommandOutcome) {
        match self.commands.get(&id) {
            Some(Verb::Remove(path)) => {
                self.removed.insert(path.clone());
            }
            Some(Verb::Add { .. }) => {
                self.removed.remove(&outcome.path);
            }
            _ => {}
        }
    }
}

impl Invariant for Causes {
    fn input(&mut self, world: &World, input: &Input) {
        // What a reload enables, or what is enabled above it, starts when it can.
        let new = reloaded(input);
        for (path, kind) in &new {
            let was_enabled = is_enabled(world.policy(path).as_ref());
            if !was_enabled && is_enabled(Some(kind.policy())) {
                self.allowed.insert(path.clone(), "it is enabled");
            }
            // A many may have it again while it is still there.
            if world.policy(path).is_none() || world.is_undeclared(path) {
                self.allowed.insert(path.clone(), "there are more");
                self.held.remove(path);
                self.removed.remove(path);
            }
        }
        let Input::Command(id, Command::Do(verb, _)) = input else { return };
        self.commands.insert(*id, verb.clone());
        // L31: a stop makes void whatever was to start it. A round that begins later may.
        if let Verb::Stop(path) = verb {
            self.allowed.remove(path);
        }
    }

    fn action(&mut self, world: &World, action: &Action) {
        if let Action::Reply(id, Ok(outcome)) = action {
            self.answered(*id, outcome);
        }
        let Action::Note(fact) = action else { return };
        let path = &fact.path;
        match &fact.kind {
            EventKind::Starting | EventKind::Waiting { .. } => {
                let mut above = std::iter::successors(Some(path.clone()), ChildPath::parent);
                let is_enabled = |at| world.policy(&at).is_none_or(|policy| policy.enabled);
                assert!(above.all(is_enabled), "{path} is disabled");
                let parent = path.parent();
                let is_init = parent.as_ref().is_none_or(|above| self.starting.contains(above));
                let by_command = fact.command.is_some();
                let cause = self.allowed.remove(path);
                assert!(is_init || by_command || cause.is_some(), "{path} starts by itself");
                assert_eq!(self.held.get(path), None, "{path} starts");
                if !by_command {
                    assert!(!self.removed.contains(path), "{path} is removed for good");
                }
                if let EventKind::Waiting { .. } = fact.kind {
                    self.allowed.insert(path.clone(), "what it waited for");
                    return;
                }
                // What was added below it is gone, and all that was wished about it.
                let is_gone = |added: &ChildPath| added != path && added.is_within(path);
                let (held, added) = (&mut self.held, &mut self.added);
                for gone in added.iter().filter(|added| is_gone(added)) {
                    held.retain(|below, _| !below.is_within(gone));
                }
                added.retain(|added| !is_gone(added));
                self.starting.insert(path.clone());
                self.allowed.retain(|child, _| child.parent().as_ref() != Some(path));
            }
            EventKind::Added => {
                self.removed.retain(|removed| !removed.is_within(path));
                self.held.retain(|held, _| !held.is_within(path));
                self.added.insert(path.clone());
            }
            EventKind::Commanded { command, .. } => match (*command, self.held.get(path)) {
                // It is refused.
                ("pause_child" | "quarantine_child" | "resume_child", _)
                    if !is_enabled(world.policy(path).as_ref()) => {}
                ("pause_child", _) => {
                    self.held.insert(path.clone(), Held::Paused);
                    self.allowed.remove(path);
                }
                ("quarantine_child", _) => {
                    self.held.insert(path.clone(), Held::Quarantined);
                    self.allowed.remove(path);
                }
                ("resume_child", _)
                | ("restart_child", Some(Held::Quarantined | Held::ByLimit)) => {
                    self.held.remove(path);
                }
                _ => {}
            },
            EventKind::Ready | EventKind::StartFailed { .. } | EventKind::Exited { .. } => {
                self.starting.remove(path);
            }
            EventKind::Removed => {
                self.allowed.remove(path);
                if self.added.contains(path) {
                    self.held.retain(|held, _| !held.is_within(path));
                }
            }
            EventKind::Decided { decision } => match decision {
                RestartDecision::RestartAfter { .. } => {
                    self.allowed.insert(path.clone(), "a decision");
                }
                RestartDecision::Quarantine { .. } => {
                    self.allowed.remove(path);
                    self.held.insert(path.clone(), Held::ByLimit);
                }
                _ => {
                    self.allowed.remove(path);
                }
            },
            EventKind::DependencyLost { .. } => {
                self.allowed.insert(path.clone(), "what it depends on");
            }
            EventKind::Probing => {
                assert_eq!(self.held.remove(path), Some(Held::ByLimit), "{path} is probed");
                self.allowed.insert(path.clone(), "a probe");
            }
            EventKind::RoundStarted { origin } => {
                let is_all = world.plan(path).map(|p| p.strategy) == Some(Strategy::OneForAll);
                let state = world.engine.state();
                let mut is_member = is_all;
                for child in state.children_of(path.as_str()) {
                    is_member |= child.path == *origin;
                    if is_member {
                        self.allowed.insert(child.path.clone(), "a round");
                    }
                }
            }
            _ => {}
        }
    }
}
