//! What a node has that is a supervisor.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::key::{NodeKey, RunKey};
use super::time::Uptime;
use crate::control::command::{By, Verb};
use crate::error::meltdown::MeltdownError;
use crate::id::{ChildPath, CommandId};
use crate::policy::dependency::StartMode;
use crate::policy::intensity::Window;
use crate::spec::plan::SupervisorPlan;
use crate::task::exit::Exit;

#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) plan: Arc<SupervisorPlan>,
    /// The ends of the list of children, in the order of declaration.
    pub(super) first: Option<NodeKey>,
    pub(super) last: Option<NodeKey>,
    pub(super) window: Window,
    pub(super) step: Step,
    /// What waits for the step to be over.
    pub(super) queue: VecDeque<Pending>,
    /// How many children are in their start phase.
    pub(super) starting: u32,
    /// How many children are being stopped.
    pub(super) stopping: u32,
    /// How many children are unjoinable.
    pub(super) unjoinable: u32,
    /// How many significant children are live.
    pub(super) significant: u32,
    /// Why it has given up, if it has since it was started.
    pub(super) meltdown: Option<MeltdownError>,
    /// Whether the list of children may differ from the declaration.
    pub(super) is_changed: bool,
    /// How many of its children were added while it ran.
    pub(super) added: u32,
    /// The latest number that was given to a member of a pool as its id.
    pub(super) last_number: u64,
}

impl Supervisor {
    pub(super) fn new(plan: Arc<SupervisorPlan>) -> Self {
        Self {
            plan,
            first: None,
            last: None,
            window: Window::default(),
            step: Step::None,
            queue: VecDeque::new(),
            starting: 0,
            stopping: 0,
            unjoinable: 0,
            significant: 0,
            meltdown: None,
            is_changed: false,
            added: 0,
            last_number: 0,
        }
    }

    /// Whether its children start, and stop, side by side.
    pub(super) fn is_parallel(&self) -> bool {
        self.plan.start == StartMode::Parallel && !cfg!(plant_bug = "parallel_one_by_one")
    }

    /// Whether deaths and commands have to wait.
    pub(super) fn is_busy(&self) -> bool {
        match &self.step {
            Step::None => false,
            Step::Starting { .. } | Step::Ending(_) => true,
            Step::Round(round) => round.phase != Phase::Waiting,
        }
    }
}

/// What a supervisor is in the middle of.
#[derive(Debug)]
pub(super) enum Step {
    None,
    /// Starting its children; `at` is whose turn it is.
    Starting {
        at: Option<NodeKey>,
    },
    /// Restarting several children together.
    Round(Round),
    /// Stopping its children, to end itself.
    Ending(Ending),
}

#[derive(Debug)]
pub(super) struct Round {
    /// The oldest member. All that come after it and do not run are started.
    pub(super) first: NodeKey,
    /// From here on they are stopped. Younger than `first` where a death has taken over a round
    /// that waited, and somebody had started a child meanwhile.
    pub(super) stop_first: NodeKey,
    pub(super) phase: Phase,
    /// Whose turn it is: backwards while stopping, forwards while starting.
    pub(super) at: Option<NodeKey>,
    /// How a parallel supervisor stops them.
    pub(super) layers: Option<Layers>,
    /// When the wait began, and when it is over.
    pub(super) decided_at: Uptime,
    pub(super) start_at: Uptime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Stopping,
    Waiting,
    Starting,
}

#[derive(Debug)]
pub(super) struct Ending {
    /// Whose turn it is, backwards.
    pub(super) at: Option<NodeKey>,
    /// How a parallel supervisor stops them.
    pub(super) layers: Option<Layers>,
    pub(super) why: EndWhy,
    /// Whether somebody asked for it, from the beginning or meanwhile.
    pub(super) is_asked: bool,
    /// How long it had been up without a break.
    pub(super) up_for: Duration,
}

/// Children in the layers of their dependencies, on their way down.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// Those whose turn has not come; the last is the next.
    pub(super) rest: Vec<Vec<NodeKey>>,
    /// Those whose end is waited for.
    pub(super) stopping: Vec<NodeKey>,
}

/// Why a supervisor ends.
#[derive(Clone, Debug)]
pub(super) enum EndWhy {
    /// A child, here or further down, failed to start while it started itself.
    StartFailed { child: ChildPath, exit: Exit },
    /// By itself: a meltdown, or its significant children have ended.
    ByItself(Exit),
    /// It was asked to.
    Asked,
}

#[derive(Debug)]
pub(super) enum Pending {
    /// The end of this run of a child.
    Death(RunKey),
    /// The probe of a child that is quarantined.
    Probe(NodeKey),
    /// The start of a child that was disabled.
    Enabled(NodeKey),
    /// A command, to be looked at from the beginning.
    Command(CommandId, Verb, By),
}
