//! What can happen to the tree.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::key::RunKey;
use super::time::Uptime;
use crate::control::command::Command;
use crate::id::CommandId;
use crate::task::exit::{PanicMessage, TaskFailure};
use crate::task::result::TaskResult;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// The tree is to be started. The first input, and only the first.
    Start,
    /// The factory returned and its future, or thread, was spawned.
    Spawned(RunKey),
    /// The run called `ready()`.
    Ready(RunKey),
    /// The run is over, with everything that belonged to it; or it was never spawned.
    Ended(RunKey, RunEnd),
    /// When the run has sent its latest heartbeat, if it has sent any. The answer to
    /// `Action::CheckPulse`, and given at once.
    Pulse { run: RunKey, last: Option<Uptime> },
    /// Somebody wants something.
    Command(CommandId, Command),
    /// Nobody waits any more for the answers to these.
    Abandoned(BTreeSet<CommandId>),
    /// Something has happened beside the tree.
    #[cfg_attr(
        not(any(feature = "audit", feature = "record")),
        expect(dead_code, reason = "there is none of it without the feature")
    )]
    News(News),
    /// Time has passed; see `Engine::next_deadline`.
    Tick,
}

/// What has happened to those who write down what the tree does.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// The audit cannot be written, and why.
    #[cfg_attr(
        not(any(feature = "audit", feature = "record")),
        expect(dead_code, reason = "there is none of it without the feature")
    )]
    AuditFailing(Arc<str>),
    /// The audit can be written again, and how many entries are missing.
    #[cfg_attr(
        not(any(feature = "audit", feature = "record")),
        expect(dead_code, reason = "there is none of it without the feature")
    )]
    AuditRestored { missing: u64 },
    /// The recording has ended, and why.
    #[cfg_attr(
        not(feature = "record"),
        expect(dead_code, reason = "there is none of it without the feature")
    )]
    RecordingEnded(Arc<str>),
}

/// How a run ended, before the engine has put it beside what it wanted.
#[derive(Clone, Debug)]
pub(crate) enum RunEnd {
    /// It returned.
    Returned(TaskResult),
    /// It panicked.
    Panicked(PanicMessage),
    /// Its future was dropped before it had finished.
    Dropped,
    /// The factory failed, or no thread could be had.
    NotSpawned(TaskFailure),
}
