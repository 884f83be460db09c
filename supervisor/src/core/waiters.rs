//! Who waits for what to become of a node. Every command is answered exactly once.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;
use super::key::NodeKey;
use crate::control::outcome::CommandOutcome;
use crate::error::types::SupervisorError;
use crate::id::CommandId;
use crate::task::exit::Exit;

#[derive(Debug, Default)]
pub(super) struct Waiters {
    /// One that came when nobody waited: mostly there is no more than one.
    first: Option<(NodeKey, CommandId, Wants)>,
    /// The others, by node, and those of one node in the order in which they came.
    waiting: BTreeMap<(NodeKey, u64), (CommandId, Wants)>,
    /// How many there have been.
    count: u64,
}

/// What a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// That the start is over.
    Started,
    /// That it is up, however often it takes.
    Ready,
    /// That it is down.
    Stopped,
    /// That it is gone.
    Removed,
}

impl Waiters {
    pub(super) fn add(&mut self, key: NodeKey, id: CommandId, wants: Wants) {
        if self.first.is_none() && self.waiting.is_empty() {
            self.first = Some((key, id, wants));
            return;
        }
        self.count += 1;
        self.waiting.insert((key, self.count), (id, wants));
    }

    /// Takes out the first of a node for which `matches` holds.
    fn take(
        &mut self,
        key: NodeKey,
        matches: impl Fn(Wants) -> bool,
    ) -> Option<(CommandId, Wants)> {
        if let Some((_, id, wants)) =
            self.first.take_if(|(node, _, wants)| *node == key && matches(*wants))
        {
            return Some((id, wants));
        }
        if self.waiting.is_empty() {
            return None;
        }
        let mut of_node = self.waiting.range((key, 0)..=(key, u64::MAX));
        let (&at, _) = of_node.find(|&(_, &(_, wants))| matches(wants))?;
        self.waiting.remove(&at)
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeKey> {
        let first = self.first.iter().map(|&(key, ..)| key);
        first.chain(self.waiting.keys().map(|&(key, _)| key))
    }

    /// Takes out all that wait for a node to be up.
    fn take_ready(&mut self) -> Vec<CommandId> {
        self.take_where(|_, wants| wants == Wants::Ready)
    }

    fn take_where(&mut self, matches: impl Fn(CommandId, Wants) -> bool) -> Vec<CommandId> {
        let first = self.first.take_if(|(_, id, wants)| matches(*id, *wants));
        let mut taken: Vec<_> = first.into_iter().map(|(_, id, _)| id).collect();
        self.waiting.retain(|_, &mut (id, wants)| {
            let matches = matches(id, wants);
            if matches {
                taken.push(id);
            }
            !matches
        });
        taken.sort_unstable();
        taken
    }
}

impl Engine {
    /// Drops those who wait for a node to be up and whom nobody listens to any more.
    pub(super) fn abandon(&mut self, ids: &BTreeSet<CommandId>) {
        // Whatever else was asked for is carried out though nobody waits.
        self.waiters.take_where(|id, wants| wants == Wants::Ready && ids.contains(&id));
    }

    /// The end of the tree has begun: nothing that is not up now will ever be.
    pub(super) fn answer_never_ready(&mut self) {
        for id in self.waiters.take_ready() {
            self.reply(id, Err(SupervisorError::ShuttingDown));
        }
    }

    pub(super) fn outcome(&self, key: NodeKey, is_ignored: bool) -> CommandOutcome {
        let node = self.nodes.get(key);
        CommandOutcome {
            path: self.path_of(key),
            generation: node.map(|node| node.generation).unwrap_or_default(),
            lifecycle: node.map(|node| node.state.lifecycle()),
            is_ignored,
            decision: node.and_then(|node| node.history.as_ref()?.decision),
        }
    }

    /// The outcome for a child that will not be known any more when the answer is read.
    pub(super) fn outcome_gone(&self, key: NodeKey, is_ignored: bool) -> CommandOutcome {
        CommandOutcome { lifecycle: None, ..self.outcome(key, is_ignored) }
    }

    /// The start is over: the node is up, or down because it had nothing to do.
    pub(super) fn answer_up(&mut self, key: NodeKey, is_ignored: bool) {
        let wanted = |wants| match wants {
            Wants::Started => true,
            Wants::Ready => !is_ignored,
            Wants::Stopped | Wants::Removed => false,
        };
        while let Some((id, _)) = self.waiters.take(key, wanted) {
            let outcome = self.outcome(key, is_ignored);
            if cfg!(plant_bug = "answered_twice") {
                self.reply(id, Ok(outcome.clone()));
            }
            self.reply(id, Ok(outcome));
        }
    }

    /// The start waits for what the node depends on, however long that takes.
    pub(super) fn answer_waiting(&mut self, key: NodeKey) {
        while let Some((id, _)) = self.waiters.take(key, |wants| wants == Wants::Started) {
            let outcome = self.outcome(key, false);
            self.reply(id, Ok(outcome));
        }
    }

    /// The node had nothing to do and, being temporary, is forgotten.
    pub(super) fn answer_forgotten_after_ignore(&mut self, key: NodeKey) {
        while let Some((id, _)) = self.waiters.take(key, |wants| wants == Wants::Started) {
            let outcome = self.outcome_gone(key, true);
            self.reply(id, Ok(outcome));
        }
    }

    pub(super) fn answer_start_failed(&mut self, key: NodeKey, exit: &Exit) {
        while let Some((id, _)) = self.waiters.take(key, |wants| wants == Wants::Started) {
            let cause = crate::error::types::ExitError(exit.clone());
            self.reply(id, Err(SupervisorError::StartFailed { path: self.path_of(key), cause }));
        }
    }

    /// A later command has interrupted the start that somebody waits for.
    pub(super) fn answer_start_stopped(&mut self, key: NodeKey) {
        while let Some((id, _)) = self.waiters.take(key, |wants| wants == Wants::Started) {
            self.reply(id, Err(SupervisorError::Stopped { path: self.path_of(key) }));
        }
    }

    /// The node is down because that was wanted.
    pub(super) fn answer_stopped(&mut self, key: NodeKey) {
        let wanted = |wants| matches!(wants, Wants::Stopped | Wants::Started);
        while let Some((id, wants)) = self.waiters.take(key, wanted) {
            let outcome = self.outcome(key, false);
            self.reply(
                id,
                match wants {
                    Wants::Stopped | Wants::Removed => Ok(outcome),
                    Wants::Started | Wants::Ready => {
                        Err(SupervisorError::Stopped { path: self.path_of(key) })
                    }
                },
            );
        }
    }

    /// The node is down, and is not to be started.
    pub(super) fn answer_disabled(&mut self, key: NodeKey) {
        self.answer_stopped(key);
        let error = self.disabled(key);
        while let Some((id, _)) = self.waiters.take(key, |wants| wants == Wants::Ready) {
            self.reply(id, Err(error.clone()));
        }
    }

    /// The node is gone, as those who asked for its stop wanted; somebody else wants it back.
    pub(super) fn answer_joined(&mut self, key: NodeKey) {
        if cfg!(plant_bug = "overtaken_stop_unanswered") {
            return;
        }
        while let Some((id, _)) = self.waiters.take(key, |wants| wants == Wants::Stopped) {
            let down = Some(crate::state::Lifecycle::Down);
            let outcome = CommandOutcome { lifecycle: down, ..self.outcome(key, false) };
            self.reply(id, Ok(outcome));
        }
    }

    /// The node is about to be dropped.
    pub(super) fn answer_removed(&mut self, key: NodeKey) {
        while let Some((id, wants)) = self.waiters.take(key, |_| true) {
            let outcome = self.outcome_gone(key, false);
            self.reply(
                id,
                match wants {
                    Wants::Stopped | Wants::Removed => Ok(outcome),
                    Wants::Started | Wants::Ready => {
                        Err(SupervisorError::Removed { path: self.path_of(key) })
                    }
                },
            );
        }
    }

    pub(super) fn answer_unjoinable(&mut self, key: NodeKey) {
        while let Some((id, _)) = self.waiters.take(key, |wants| wants != Wants::Ready) {
            self.reply(id, Err(SupervisorError::Unjoinable { path: self.path_of(key) }));
        }
    }
}
