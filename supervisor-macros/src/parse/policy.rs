//! The policies of a child, which stand on functions, on fields and in `defaults`.

use super::entry::Entry;
use crate::errors::Errors;
use crate::model::{Backoff, FailureClass, Health, Limit, OfClass, OnFailure, Policy, Tags, Words};

/// The keys of [`setting`].
pub(super) const POLICIES: [&str; 16] = [
    "role",
    "enabled",
    "tags",
    "restart",
    "backoff",
    "restart_limit",
    "on_limit",
    "on_failure",
    "probe_after",
    "criticality",
    "readiness",
    "start_timeout",
    "health",
    "on_dependency_restart",
    "shutdown",
    "significant",
];

/// Reads settings that are all policies.
pub(super) fn policies(entries: Vec<Entry>, errors: &mut Errors) -> Policy {
    let mut policy = Policy::default();
    for entry in entries {
        if !setting(&entry, &mut policy, errors) {
            not_here(&entry, &POLICIES, errors);
        }
    }
    policy
}

/// Reports a key that is not among `known`, and says where it belongs if that is elsewhere.
pub(super) fn not_here(entry: &Entry, known: &[&str], errors: &mut Errors) {
    let why = match entry.name() {
        "blocking" | "multiple" | "instance" | "classify" | "type" => {
            "belongs to the `#[child]` on the function"
        }
        "strategy" | "intensity" | "meltdown" | "auto_shutdown" | "start" | "defaults"
        | "state" | "requires" => "belongs to `#[supervisor(…)]`",
        "depends_on" => "cannot be a default: say it where the child is",
        "after" | "args" | "count" | "max_children" | "from_config" => {
            "belongs to `#[child(…)]` on a field"
        }
        "crate" => "belongs to the attribute on the item",
        _ => return entry.unknown("option", known, errors),
    };
    errors.on(&entry.key, format!("`{}` {why}", entry.key));
}

/// Reads one policy; `false` when the key is none.
pub(super) fn setting(entry: &Entry, policy: &mut Policy, errors: &mut Errors) -> bool {
    match entry.name() {
        "role" => policy.role = entry.choice(errors),
        "enabled" => policy.enabled = entry.condition(errors),
        "tags" => {
            let span = entry.span();
            policy.tags = entry.texts(errors).map(|words| Tags { span, words });
        }
        "restart" => policy.restart = entry.choice(errors),
        "backoff" => policy.backoff = Some(backoff(entry, errors)),
        "restart_limit" => policy.restart_limit = limit(entry, errors),
        "on_limit" => policy.on_limit = entry.choice(errors),
        "on_failure" => policy.on_failure = Some(on_failure(entry, errors)),
        "probe_after" => policy.probe_after = entry.time(errors),
        "criticality" => policy.criticality = entry.choice(errors),
        "readiness" => policy.readiness = entry.choice(errors),
        "start_timeout" => policy.start_timeout = entry.time(errors),
        "health" => policy.health = Some(health(entry, errors)),
        "on_dependency_restart" => policy.on_dependency_restart = entry.choice(errors),
        "shutdown" => shutdown(entry, policy, errors),
        "significant" => policy.significant = Some(entry.flag(errors)),
        _ => return false,
    }
    true
}

fn backoff(entry: &Entry, errors: &mut Errors) -> Backoff {
    let mut backoff = Backoff {
        key: entry.key.span(),
        initial: None,
        max: None,
        factor: None,
        jitter: None,
        reset_after: None,
    };
    for entry in entry.nested("initial = \"100ms\", max = \"5s\"", errors) {
        match entry.name() {
            "initial" => backoff.initial = entry.time(errors),
            "max" => backoff.max = entry.time(errors),
            "factor" => backoff.factor = entry.number(errors),
            "jitter" => backoff.jitter = entry.number(errors),
            "reset_after" => backoff.reset_after = entry.time(errors),
            _ => {
                let known = ["initial", "max", "factor", "jitter", "reset_after"];
                entry.unknown("setting of `backoff`", &known, errors);
            }
        }
    }
    backoff
}

fn on_failure(entry: &Entry, errors: &mut Errors) -> OnFailure {
    let known = || FailureClass::ALL.iter().map(|(word, _)| *word);
    let mut classes = Vec::new();
    for entry in entry.nested("timeout(restart_limit(max = 5, within = \"1m\"))", errors) {
        let name = entry.name();
        let found = FailureClass::ALL.iter().find(|(word, _)| *word == name);
        if let Some(&(_, class)) = found {
            classes.push(of_class(class, &entry, errors));
            continue;
        }
        let why = match name {
            "fatal_config" | "fatal_bug" => {
                "is never retried, so there is nothing to say about it: what follows is `on_limit`"
            }
            "cancelled" => "counts as `recoverable`: write that",
            _ => {
                let known: Vec<_> = known().collect();
                entry.unknown("class of failure", &known, errors);
                continue;
            }
        };
        errors.on(&entry.key, format!("`{name}` {why}"));
    }
    OnFailure { key: entry.key.span(), classes }
}

fn of_class(class: FailureClass, entry: &Entry, errors: &mut Errors) -> OfClass {
    let name = entry.name();
    let mut said = OfClass { class, backoff: None, restart_limit: None };
    for entry in entry.nested("restart_limit(max = 5, within = \"1m\")", errors) {
        match entry.name() {
            "backoff" => said.backoff = Some(backoff(&entry, errors)),
            "restart_limit" => said.restart_limit = limit(&entry, errors),
            _ => {
                let what = format!("policy of `{name}`");
                entry.unknown(&what, &["backoff", "restart_limit"], errors);
            }
        }
    }
    said
}

/// Reads `restart_limit(…)` or `intensity(…)`.
pub(super) fn limit(entry: &Entry, errors: &mut Errors) -> Option<Limit> {
    let name = entry.name();
    let (mut max, mut within) = (None, None);
    let (mut says_max, mut says_within) = (false, false);
    let nested = entry.nested("max = 5, within = \"30s\"", errors);
    let is_empty = nested.is_empty();
    for entry in nested {
        match entry.name() {
            "max" => (max, says_max) = (entry.count(errors), true),
            "within" => (within, says_within) = (entry.time(errors), true),
            _ => {
                entry.unknown(&format!("setting of `{name}`"), &["max", "within"], errors);
                // It may be the one that is missing.
                (says_max, says_within) = (true, true);
            }
        }
    }
    if !is_empty && !says_max {
        errors.on(&entry.key, format!("`{name}` does not say how many: `max = 5`"));
    }
    if !is_empty && !says_within {
        errors
            .on(&entry.key, format!("`{name}` does not say within what time: `within = \"30s\"`"));
    }
    Some(Limit { key: entry.key.span(), max: max?, within: within? })
}

fn health(entry: &Entry, errors: &mut Errors) -> Health {
    let mut health = Health { heartbeat: None, stale_after: None };
    for entry in entry.nested("heartbeat = \"1s\", stale_after = \"5s\"", errors) {
        match entry.name() {
            "heartbeat" => health.heartbeat = entry.time(errors),
            "stale_after" => health.stale_after = entry.time(errors),
            _ => entry.unknown("setting of `health`", &["heartbeat", "stale_after"], errors),
        }
    }
    health
}

fn shutdown(entry: &Entry, policy: &mut Policy, errors: &mut Errors) {
    for entry in entry.nested("grace = \"5s\"", errors) {
        match entry.name() {
            "grace" => policy.grace = entry.grace(errors),
            "abort_wait" => policy.abort_wait = entry.time(errors),
            "budget" => errors.on(&entry.key, "`budget` is for the whole tree: say it at the root"),
            _ => entry.unknown("setting of `shutdown`", &["grace", "abort_wait"], errors),
        }
    }
}
