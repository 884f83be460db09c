//! Which commands there were lately, so that one that comes twice is carried out once.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::dashboard::model::{ControlCommandRequest, ControlCommandResult};

/// What a command came to; nothing while it is carried out.
pub(super) type Outcome = watch::Receiver<Option<ControlCommandResult>>;

/// The commands that are being carried out, and as many of those before as there is room for.
#[derive(Debug)]
pub(super) struct Memory {
    most: usize,
    keep_for: Duration,
    known: BTreeMap<String, Known>,
    /// Those that are done, the oldest first.
    done: VecDeque<(Instant, String)>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Known {
    /// Of what was asked for: keyed by chance, so that nobody finds two commands with the same.
    content: u64,
    outcome: Outcome,
}

/// What is known of a command.
#[derive(Debug)]
pub(super) enum Recalled {
    /// Nothing: it is to be carried out, and this is where to tell what came of it.
    New(watch::Sender<Option<ControlCommandResult>>),
    /// The same was asked for before.
    Same(Outcome),
    /// Something else was asked for under this id.
    Other,
}

impl Memory {
    pub(super) fn new(most: usize, keep_for: Duration) -> Self {
        let (known, done, hasher) = (BTreeMap::new(), VecDeque::new(), RandomState::new());
        Self { most, keep_for, known, done, hasher }
    }

    /// Looks up a command, and remembers one that is new.
    pub(super) fn recall(&mut self, request: &ControlCommandRequest, now: Instant) -> Recalled {
        self.forget(now);
        let content = self.content(request);
        if let Some(known) = self.known.get(&request.command_id) {
            if cfg!(plant_bug = "ipc_replay_runs_again") {
                return Recalled::New(watch::Sender::new(None));
            }
            if known.content != content && !cfg!(plant_bug = "ipc_conflict_ignored") {
                return Recalled::Other;
            }
            return Recalled::Same(known.outcome.clone());
        }
        let (sender, outcome) = watch::channel(None);
        self.known.insert(request.command_id.clone(), Known { content, outcome });
        Recalled::New(sender)
    }

    /// A command is done. From now on it can be forgotten.
    pub(super) fn done(&mut self, command_id: &str, now: Instant) {
        self.done.push_back((now, command_id.to_owned()));
        self.forget(now);
    }

    /// A command that has had no effect is as if it had never been.
    pub(super) fn never_mind(&mut self, command_id: &str) {
        self.known.remove(command_id);
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, _)) = self.done.front() {
            let is_old = now.saturating_duration_since(*at) >= self.keep_for;
            let is_full = self.done.len() > self.most;
            if !(is_old || is_full) || cfg!(plant_bug = "ipc_endless_memory") {
                return;
            }
            if let Some((_, id)) = self.done.pop_front() {
                self.known.remove(&id);
            }
        }
    }

    /// When it was asked for is no part of it: the same command may be sent again with another time.
    fn content(&self, request: &ControlCommandRequest) -> u64 {
        let ControlCommandRequest {
            command_id: _,
            target_id: _,
            command,
            target,
            reason,
            requested_by,
            confirmed,
            requested_at_unix_nanos: _,
        } = request;
        let mut hasher = self.hasher.build_hasher();
        (command, &target.child_path, &target.child_manifest).hash(&mut hasher);
        (reason, requested_by, confirmed).hash(&mut hasher);
        std::hash::Hasher::finish(&hasher)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::model::{ControlCommandKind, ControlCommandTarget};

    fn request(id: &str, reason: &str) -> ControlCommandRequest {
        ControlCommandRequest {
            command_id: id.to_owned(),
            target_id: "t".to_owned(),
            command: ControlCommandKind::PauseChild,
            target: ControlCommandTarget::default(),
            reason: reason.to_owned(),
            requested_by: "me".to_owned(),
            confirmed: false,
            requested_at_unix_nanos: 1,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_again_is_known_and_another_under_its_id_is_not() {
        let mut memory = Memory::new(8, Duration::from_mins(1));
        let mut recall = |id, reason, at: u64| {
            let request =
                ControlCommandRequest { requested_at_unix_nanos: at, ..request(id, reason) };
            memory.recall(&request, Instant::now())
        };
        assert!(matches!(recall("a", "x", 1), Recalled::New(_)));
        assert!(matches!(recall("a", "x", 2), Recalled::Same(_)));
        assert!(matches!(recall("a", "y", 1), Recalled::Other));
        assert!(matches!(recall("b", "x", 1), Recalled::New(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_is_forgotten_after_a_time_and_when_there_is_no_room() {
        let mut memory = Memory::new(2, Duration::from_mins(1));
        for id in ["a", "b", "c"] {
            drop(memory.recall(&request(id, "x"), Instant::now()));
        }
        // None of them is done yet: all are known, though there is room for two.
        assert_eq!(memory.known.len(), 3);
        for id in ["a", "b", "c"] {
            memory.done(id, Instant::now());
        }
        assert_eq!(memory.known.keys().collect::<Vec<_>>(), ["b", "c"]);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(matches!(memory.recall(&request("c", "y"), Instant::now()), Recalled::New(_)));
        assert_eq!(memory.known.len(), 1);
    }
}
