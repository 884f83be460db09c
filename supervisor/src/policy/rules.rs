//! The rules about what can be said in a policy, each once and as a `const fn`.
//!
//! The check of a whole tree asks them about values that are complete, whoever said them: the code
//! or a configuration. The attributes ask them about what was written, while the program is built.
//! A rule says nothing about a value that is open.

use std::time::Duration;

use thiserror::Error;

use super::PolicyPatch;
use super::backoff::BackoffPatch;
use super::dependency::OnDependencyRestart;
use super::failure::OnLimit;
use super::health::HealthPatch;
use super::intensity::{Limit, LimitPatch};
use super::on_failure::{ClassPatch, FailureClass};
use super::restart::{AutoShutdown, Restart};
use super::shutdown::{Grace, ShutdownPatch};
use super::written::Written;

/// The least grace. Zero is never what was meant.
pub const LEAST_GRACE: Duration = Duration::from_millis(1);

/// The least wait after an abort.
pub const LEAST_ABORT_WAIT: Duration = Duration::from_millis(1);

/// What can be wrong with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// A limit above 0 in no time at all.
    #[error("`{key}` allows {max} restarts within no time at all; give it a window (`within`)")]
    ZeroWindow {
        /// `intensity` or `restart_limit`.
        key: &'static str,
        /// Its `max`.
        max: u32,
    },
    /// One half of a limit.
    #[error("`restart_limit` does not say `{missing}`, neither here nor in any default")]
    HalfLimit {
        /// The half that nobody said.
        missing: &'static str,
    },
    /// The first wait is longer than the longest.
    #[error("backoff `initial` ({}) is above `max` ({})", Written(*initial), Written(*max))]
    InitialAboveMax {
        /// The first wait.
        initial: Duration,
        /// The longest wait.
        max: Duration,
    },
    /// A factor that lets the wait shrink.
    #[error("backoff `factor` is {0}; it is at least 1, or the wait would shrink")]
    Factor(f64),
    /// A share that is none.
    #[error("backoff `jitter` is {0}; it is a share of the wait, between 0 and 1")]
    Jitter(f64),
    /// A duration of zero where that means nothing.
    #[error("`{0}` is zero; nothing can be done in no time")]
    Zero(&'static str),
    /// No time to end by itself.
    #[error("`grace` is below 1ms ({}); a run that is asked to stop needs time to do so", Written(*.0))]
    Grace(Duration),
    /// No time to go after an abort.
    #[error("`abort_wait` is below 1ms ({}); a run that is aborted needs time to go", Written(*.0))]
    AbortWait(Duration),
    /// A child that keeps its promise would be stopped all the same.
    #[error(
        "`heartbeat` ({}) is not below `stale_after` ({}): a child that keeps its promise would be \
         stopped all the same",
        Written(*heartbeat),
        Written(*stale_after)
    )]
    HeartbeatTooRare {
        /// How often one is promised.
        heartbeat: Duration,
        /// After what silence the child is stopped.
        stale_after: Duration,
    },
    /// Half of what is expected of a child.
    #[error("`health` does not say `{missing}`, neither here nor in any default")]
    HalfHealth {
        /// The key that nobody said.
        missing: &'static str,
    },
    /// About restarts of what is never restarted.
    #[error("`{0}` means nothing here: the child is temporary and never restarted")]
    Temporary(&'static str),
    /// Only what is quarantined is probed.
    #[error(
        "`probe_after` means nothing here: its `on_limit` is `{0}`, and only what is quarantined is \
         started as a trial"
    )]
    ProbeWithoutQuarantine(OnLimit),
    /// The end of a permanent child never counts.
    #[error("it is significant and permanent: a permanent child is restarted, so it never ends")]
    SignificantPermanent,
    /// Nobody looks at it.
    #[error("it is significant, but its supervisor's `auto_shutdown` is `never`")]
    SignificantUnderNever,
    /// The members of a pool are alike.
    #[error("it is significant, but the members of a pool are all alike")]
    SignificantInPool,
}

impl PolicyFault {
    /// The same without values, for messages of the compiler.
    pub const fn text(self) -> &'static str {
        match self {
            Self::ZeroWindow { .. } => "`restart_limit` has a window of no time at all",
            Self::HalfLimit { .. } => "`restart_limit` takes both `max` and `within`",
            Self::InitialAboveMax { .. } => "backoff `initial` is above `max`",
            Self::Factor(_) => "backoff `factor` is at least 1, or the wait would shrink",
            Self::Jitter(_) => "backoff `jitter` is a share of the wait, between 0 and 1",
            Self::Zero(key) => match key.as_bytes() {
                b"start_timeout" => "`start_timeout` is zero; nothing can be done in no time",
                b"stale_after" => "`stale_after` is zero; nothing can be done in no time",
                b"probe_after" => "`probe_after` is zero; nothing can be done in no time",
                _ => "`shutdown budget` is zero; nothing can be done in no time",
            },
            Self::Grace(_) => {
                "`grace` is at least 1ms: a run that is asked to stop needs time to do so"
            }
            Self::AbortWait(_) => {
                "`abort_wait` is at least 1ms: a run that is aborted needs time to go"
            }
            Self::HeartbeatTooRare { .. } => {
                "`heartbeat` is not below `stale_after`: a child that keeps its promise would be \
                 stopped all the same"
            }
            Self::HalfHealth { .. } => "`health` takes both `heartbeat` and `stale_after`",
            Self::Temporary(_) => "the child is temporary and never restarted",
            Self::ProbeWithoutQuarantine(_) => "only what is quarantined is started as a trial",
            Self::SignificantPermanent => "a permanent child is restarted, so it never ends",
            Self::SignificantUnderNever => "its supervisor's `auto_shutdown` is `never`",
            Self::SignificantInPool => "the members of a pool are all alike",
        }
    }
}

/// What a rule finds.
pub type Finding = Option<PolicyFault>;

/// About a wait: it starts below its ceiling, does not shrink, and jitter is a share of it.
pub const fn wait(said: &BackoffPatch) -> [Finding; 3] {
    let BackoffPatch { initial, max, factor, jitter, reset_after: _ } = *said;
    let initial_above_max = match (initial, max) {
        (Some(initial), Some(max)) if initial.as_nanos() > max.as_nanos() => {
            Some(PolicyFault::InitialAboveMax { initial, max })
        }
        _ => None,
    };
    let factor = match factor {
        // Written so that NaN is refused too.
        Some(factor) if !(factor >= 1.0 && factor.is_finite()) => Some(PolicyFault::Factor(factor)),
        _ => None,
    };
    let jitter = match jitter {
        Some(jitter) if !(jitter >= 0.0 && jitter <= 1.0) => Some(PolicyFault::Jitter(jitter)),
        _ => None,
    };
    [initial_above_max, factor, jitter]
}

/// A limit above 0 needs time to be reached in.
pub const fn window(key: &'static str, limit: Option<Limit>) -> Finding {
    match limit {
        Some(Limit { max, within }) if max > 0 && within.is_zero() => {
            Some(PolicyFault::ZeroWindow { key, max })
        }
        _ => None,
    }
}

/// The same of halves, both of which somebody has to say.
pub const fn whole(limit: LimitPatch) -> Finding {
    match limit.whole() {
        Ok(limit) => window("restart_limit", limit),
        Err(missing) => Some(PolicyFault::HalfLimit { missing }),
    }
}

/// Nothing can be done in no time.
pub const fn some_time(key: &'static str, time: Option<Duration>) -> Finding {
    match time {
        Some(time) if time.is_zero() => Some(PolicyFault::Zero(key)),
        _ => None,
    }
}

/// A run that is asked to stop, or aborted, needs time to go.
pub const fn stop(said: ShutdownPatch) -> [Finding; 2] {
    let grace = match said.grace {
        Some(Grace::After(grace)) if grace.as_nanos() < LEAST_GRACE.as_nanos() => {
            Some(PolicyFault::Grace(grace))
        }
        _ => None,
    };
    let abort_wait = match said.abort_wait {
        Some(wait) if wait.as_nanos() < LEAST_ABORT_WAIT.as_nanos() => {
            Some(PolicyFault::AbortWait(wait))
        }
        _ => None,
    };
    [grace, abort_wait]
}

/// A grace is not longer than the budget around it, or it would be cut short. The two, if it is.
pub const fn beyond(grace: Option<Grace>, budget: Duration) -> Option<(Duration, Duration)> {
    match grace {
        Some(Grace::After(grace)) if grace.as_nanos() > budget.as_nanos() => Some((grace, budget)),
        _ => None,
    }
}

/// Heartbeats come before they are missed.
pub const fn heartbeats(said: HealthPatch) -> Finding {
    match said {
        HealthPatch { stale_after: Some(stale_after), .. } if stale_after.is_zero() => {
            Some(PolicyFault::Zero("stale_after"))
        }
        HealthPatch { heartbeat: Some(heartbeat), stale_after: Some(stale_after) }
            if heartbeat.as_nanos() >= stale_after.as_nanos() =>
        {
            Some(PolicyFault::HeartbeatTooRare { heartbeat, stale_after })
        }
        _ => None,
    }
}

/// There is no default for either half of what is expected of a child.
pub const fn half_health(said: HealthPatch) -> Finding {
    match said {
        HealthPatch { heartbeat: Some(_), stale_after: None } => {
            Some(PolicyFault::HalfHealth { missing: "stale_after" })
        }
        HealthPatch { heartbeat: None, stale_after: Some(_) } => {
            Some(PolicyFault::HalfHealth { missing: "heartbeat" })
        }
        _ => None,
    }
}

/// What is never restarted has no use for policies about restarts, where they are said about this
/// very child: a default for many may well meet a temporary one.
pub const fn temporary(said: &PolicyPatch, restart: Restart) -> [Finding; 5] {
    if !matches!(restart, Restart::Temporary) {
        return [None; 5];
    }
    [
        means_nothing("backoff", said.backoff.says_something()),
        means_nothing("restart_limit", said.restart_limit.is_some()),
        means_nothing("on_failure", said.on_failure.says_something()),
        means_nothing("probe_after", said.probe_after.is_some()),
        means_nothing(
            "on_dependency_restart",
            matches!(said.on_dependency_restart, Some(OnDependencyRestart::Restart)),
        ),
    ]
}

const fn means_nothing(key: &'static str, is_said: bool) -> Finding {
    if is_said { Some(PolicyFault::Temporary(key)) } else { None }
}

/// Only what is quarantined is probed. As above: said about this very child.
pub const fn probe(said: &PolicyPatch, on_limit: OnLimit) -> Finding {
    match (said.probe_after, on_limit) {
        (None, _) | (_, OnLimit::Quarantine) => None,
        (Some(_), on_limit) => Some(PolicyFault::ProbeWithoutQuarantine(on_limit)),
    }
}

/// Where the end of a significant child counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around {
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) is_pool: bool,
}

/// What is significant can end, and somebody looks at it.
pub(crate) const fn significance(
    significant: bool,
    restart: Restart,
    around: Around,
) -> [Finding; 3] {
    if !significant {
        return [None; 3];
    }
    if around.is_pool {
        return [Some(PolicyFault::SignificantInPool), None, None];
    }
    [
        match restart {
            Restart::Permanent => Some(PolicyFault::SignificantPermanent),
            Restart::Transient | Restart::Temporary => None,
        },
        match around.auto_shutdown {
            AutoShutdown::Never => Some(PolicyFault::SignificantUnderNever),
            AutoShutdown::AnySignificant | AutoShutdown::AllSignificant => None,
        },
        None,
    ]
}

/// Every rule about values that stand for themselves.
pub const fn values(said: &PolicyPatch) -> [Finding; 8] {
    let [initial, factor, jitter] = wait(&said.backoff);
    let [grace, abort_wait] = stop(said.shutdown);
    [
        initial,
        factor,
        jitter,
        window("restart_limit", said.restart_limit),
        some_time("start_timeout", said.start_timeout),
        some_time("probe_after", said.probe_after),
        grace,
        abort_wait,
    ]
}

/// Every rule about one class of failure.
pub const fn class(said: &ClassPatch) -> [Finding; 4] {
    let [initial, factor, jitter] = wait(&said.backoff);
    [initial, factor, jitter, whole(said.restart_limit)]
}

/// The rules about what was written at one place, while the program is built.
///
/// # Panics
///
/// In a const evaluation, with the text of the first rule that is broken.
#[track_caller]
pub(crate) const fn check(said: &PolicyPatch) {
    if let Some(fault) = at_one_place(said) {
        panic!("{}", fault.text());
    }
}

/// The first fault in what was written at one place.
pub(crate) const fn at_one_place(said: &PolicyPatch) -> Finding {
    let fault = first(&values(said));
    if fault.is_some() {
        return fault;
    }
    let fault = heartbeats(said.health);
    if fault.is_some() {
        return fault;
    }
    let mut n = 0;
    while said.on_failure.says_something() && n < FailureClass::ALL.len() {
        let fault = first(&class(&said.on_failure.class(FailureClass::ALL[n])));
        if fault.is_some() {
            return fault;
        }
        n += 1;
    }
    None
}

const fn first(findings: &[Finding]) -> Finding {
    let mut n = 0;
    while n < findings.len() {
        if findings[n].is_some() {
            return findings[n];
        }
        n += 1;
    }
    None
}

#[cfg(test)]
mod tests;
