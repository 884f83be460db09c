//! Where a node is in its life. What only one state needs lives inside that state.

use super::time::{Span, Uptime};
use crate::id::CommandId;
use crate::policy::decision::Ended;
use crate::state::Lifecycle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its supervisor has not come to it yet.
    Idle,
    /// It starts when all it depends on is ready.
    Waiting {
        origin: Origin,
    },
    Starting {
        origin: Origin,
        /// When its start phase has taken too long.
        due: Option<Uptime>,
    },
    Up,
    Stopping(Stopping),
    /// It ended by itself, and its supervisor is in the middle of a step that comes first.
    Ended {
        /// How long it had been ready without a break.
        ready_for: Span,
        /// Whether it had been ready at all.
        ended: Ended,
    },
    /// `due` is set where it waits by itself; a member of a group round waits for its supervisor.
    Restarting {
        due: Option<Uptime>,
    },
    Down,
    /// It, or a supervisor above it, is not to be started at all.
    Disabled,
    /// Kept out by an operator.
    Paused,
    /// Kept out by an operator, or because it has used up its own limit.
    Quarantined {
        /// When it is probed, if it is.
        due: Option<Uptime>,
    },
    /// Aborted, and still there. `after` happens if it ever ends.
    Unjoinable {
        after: After,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopping {
    /// When the next, harder measure is due: the abort, then giving up.
    pub(super) due: Option<Uptime>,
    pub(super) is_aborted: bool,
    /// Whether it is stopped because it is stuck: then it has timed out, however it ends.
    pub(super) is_stuck: bool,
    pub(super) after: After,
}

/// What a stopped node is followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It takes part in its supervisor's restart round.
    Round,
    /// It is started again, because somebody asked for it.
    Start(CommandId),
    /// It is started again when what it depends on is ready.
    Wait,
    /// It is down.
    Down,
    /// It is forgotten for good.
    Remove,
    /// Its start phase took too long.
    StartTimedOut(Origin),
    /// It sent no heartbeat for too long. It had been ready for this long without a break.
    Stuck { ready_for: Span },
}

/// On whose account a node starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Its supervisor starts.
    Init,
    /// Its supervisor's group round.
    Round,
    /// Its own restart.
    Restart,
    /// A trial, after it has been quarantined for a while.
    Probe,
    /// What it depends on is ready, or it was enabled, after its supervisor's start, or a command,
    /// had gone on without it.
    Late,
    /// Somebody's command.
    Command(CommandId),
    /// Somebody added it: if it fails nothing is kept.
    Add(CommandId),
}

impl Origin {
    pub(super) fn command(self) -> Option<CommandId> {
        match self {
            Self::Command(id) | Self::Add(id) => Some(id),
            Self::Init | Self::Round | Self::Restart | Self::Probe | Self::Late => None,
        }
    }
}

impl State {
    pub(super) fn lifecycle(&self) -> Lifecycle {
        match self {
            Self::Idle | Self::Waiting { .. } => Lifecycle::Waiting,
            Self::Starting { .. } => Lifecycle::Starting,
            Self::Up => Lifecycle::Up,
            Self::Stopping(_) => Lifecycle::Stopping,
            Self::Ended { .. } | Self::Down => Lifecycle::Down,
            Self::Restarting { .. } => Lifecycle::Restarting,
            Self::Disabled => Lifecycle::Disabled,
            Self::Paused => Lifecycle::Paused,
            Self::Quarantined { .. } => Lifecycle::Quarantined,
            Self::Unjoinable { .. } => Lifecycle::Unjoinable,
        }
    }

    /// Whether a run exists.
    pub(super) fn is_live(&self) -> bool {
        self.lifecycle().is_live()
    }

    /// Whether it has a run, or will have one: its supervisor has not settled for its end.
    pub(super) fn is_to_go_on(&self) -> bool {
        let is_awaited =
            matches!(self, Self::Ended { .. } | Self::Restarting { .. } | Self::Waiting { .. });
        self.is_live() || is_awaited
    }

    /// Whether what depends on it may start.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Up)
    }

    /// Whether its start phase is not over, with all that belongs to it.
    pub(super) fn is_in_start(&self) -> bool {
        match self {
            Self::Starting { .. } => true,
            Self::Stopping(stopping) => matches!(stopping.after, After::StartTimedOut(_)),
            _ => false,
        }
    }

    /// Whether something is still to happen by itself.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Up
            | Self::Down
            | Self::Disabled
            | Self::Paused
            // It may be long until it is probed.
            | Self::Quarantined { .. }
            | Self::Unjoinable { .. } => true,
            // It may be long until what it waits for is ready, and that is looked at by itself.
            Self::Waiting { .. } => true,
            // A node whose turn has not come is waited for through its supervisor, which starts.
            Self::Idle => true,
            Self::Starting { .. }
            | Self::Stopping(_)
            | Self::Ended { .. }
            | Self::Restarting { .. } => false,
        }
    }

    /// When time alone takes it on.
    pub(super) fn due(&self) -> Option<Uptime> {
        match self {
            Self::Starting { due, .. } | Self::Restarting { due } | Self::Quarantined { due } => {
                *due
            }
            Self::Stopping(stopping) => stopping.due,
            Self::Idle
            | Self::Waiting { .. }
            | Self::Up
            | Self::Ended { .. }
            | Self::Down
            | Self::Disabled
            | Self::Paused
            | Self::Unjoinable { .. } => None,
        }
    }
}
