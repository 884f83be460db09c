//! What follows when a run has ended: the decision as a value, with the rule that made it.

use std::fmt;
use std::time::Duration;

use super::Policy;
use super::backoff::Backoff;
use super::failure::{OnLimit, TaskFailureKind};
use super::intensity::Limit;
use super::on_failure::FailureClass;
use super::restart::Restart;
use super::written::Written;
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
        /// The class of the failure, where its own wait or limit took the place of the child's.
        class: Option<FailureClass>,
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
            Self::RestartAfter { delay, .. } => write!(f, "restart after {:.0}", Written(*delay))?,
            Self::Quarantine { .. } => f.write_str("quarantine")?,
            Self::Escalate { .. } => f.write_str("escalate")?,
            Self::ShutdownTree { .. } => f.write_str("shut the tree down")?,
        }
        write!(f, " ({}", self.rule())?;
        if let Self::RestartAfter { class: Some(class), .. } = self {
            write!(f, "; by the policy for `{class}`")?;
        }
        f.write_str(")")
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
    /// The child has used up the restart limit of this class of failure.
    ClassLimit(FailureClass),
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
            Self::ClassLimit(_) => "class_limit",
            Self::ProbeFailed => "probe_failed",
            Self::Intensity => "intensity",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClassLimit(class) => {
                return write!(f, "its restart limit for `{class}` is spent");
            }
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
/// Where a class is named it is the one of that class of failure.
pub(crate) trait Budgets {
    /// Charges the child's own limit. `true` when it still holds.
    fn charge_child(&mut self, class: Option<FailureClass>, limit: Limit) -> bool;
    /// Charges the supervisor's intensity. `true` when it still holds.
    fn charge_supervisor(&mut self) -> bool;
    /// The wait that is next in line.
    fn delay(&mut self, class: Option<FailureClass>, backoff: &Backoff) -> Duration;
}

/// Makes the decision about `exit`.
///
/// The child's own limit is looked at first; when that is spent the supervisor is not charged, so
/// that one child's failures do not use up what its siblings share. For a class of failure that
/// has a limit or a wait of its own, that takes the place of the child's.
pub(crate) fn decide(
    policy: &Policy,
    ended: Ended,
    exit: &Exit,
    budgets: &mut impl Budgets,
) -> RestartDecision {
    let asks = match ended {
        Ended::Run => policy.restart.asks_after(exit),
        // A failed start is tried again whatever the exit, but nothing temporary ever is.
        Ended::Start => policy.restart != Restart::Temporary,
    };
    if !asks {
        let rule = match policy.restart {
            Restart::Temporary => Rule::Temporary,
            Restart::Permanent | Restart::Transient => Rule::TransientNormal,
        };
        return RestartDecision::DoNotRestart { rule };
    }
    let kind = exit.failure_kind();
    if kind.is_some_and(TaskFailureKind::is_fatal) && !cfg!(plant_bug = "retry_fatal") {
        return at_limit(policy.on_limit, Rule::FatalFailure);
    }
    let limit = policy.limit_after(kind);
    if let Some((class, limit)) = limit
        && !budgets.charge_child(class, limit)
    {
        return at_limit(policy.on_limit, class.map_or(Rule::RestartLimit, Rule::ClassLimit));
    }
    if !budgets.charge_supervisor() {
        return RestartDecision::Escalate { rule: Rule::Intensity };
    }
    let rule = match (ended, policy.restart) {
        (Ended::Start, _) => Rule::StartFailed,
        (Ended::Run, Restart::Transient) => Rule::TransientAbnormal,
        (Ended::Run, Restart::Permanent | Restart::Temporary) => Rule::Permanent,
    };
    let (waits_as, backoff) = policy.backoff_after(kind);
    let delay = budgets.delay(waits_as, backoff);
    let class = waits_as.or(limit.and_then(|(class, _)| class));
    RestartDecision::RestartAfter { delay, class, rule }
}

fn at_limit(on_limit: OnLimit, rule: Rule) -> RestartDecision {
    match on_limit {
        OnLimit::Quarantine => RestartDecision::Quarantine { rule },
        OnLimit::Escalate => RestartDecision::Escalate { rule },
        OnLimit::Stop => RestartDecision::DoNotRestart { rule },
        OnLimit::ShutdownTree => RestartDecision::ShutdownTree { rule },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_the_name_of_its_variant() {
        let rules = [
            Rule::Permanent,
            Rule::TransientAbnormal,
            Rule::TransientNormal,
            Rule::Temporary,
            Rule::StartFailed,
            Rule::FatalFailure,
            Rule::RestartLimit,
            Rule::ClassLimit(FailureClass::Panic),
            Rule::ProbeFailed,
            Rule::Intensity,
        ];
        for rule in rules {
            let variant = format!("{rule:?}");
            let variant = variant.split('(').next().unwrap_or_default();
            let words = rule.name().split('_').map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_uppercase() + rest
            });
            assert_eq!(words.collect::<String>(), variant);
        }
    }
}
