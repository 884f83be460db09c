//! What the driver is to do, and what there is to know.

use super::key::RunKey;
use crate::control::command::Reply;
use crate::event::EventKind;
use crate::id::{ChildPath, CommandId, CorrelationId, Generation};

/// Something for the driver to do, in the order given.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Call the factory and spawn what it gives.
    Start(RunKey),
    /// Ask the run to end.
    Cancel(RunKey),
    /// End the run by force.
    Abort(RunKey),
    /// Answer with `Input::Pulse`.
    CheckPulse(RunKey),
    /// Answer a command.
    Reply(CommandId, Reply),
    /// Tell the observers.
    Note(Fact),
    /// The root has started.
    Up,
    /// Nothing is left to do: the tree has ended. The last action of an engine.
    End,
}

/// Something worth knowing that needs no doing.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    /// Counts the facts, from 1.
    pub(crate) sequence: u64,
    pub(crate) correlation: CorrelationId,
    pub(crate) path: ChildPath,
    pub(crate) generation: Generation,
    pub(crate) command: Option<CommandId>,
    pub(crate) kind: EventKind,
}
