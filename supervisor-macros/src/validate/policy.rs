//! Rules about policies, wherever they stand.

use std::collections::BTreeSet;
use std::time::Duration;

use proc_macro2::Span;

use super::Rule;
use crate::errors::Errors;
use crate::model::{Criticality, Grace, Limit, OnLimit, Policy, Readiness, Restart, Role, Time};

/// For every place where policies are written.
pub(super) const RULES: &[Rule<Policy>] = rules![
    backoff_starts_below_its_ceiling,
    backoff_does_not_shrink,
    jitter_is_a_share,
    restart_limit_has_a_window,
    grace_is_some_time,
    abort_wait_is_some_time,
    start_timeout_is_some_time,
    start_timeout_needs_readiness,
    stale_after_is_some_time,
    heartbeat_comes_before_it_is_missed,
    probe_after_is_some_time,
    probe_after_needs_a_quarantine,
    temporary_is_never_restarted,
    significant_is_not_permanent,
    tags_are_words,
];

/// For the places where what is not said is the built-in default.
pub(super) const OF_ONE_CHILD: &[Rule<Policy>] = rules![significant_says_its_restart];

/// For `defaults(…)`.
pub(super) const OF_DEFAULTS: &[Rule<Policy>] = rules![is_about_more_than_one_child];

/// The least grace that the runtime takes.
const LEAST_GRACE: u128 = 1_000_000;
/// The least wait after an abort that the runtime takes.
const LEAST_ABORT_WAIT: u128 = 1_000_000;

fn backoff_starts_below_its_ceiling(policy: &Policy, errors: &mut Errors) {
    for backoff in policy.backoffs() {
        let (Some(initial), Some(max)) = (&backoff.initial, &backoff.max) else { continue };
        let (Some(from), Some(to)) = (initial.nanos(), max.nanos()) else { continue };
        if from > to {
            let (from, to) = (for_a_person(from), for_a_person(to));
            errors.at(initial.span, format!("backoff `initial` ({from}) is above `max` ({to})"));
        }
    }
}

fn backoff_does_not_shrink(policy: &Policy, errors: &mut Errors) {
    for factor in policy.backoffs().filter_map(|backoff| backoff.factor.as_ref()) {
        if factor.known.is_some_and(|factor| factor < 1.0) {
            errors.at(factor.span, "backoff `factor` is at least 1, or the wait would shrink");
        }
    }
}

fn jitter_is_a_share(policy: &Policy, errors: &mut Errors) {
    for jitter in policy.backoffs().filter_map(|backoff| backoff.jitter.as_ref()) {
        if jitter.known.is_some_and(|jitter| !(0.0..=1.0).contains(&jitter)) {
            errors.at(jitter.span, "backoff `jitter` is a share of the wait, between 0 and 1");
        }
    }
}

fn restart_limit_has_a_window(policy: &Policy, errors: &mut Errors) {
    for limit in policy.limits() {
        window("restart_limit", Some(limit), errors);
    }
}

/// A limit above 0 needs time to be reached in. About 0 itself there is nothing to say.
pub(super) fn window(key: &str, limit: Option<&Limit>, errors: &mut Errors) {
    let Some(limit) = limit else { return };
    if limit.within.nanos() == Some(0) && limit.max.known.is_some_and(|max| max > 0.0) {
        errors.at(limit.within.span, format!("`{key}` has a window of no time at all"));
    }
}

fn grace_is_some_time(policy: &Policy, errors: &mut Errors) {
    let Some(Grace::After(grace)) = &policy.grace else { return };
    if grace.nanos().is_some_and(|grace| grace < LEAST_GRACE) {
        errors.at(
            grace.span,
            "`grace` is at least 1ms: a run that is asked to stop needs time to do so",
        );
    }
}

fn abort_wait_is_some_time(policy: &Policy, errors: &mut Errors) {
    let Some(wait) = &policy.abort_wait else { return };
    if wait.nanos().is_some_and(|wait| wait < LEAST_ABORT_WAIT) {
        errors
            .at(wait.span, "`abort_wait` is at least 1ms: a run that is aborted needs time to go");
    }
}

fn start_timeout_is_some_time(policy: &Policy, errors: &mut Errors) {
    some_time("start_timeout", policy.start_timeout.as_ref(), errors);
}

fn stale_after_is_some_time(policy: &Policy, errors: &mut Errors) {
    let stale_after = policy.health.as_ref().and_then(|health| health.stale_after.as_ref());
    some_time("stale_after", stale_after, errors);
}

fn heartbeat_comes_before_it_is_missed(policy: &Policy, errors: &mut Errors) {
    let Some(health) = &policy.health else { return };
    let (Some(heartbeat), Some(stale_after)) = (&health.heartbeat, &health.stale_after) else {
        return;
    };
    let (Some(often), Some(most)) = (heartbeat.nanos(), stale_after.nanos()) else { return };
    // About zero itself there is another rule.
    if often >= most && most > 0 {
        let (often, most) = (for_a_person(often), for_a_person(most));
        errors.at(
            heartbeat.span,
            format!(
                "`heartbeat` ({often}) is not below `stale_after` ({most}): a child that keeps \
                 its promise would be stopped all the same"
            ),
        );
    }
}

pub(super) fn some_time(key: &str, time: Option<&Time>, errors: &mut Errors) {
    if let Some(time) = time.filter(|time| time.nanos() == Some(0)) {
        errors.at(time.span, format!("`{key}` is zero; nothing can be done in no time"));
    }
}

fn start_timeout_needs_readiness(policy: &Policy, errors: &mut Errors) {
    let is_immediate = policy.readiness == Some(Readiness::Immediate);
    if let Some(timeout) = policy.start_timeout.as_ref().filter(|_| is_immediate) {
        errors.at(
            timeout.span,
            "`readiness(immediate)` waits for nothing, so there is nothing to time out",
        );
    }
}

fn probe_after_is_some_time(policy: &Policy, errors: &mut Errors) {
    some_time("probe_after", policy.probe_after.as_ref(), errors);
}

fn probe_after_needs_a_quarantine(policy: &Policy, errors: &mut Errors) {
    let Some(wait) = &policy.probe_after else { return };
    let why = match (policy.on_limit, policy.criticality, policy.role) {
        (Some(OnLimit::Quarantine), ..)
        | (None, Some(Criticality::Standard), _)
        | (None, None, None | Some(Role::Worker | Role::Job)) => return,
        (Some(_), ..) => "`on_limit` is something else",
        (None, Some(Criticality::Critical), _) => "what is `critical` escalates",
        (None, Some(Criticality::BestEffort), _) => "what is `best_effort` is stopped",
        (None, None, Some(Role::Service)) => "a `service` escalates",
        (None, None, Some(Role::Sidecar)) => "a `sidecar` is stopped",
    };
    errors.at(
        wait.span,
        format!("only what is quarantined is probed, and here {why}: say `on_limit(quarantine)`"),
    );
}

fn temporary_is_never_restarted(policy: &Policy, errors: &mut Errors) {
    if policy.restart != Some(Restart::Temporary) {
        return;
    }
    let backoff = policy.backoff.as_ref().map(|backoff| ("backoff", backoff.key));
    let limit = policy.restart_limit.as_ref().map(|limit| ("restart_limit", limit.key));
    let classes = policy.on_failure.as_ref().map(|classes| ("on_failure", classes.key));
    let probe = policy.probe_after.as_ref().map(|wait| ("probe_after", wait.span));
    for (key, span) in backoff.into_iter().chain(limit).chain(classes).chain(probe) {
        let why = "`restart(temporary)` never restarts the child";
        errors.at(span, format!("`{key}` means nothing here: {why}"));
    }
}

fn significant_is_not_permanent(policy: &Policy, errors: &mut Errors) {
    if policy.restart == Some(Restart::Permanent) {
        never_ends(policy.significant, "permanent", errors);
    }
}

fn tags_are_words(policy: &Policy, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for tag in policy.tags.iter().flat_map(|tags| &tags.words) {
        let text = tag.value();
        let why = if text.is_empty() {
            "it is empty"
        } else if text.chars().count() > 64 {
            "it is longer than 64 characters"
        } else if text.chars().any(char::is_control) {
            "it has control characters"
        } else if !seen.insert(text.clone()) {
            "it is there twice"
        } else {
            continue;
        };
        errors.on(tag, format!("the tag `{text}` cannot be one: {why}"));
    }
}

/// What is about one child alone does not belong there.
fn is_about_more_than_one_child(defaults: &Policy, errors: &mut Errors) {
    let enabled = defaults.enabled.as_ref().map(|enabled| ("enabled", enabled.span));
    let tags = defaults.tags.as_ref().map(|tags| ("tags", tags.span));
    for (key, span) in enabled.into_iter().chain(tags) {
        errors.at(span, format!("`{key}` cannot be said in `defaults`: say it about the child"));
    }
}

fn significant_says_its_restart(policy: &Policy, errors: &mut Errors) {
    match (policy.restart, policy.role) {
        (Some(_), _) | (None, Some(Role::Job)) => {}
        (None, None) => never_ends(policy.significant, "permanent by default", errors),
        (None, Some(_)) => never_ends(policy.significant, "permanent by its role", errors),
    }
}

fn never_ends(significant: Option<Span>, why: &str, errors: &mut Errors) {
    if let Some(span) = significant {
        errors.at(
            span,
            format!(
                "what is `significant` must be able to end, and this is {why}: say \
                 `restart(transient)` or `restart(temporary)`"
            ),
        );
    }
}

fn for_a_person(nanos: u128) -> String {
    format!("{:?}", Duration::from_nanos_u128(nanos))
}
