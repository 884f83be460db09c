//! What is said about the policies of children, and about children.

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::health::HealthPatch;
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
use rust_supervisor::policy::restart::{AutoShutdown, Readiness, Restart};
use rust_supervisor::policy::role::Role;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, service_fn};

use crate::stage::{brief, check, flaky, jitter, ms, parked, slow, start, stubborn, stuck, weak};

/// A key of a child's policy, what it is set to, the task it is said about, the defaults in code,
/// and what happens then to `/root/in/t`.
pub(crate) type PolicyCase =
    (&'static str, &'static str, fn() -> TaskFactory, PolicyPatch, &'static str);

pub(crate) fn policy_cases() -> Vec<PolicyCase> {
    let plain = weak(|_| {});
    let limited = |max, within| weak(|patch| patch.restart_limit = Some(Limit::new(max, within)));
    let mut cases: Vec<PolicyCase> = vec![
        ("role", "job", brief, plain, "#1  decision: do not restart (it is transient"),
        ("role", "service", flaky, limited(0, ms(0)), "1000 ms  /root/in/t #1  decision: escalate"),
        ("role", "sidecar", flaky, limited(0, ms(0)), "#1  decision: do not restart (its restart"),
        (
            "role",
            "worker",
            flaky,
            limited(0, ms(0)).role(Role::Service),
            "1000 ms  /root/in/t #1  decision: quarantine",
        ),
        ("restart", "temporary", flaky, plain, "1000 ms  /root/in/t #1  removed"),
        ("backoff.initial", "3s", flaky, plain, "4000 ms  /root/in/t #2  starting"),
        ("backoff.max", "150ms", flaky, plain, "2250 ms  /root/in/t #3  starting"),
        ("backoff.factor", "5", flaky, plain, "2600 ms  /root/in/t #3  starting"),
        (
            "backoff.jitter",
            "0",
            flaky,
            weak(|patch| patch.backoff = jitter(0.9)),
            "1100 ms  /root/in/t #2  starting",
        ),
        ("backoff.reset_after", "500ms", flaky, plain, "2200 ms  /root/in/t #3  starting"),
        (
            "restart_limit.max",
            "0",
            flaky,
            limited(3, ms(60_000)),
            "1000 ms  /root/in/t #1  decision: quarantine",
        ),
        (
            "restart_limit.within",
            "1m",
            flaky,
            limited(1, ms(1)),
            "2100 ms  /root/in/t #2  decision: quarantine",
        ),
        (
            "on_limit",
            "stop",
            flaky,
            limited(0, ms(0)),
            "#1  decision: do not restart (its restart limit is spent)",
        ),
        (
            "on_limit",
            "escalate",
            flaky,
            limited(0, ms(0)),
            "1000 ms  /root/in/t #1  decision: escalate",
        ),
        (
            "on_limit",
            "shutdown_tree",
            flaky,
            limited(0, ms(0)),
            "1000 ms  /root/in/t #1  decision: shut the tree down",
        ),
        (
            "probe_after",
            "2s",
            flaky,
            limited(0, ms(0)),
            "3000 ms  /root/in/t #1  is started as a trial",
        ),
        (
            "criticality",
            "critical",
            flaky,
            limited(0, ms(0)),
            "1000 ms  /root/in/t #1  decision: escalate",
        ),
    ];
    cases.extend(cases_of_a_run());
    cases
}

/// Of these those about one run: how it becomes ready, how it is watched, how it is stopped.
fn cases_of_a_run() -> Vec<PolicyCase> {
    let plain = weak(|_| {});
    vec![
        ("readiness", "explicit", slow, plain, "start took 2000 ms"),
        (
            "start_timeout",
            "1s",
            slow,
            weak(|patch| patch.readiness = Some(Readiness::Explicit)),
            "start failed: ",
        ),
        (
            "significant",
            "true",
            brief,
            weak(|patch| patch.restart = Some(Restart::Transient)),
            "1000 ms  /root/in #1  ends, because /root/in/t has ended",
        ),
        (
            "on_dependency_restart",
            "restart",
            parked,
            plain,
            "1000 ms  /root/in/t #1  is stopped until /root/in/needed is ready again",
        ),
        // The code says the other half, or it would not be expected to send any.
        ("health.heartbeat", "1s", parked, plain, "3000 ms  /root/in/t #1  is stuck"),
        ("health.stale_after", "3s", parked, plain, "3000 ms  /root/in/t #1  is stuck"),
        ("shutdown.grace", "2s", stubborn, plain, "22000 ms  /root/in/t #1  is aborted"),
        ("shutdown.grace", "infinite", stubborn, plain, "50000 ms  /root/in/t #1  is aborted"),
        ("shutdown.abort_wait", "3s", stuck, plain, "28000 ms  /root/in/t #1  cannot be ended"),
    ]
}

/// Fails as each class of failure does, after each second.
const CLASSES: [(FailureClass, fn() -> TaskFactory); 4] = [
    (FailureClass::Recoverable, flaky),
    (FailureClass::ExternalDependency, || fails_with(TaskFailureKind::ExternalDependency)),
    (FailureClass::Timeout, || fails_with(TaskFailureKind::Timeout)),
    (FailureClass::Panic, panics),
];

fn fails_with(kind: TaskFailureKind) -> TaskFactory {
    service_fn(move |ctx: TaskContext| async move {
        if ctx.sleep(ms(1_000)).await { Err(TaskFailure::new(kind, "broken")) } else { Ok(()) }
    })
}

fn panics() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        // It says nothing on stderr.
        if ctx.sleep(ms(1_000)).await {
            std::panic::resume_unwind(Box::new("broken"));
        }
    })
}

pub(crate) type ClassCase = (String, &'static str, fn() -> TaskFactory, PolicyPatch, &'static str);

/// The same of the keys of each class of failure. What the weaker limit says is about the class.
pub(crate) fn class_cases() -> Vec<ClassCase> {
    let of_class = |class, (key, value, in_code, expected): (&str, _, PolicyPatch, _)| {
        let mut weaker = in_code;
        if let Some(limit) = weaker.restart_limit.take() {
            let limit = ClassPatch::NONE.restart_limit(limit.max, limit.within);
            weaker.on_failure = OnFailurePatch::NONE.on(class, limit);
        }
        (format!("on_failure.{class}.{key}"), value, weaker, expected)
    };
    let mut cases = Vec::new();
    for (class, task) in CLASSES {
        let keys = ["backoff", "restart_limit"];
        for (key, value, _, in_code, expected) in policy_cases() {
            if keys.contains(&key.split('.').next().unwrap()) {
                let (key, value, weaker, expected) =
                    of_class(class, (key, value, in_code, expected));
                cases.push((key, value, task, weaker, expected));
            }
        }
    }
    cases
}

/// `a.b: value` as sections inside `around`.
pub(crate) fn nest(around: &[&str], key: &str, value: &str) -> String {
    let open: String = around
        .iter()
        .copied()
        .chain(key.split('.'))
        .fold(String::new(), |yaml, segment| format!("{yaml}{{{segment}: "));
    let close = "}".repeat(around.len() + key.split('.').count());
    format!("{open}{value}{close}\n")
}

#[tokio::test(start_paused = true)]
async fn every_key_of_a_policy_works_in_every_place() {
    let places: [&[&str]; 4] = [
        &["policy"],
        &["supervisor", "defaults"],
        &["supervisor", "children", "in", "defaults"],
        &["supervisor", "children", "in", "children", "t"],
    ];
    let cases = policy_cases().into_iter().map(|(key, value, task, in_code, expected)| {
        (key.to_owned(), value, task, in_code, expected)
    });
    for (key, value, task, in_code, expected) in cases.chain(class_cases()) {
        let other_half = match &*key {
            "health.heartbeat" => HealthPatch::NONE.stale_after(ms(3_000)),
            "health.stale_after" => HealthPatch::NONE.heartbeat(ms(1_000)),
            _ => HealthPatch::NONE,
        };
        let child = ChildSpec::new("t", task()).with_policy(PolicyPatch::NONE.health(other_half));
        let mut child = child;
        let mut inner = SupervisorSpec::new("in").auto_shutdown(AutoShutdown::AnySignificant);
        if key == "on_dependency_restart" {
            inner = inner.child(ChildSpec::new("needed", flaky()));
            child = child.depends_on("needed");
        }
        let tree = SupervisorSpec::root().defaults(in_code).child(inner.child(child));
        for place in places {
            // How tasks are stopped has a section of its own there.
            let place =
                if *place == ["policy"] && key.starts_with("shutdown") { &[] } else { place };
            check(tree.clone(), &nest(place, &key, value), expected).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_can_be_disabled_and_enabled() {
    let with = |child: ChildSpec, inner: SupervisorSpec| {
        SupervisorSpec::root().child(inner.child(ChildSpec::new("u", parked()))).child(child)
    };
    let off = |handle: SupervisorHandle, path: &'static str| async move {
        handle.state_of(path).await.unwrap().lifecycle == Lifecycle::Disabled
    };
    let (t, inner) = (|| ChildSpec::new("t", parked()), || SupervisorSpec::new("in"));
    let say = |id, value| nest(&["supervisor", "children", id], "enabled", value);

    assert!(!off(start(with(t(), inner()), "").await, "/root/t").await);
    assert!(off(start(with(t(), inner()), &say("t", "false")).await, "/root/t").await);
    assert!(off(start(with(t(), inner()), &say("in", "false")).await, "/root/in/u").await);
    assert!(!off(start(with(t().disabled(), inner()), &say("t", "true")).await, "/root/t").await);
    let inner = inner().disabled();
    assert!(!off(start(with(t(), inner), &say("in", "true")).await, "/root/in/u").await);
}

#[tokio::test(start_paused = true)]
async fn tags_take_the_place_of_those_in_code() {
    let tree = || {
        let inner = SupervisorSpec::new("in").tags(["code"]);
        let inner = inner.child(ChildSpec::new("t", parked()).tags(["code", "too"]));
        SupervisorSpec::root().child(inner)
    };
    let tags = async |yaml: &str, path: &str| {
        start(tree(), yaml).await.state_of(path).await.unwrap().tags.to_string()
    };
    let inner = &["supervisor", "children", "in"][..];
    let task = &["supervisor", "children", "in", "children", "t"][..];
    assert_eq!(tags("", "/root/in/t").await, "code, too");
    assert_eq!(tags(&nest(task, "tags", "[money, eu]"), "/root/in/t").await, "money, eu");
    assert_eq!(tags(&nest(task, "tags", "[]"), "/root/in/t").await, "");
    assert_eq!(tags(&nest(inner, "tags", "[money]"), "/root/in").await, "money");
}
