//! What follows when a run has ended: the decision as a value, with the rule that made it.

use std::fmt;
use std::time::Duration;

use super::Policy;
use super::failure::OnLimit;
use super::restart::Restart;
use crate::task::exit::Exit;

/// What the supervisor does about a run that has ended, or a start that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartDecision {
    /// The child stays down; a temporary one is forgotten.
    DoNotRestart {
        /// Why.
        rule: Rule,
    },
    /// The child, and under a group strategy its siblings, are started again.
    RestartAfter {
        /// How long the start waits, from the decision. Zero: at once.
        delay: Duration,
        /// Why.
        rule: Rule,
    },
    /// The child is kept down until an operator restarts it.
    Quarantine {
        /// Why.
        rule: Rule,
    },
    /// The child's supervisor melts down.
    Escalate {
        /// Why.
        rule: Rule,
    },
    /// The whole tree is shut down.
    ShutdownTree {
        /// Why.
        rule: Rule,
    },
}

impl RestartDecision {
    /// The rule that decided.
    pub fn rule(&self) -> Rule {
        match *self {
            Self::DoNotRestart { rule }
            | Self::RestartAfter { rule, .. }
            | Self::Quarantine { rule }
            | Self::Escalate { rule }
            | Self::ShutdownTree { rule } => rule,
        }
    }
}

impl fmt::Display for RestartDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DoNotRestart { .. } => f.write_str("do not restart")?,
            Self::RestartAfter { delay: Duration::ZERO, .. } => f.write_str("restart at once")?,
            Self::RestartAfter { delay, .. } => write!(f, "restart after {delay:.0?}")?,
            Self::Quarantine { .. } => f.write_str("quarantine")?,
            Self::Escalate { .. } => f.write_str("escalate")?,
            Self::ShutdownTree { .. } => f.write_str("shut the tree down")?,
        }
        write!(f, " ({})", self.rule())
    }
}

/// The rule behind a [`RestartDecision`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A permanent child is restarted after every exit.
    Permanent,
    /// A transient child is restarted after an abnormal exit.
    TransientAbnormal,
    /// A transient child is not restarted after a normal exit.
    TransientNormal,
    /// A temporary child is never restarted.
    Temporary,
    /// A start that fails while its supervisor restarts it is tried again.
    StartFailed,
    /// The failure is of a class that another run would repeat.
    FatalFailure,
    /// The child has used up its own restart limit.
    RestartLimit,
    /// The child failed on trial, after it had been quarantined.
    ProbeFailed,
    /// The supervisor has restarted its children more often than its intensity allows.
    Intensity,
}

impl Rule {
    /// The name of the variant in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permanent => "permanent",
            Self::TransientAbnormal => "transient_abnormal",
            Self::TransientNormal => "transient_normal",
            Self::Temporary => "temporary",
            Self::StartFailed => "start_failed",
            Self::FatalFailure => "fatal_failure",
            Self::RestartLimit => "restart_limit",
            Self::ProbeFailed => "probe_failed",
            Self::Intensity => "intensity",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "it is permanent",
            Self::TransientAbnormal => "it is transient and ended abnormally",
            Self::TransientNormal => "it is transient and ended normally",
            Self::Temporary => "it is temporary",
            Self::StartFailed => "a failed start is tried again",
            Self::FatalFailure => "the failure is fatal",
            Self::RestartLimit => "its restart limit is spent",
            Self::ProbeFailed => "it failed on trial",
            Self::Intensity => "the supervisor's intensity is spent",
        })
    }
}

/// What has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// A run that had been ready.
    Run,
    /// A start, inside a restart. Retried whatever the restart type.
    Start,
}

/// The budgets of a decision. Charging is the engine's; each is asked at most once, in this order.
pub(crate) trait Budgets {
    /// Charges the child's own limit. `true` when it still holds, or there is none.
    fn charge_child(&mut self) -> bool;
    /// Charges the supervisor's intensity. `true` when it still holds.
    fn charge_supervisor(&mut self) -> bool;
    /// The wait that is next in line.
    fn delay(&mut self) -> Duration;
}

/// Makes the decision about `exit`.
///
/// The child's own limit is looked at first; when that is spent the supervisor is not charged, so
/// that one child's failures do not use up what its siblings share.
pub(crate) fn decide(
    policy: &Policy,
    ended: Ended,
    exit: &Exit,
    budgets: &mut impl Budgets,
) -> RestartDecision {
    if ended == Ended::Run && !policy.restart.asks_after(exit) {
        let rule = match policy.restart {
            Restart::Temporary => Rule::Temporary,
            Restart::Permanent | Restart::Transient => Rule::TransientNormal,
        };
        return RestartDecision::DoNotRestart { rule };
    }
    if exit.failure_kind().is_some_and(super::failure::TaskFailureKind::is_fatal)
        && !cfg!(plant_bug = "retry_fatal")
    {
        return at_limit(policy.on_limit, Rule::FatalFailure);
    }
    if !budgets.charge_child() {
        return at_limit(policy.on_limit, Rule::RestartLimit);
    }
    if !budgets.charge_supervisor() {
        return RestartDecision::Escalate { rule: Rule::Intensity };
    }
    let rule = match (ended, policy.restart) {
        (Ended::Start, _) => Rule::StartFailed,
        (Ended::Run, Restart::Transient) => Rule::TransientAbnormal,
        (Ended::Run, Restart::Permanent | Restart::Temporary) => Rule::Permanent,
    };
    RestartDecision::RestartAfter { delay: budgets.delay(), rule }
}

fn at_limit(on_limit: OnLimit, rule: Rule) -> RestartDecision {
    match on_limit {
        OnLimit::Quarantine => RestartDecision::Quarantine { rule },
        OnLimit::Escalate => RestartDecision::Escalate { rule },
        OnLimit::Stop => RestartDecision::DoNotRestart { rule },
        OnLimit::ShutdownTree => RestartDecision::ShutdownTree { rule },
    }
}
