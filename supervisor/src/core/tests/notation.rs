//! Trees, exits and times in a few characters.
//!
//! A supervisor is `WORDS { CHILD, CHILD }`, a child its name and words about it, and a supervisor
//! as a child its name before the rest:
//! `rest_for_one intensity=3/10s { a, b explicit grace=1s, s transient { c, d temporary } }`.
//!
//! `p pool` is a pool to which children are added, `p pool max=2 members=transient+grace=1s` one
//! in which members are spawned, and `m many=3 members=transient` has three children alike.

use std::time::Duration;

use super::harness::path;
use crate::control::command::Verb;
use crate::core::input::RunEnd;
use crate::id::ChildId;
use crate::policy::PolicyPatch;
use crate::policy::backoff::Backoff;
use crate::policy::dependency::{OnDependencyRestart, StartMode};
use crate::policy::failure::{Criticality, OnLimit, TaskFailureKind};
use crate::policy::health::HealthPatch;
use crate::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use crate::policy::role::Role;
use crate::policy::shutdown::Grace;
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::exit::{TaskFailure, contain};
use crate::task::factory::{TaskFactory, blocking_fn, service_fn};
use crate::task::member::{Arguments, member_fn};
use crate::task::result::TaskResult;

/// A whole tree. Restarts wait for nothing unless it says so.
pub(super) fn tree(text: &str) -> SupervisorSpec {
    let text = format!("root {text}");
    let tokens = tokens(&text);
    let mut tokens = tokens.iter().map(String::as_str);
    let NodeSpec::Supervisor(root) = node(&mut tokens).0 else { panic!("no tree: {text}") };
    root.defaults(PolicyPatch { backoff: Backoff::NONE.into(), ..PolicyPatch::NONE })
}

/// `s/x explicit`: the child `x` with these words, to be added to `s`.
pub(super) fn add(text: &str) -> Verb {
    let (name, words) = text.split_once(' ').unwrap_or((text, ""));
    let (parent, id) = name.rsplit_once('/').unwrap_or(("root", name));
    let text = format!("{id} {words}");
    let tokens = tokens(&text);
    let mut tokens = tokens.iter().map(String::as_str);
    Verb::Add { parent: path(parent), spec: Box::new(node(&mut tokens).0) }
}

/// `p` or `p x`: a member of the pool `p`, under the next number or as `x`.
pub(super) fn spawn(text: &str) -> Verb {
    let (pool, id) = match text.split_once(' ') {
        Some((pool, id)) => (pool, Some(ChildId::new(id).expect("an id"))),
        None => (text, None),
    };
    Verb::Spawn { pool: path(pool), id, arguments: Arguments::new(()), overrides: None }
}

fn tokens(text: &str) -> Vec<String> {
    let spaced = text.replace('{', " { ").replace('}', " } ").replace(',', " , ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// A node, and the token after it.
fn node<'a>(tokens: &mut impl Iterator<Item = &'a str>) -> (NodeSpec, Option<&'a str>) {
    let id = tokens.next().expect("a name");
    let mut words = Vec::new();
    loop {
        match tokens.next() {
            Some("{") => {
                let mut supervisor = supervisor(id, &words);
                loop {
                    let (child, after) = node(tokens);
                    supervisor = supervisor.child(child);
                    if after != Some(",") {
                        break;
                    }
                }
                return (supervisor.into(), tokens.next());
            }
            after @ (None | Some("," | "}")) if is_group(&words) => {
                return (supervisor(id, &words).into(), after);
            }
            after @ (None | Some("," | "}")) => return (child(id, &words).into(), after),
            Some(word) => words.push(word),
        }
    }
}

fn child(id: &str, words: &[&str]) -> ChildSpec {
    let task = if words.contains(&"blocking") { blocking_fn(|_| ()) } else { never() };
    words.iter().filter(|&&word| word != "blocking").fold(ChildSpec::new(id, task), |spec, word| {
        if let Some(needed) = word.strip_prefix("needs=") {
            return needed.split('+').fold(spec, ChildSpec::depends_on);
        }
        spec.with_policy(policy(word).unwrap_or_else(|| panic!("what is `{word}`?")))
    })
}

/// A task; nobody runs it here.
pub(super) fn never() -> TaskFactory {
    service_fn(async |_| ())
}

fn is_group(words: &[&str]) -> bool {
    words.iter().any(|word| *word == "pool" || word.starts_with("many="))
}

fn supervisor(id: &str, words: &[&str]) -> SupervisorSpec {
    words.iter().fold(SupervisorSpec::new(id), |spec, word| {
        if let Some(patch) = policy(word) {
            return spec.with_policy(patch);
        }
        match word.split_once('=').unwrap_or((word, "")) {
            // `needs=a+../b`.
            ("needs", needed) => needed.split('+').fold(spec, SupervisorSpec::depends_on),
            ("defaults", word) => spec.defaults(policy(word).expect("a policy")),
            ("parallel", _) => spec.start(StartMode::Parallel),
            ("pool", _) => SupervisorSpec::pool(id).with_policy(spec.policy),
            ("many", count) => {
                let count = count.parse().expect("a number");
                SupervisorSpec::many(id, count, member_fn(async |_, _: usize| ()))
            }
            ("max", max) => {
                let max = max.parse().expect("a number");
                spec.members(member_fn(async |_, (): ()| ())).max_children(max)
            }
            ("members", words) => words.split('+').fold(spec, |spec, word| {
                let patch = policy(word).unwrap_or_else(|| panic!("what is `{word}`?"));
                spec.member_policy(patch)
            }),
            ("one_for_one", _) => spec.strategy(Strategy::OneForOne),
            ("one_for_all", _) => spec.strategy(Strategy::OneForAll),
            ("rest_for_one", _) => spec.strategy(Strategy::RestForOne),
            ("intensity", limit) => {
                let (max, within) = limit.split_once('/').expect("MAX/TIME");
                spec.intensity(max.parse().expect("a number"), time(within))
            }
            ("auto", "any") => spec.auto_shutdown(AutoShutdown::AnySignificant),
            ("auto", "all") => spec.auto_shutdown(AutoShutdown::AllSignificant),
            ("meltdown", "shutdown") => spec.meltdown(Meltdown::Shutdown),
            ("budget", budget) => spec.shutdown_budget(time(budget)),
            _ => panic!("what is `{word}`?"),
        }
    })
}

fn policy(word: &str) -> Option<PolicyPatch> {
    let mut patch = PolicyPatch::NONE;
    // `backoff:timeout=1s`: the same, for one class of failure.
    if let Some((key, rest)) = word.split_once(':') {
        let (class, value) = rest.split_once('=').unwrap_or((rest, ""));
        let of_child = policy(&format!("{key}={value}"))?;
        let mut of_class = ClassPatch::NONE.backoff(of_child.backoff);
        if let Some(limit) = of_child.restart_limit {
            of_class = of_class.restart_limit(limit.max, limit.within);
        }
        let class = FailureClass::ALL.into_iter().find(|known| known.word() == class);
        let class = class.expect("a class of failure");
        return Some(patch.on_failure(OnFailurePatch::NONE.on(class, of_class)));
    }
    match word.split_once('=').unwrap_or((word, "")) {
        ("permanent", _) => patch.restart = Some(Restart::Permanent),
        ("transient", _) => patch.restart = Some(Restart::Transient),
        ("temporary", _) => patch.restart = Some(Restart::Temporary),
        ("disabled", _) => patch = patch.disabled(),
        ("role", "service") => patch.role = Some(Role::Service),
        ("role", "job") => patch.role = Some(Role::Job),
        ("role", "sidecar") => patch.role = Some(Role::Sidecar),
        ("explicit", _) => patch.readiness = Some(Readiness::Explicit),
        // It does not go on without what it depends on.
        ("follow", _) => patch.on_dependency_restart = Some(OnDependencyRestart::Restart),
        ("significant", _) => patch.significant = Some(true),
        ("critical", _) => patch.criticality = Some(Criticality::Critical),
        ("best_effort", _) => patch.criticality = Some(Criticality::BestEffort),
        ("on_limit", "quarantine") => patch.on_limit = Some(OnLimit::Quarantine),
        ("on_limit", "escalate") => patch.on_limit = Some(OnLimit::Escalate),
        ("on_limit", "stop") => patch.on_limit = Some(OnLimit::Stop),
        ("on_limit", "shutdown_tree") => patch.on_limit = Some(OnLimit::ShutdownTree),
        ("grace", "infinite") => patch.shutdown.grace = Some(Grace::Infinite),
        ("grace", grace) => patch.shutdown.grace = Some(Grace::After(time(grace))),
        // `health=2s` is stuck after 2 s.
        ("health", stale_after) => {
            let stale_after = time(stale_after);
            patch.health = HealthPatch::NONE.heartbeat(stale_after / 2).stale_after(stale_after);
        }
        ("abort_wait", wait) => patch.shutdown.abort_wait = Some(time(wait)),
        ("start_timeout", timeout) => patch.start_timeout = Some(time(timeout)),
        ("limit", limit) => {
            let (max, within) = limit.split_once('/').expect("MAX/TIME");
            let max = max.parse().expect("a number");
            patch = ChildSpec::new("_", never()).restart_limit(max, time(within)).policy();
        }
        // `100ms` waits 100 ms each time, `100ms..1s` doubles up to 1 s.
        ("backoff", wait) => {
            let (initial, max) = wait.split_once("..").unwrap_or((wait, wait));
            patch.backoff.initial = Some(time(initial));
            patch.backoff.max = Some(time(max));
            patch.backoff.factor = Some(2.0);
            patch.backoff.jitter = Some(0.0);
        }
        ("reset_after", wait) => patch.backoff.reset_after = Some(time(wait)),
        ("probe", wait) => patch.probe_after = Some(time(wait)),
        ("jitter", share) => patch.backoff.jitter = Some(share.parse().expect("a number")),
        _ => return None,
    }
    Some(patch)
}

/// `250ms`, `5s`.
pub(super) fn time(text: &str) -> Duration {
    let number = text.trim_end_matches(char::is_alphabetic);
    let number = number.parse().unwrap_or_else(|_| panic!("no time: `{text}`"));
    match &text[text.len() - 2..] {
        "ms" => Duration::from_millis(number),
        _ => Duration::from_secs(number),
    }
}

/// How a run ends: `ok`, `shutdown`, `ignored`, `error`, `fatal`, `panic`, `dropped`, or a failure
/// that is `external`, `slow` or `cancelled`.
pub(super) fn end(word: &str) -> RunEnd {
    match word {
        "ok" => RunEnd::Returned(TaskResult::Succeeded),
        "shutdown" => RunEnd::Returned(TaskResult::Shutdown),
        "ignored" => RunEnd::Returned(TaskResult::Ignored),
        "error" => RunEnd::Returned(TaskResult::Failed(failure("broken"))),
        "fatal" => failed(TaskFailureKind::FatalConfig, "no schema"),
        "external" => failed(TaskFailureKind::ExternalDependency, "no bank"),
        "slow" => failed(TaskFailureKind::Timeout, "too slow"),
        "cancelled" => failed(TaskFailureKind::Cancelled, "given up"),
        "panic" => RunEnd::Panicked(panic_message()),
        "dropped" => RunEnd::Dropped,
        _ => panic!("no end: `{word}`"),
    }
}

fn failed(kind: TaskFailureKind, text: &str) -> RunEnd {
    RunEnd::Returned(TaskResult::Failed(TaskFailure::new(kind, text.to_owned())))
}

pub(super) fn failure(text: &str) -> TaskFailure {
    TaskFailure::new(TaskFailureKind::Recoverable, text)
}

fn panic_message() -> crate::task::exit::PanicMessage {
    // `resume_unwind` says nothing on stderr.
    contain(|| -> () { std::panic::resume_unwind(Box::new("boom")) }).expect_err("it panics")
}
