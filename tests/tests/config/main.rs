//! Every key of the configuration, proved by what it does to a running tree.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod groups;
mod layers;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use rust_supervisor::audit::AuditLog;
use rust_supervisor::config::configurable::SupervisorConfig;
use rust_supervisor::config::error::ConfigError;
use rust_supervisor::config::schema;
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::backoff::BackoffPatch;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::health::HealthPatch;
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
use rust_supervisor::policy::restart::{AutoShutdown, Readiness, Restart};
use rust_supervisor::policy::role::Role;
use rust_supervisor::record::Recording;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use rust_supervisor::task::member::member_fn;

/// Reads YAML the way a file is read.
fn config(yaml: &str) -> Result<SupervisorConfig, ConfigError> {
    let dir = temporary_dir();
    let path = dir.join("config.yaml");
    std::fs::write(&path, yaml).unwrap();
    let config = SupervisorConfig::from_file(&path);
    std::fs::remove_dir_all(dir).unwrap();
    config
}

/// A directory of its own for each caller.
fn temporary_dir() -> std::path::PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("config-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Fails after each second.
fn flaky() -> TaskFactory {
    service_fn(
        async |ctx: TaskContext| {
            if ctx.sleep(ms(1_000)).await { Err("broken") } else { Ok(()) }
        },
    )
}

/// Is done after a second.
fn brief() -> TaskFactory {
    service_fn(async |_: TaskContext| tokio::time::sleep(ms(1_000)).await)
}

fn parked() -> TaskFactory {
    service_fn(async |ctx: TaskContext| ctx.stopped().await)
}

/// Says after two seconds that it is ready.
fn slow() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        tokio::time::sleep(ms(2_000)).await;
        ctx.ready();
        ctx.stopped().await;
    })
}

/// Takes an hour to stop.
fn stubborn() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        ctx.stopped().await;
        tokio::time::sleep(Duration::from_hours(1)).await;
    })
}

/// Cannot be stopped at all.
fn stuck() -> TaskFactory {
    blocking_fn(|_: BlockingContext| -> Infallible {
        loop {
            std::thread::park();
        }
    })
}

/// Starts the tree, lets it live for 20 s, shuts it down and returns all that happened, line by
/// line.
async fn history(tree: SupervisorSpec, yaml: &str) -> String {
    let config = config(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    let before = tokio::time::Instant::now();
    let started = Supervisor::builder(tree).seed(7).config(config).start().await;
    let mut history = format!("start took {} ms\n", before.elapsed().as_millis());
    let handle = match started {
        Ok(handle) => handle,
        Err(error) => return history + &format!("start failed: {error}\n"),
    };
    let mut events = handle.subscribe_events();
    tokio::time::sleep_until(before + ms(20_000)).await;
    // It may have ended by itself.
    drop(handle.shutdown_tree("test", "over").await);
    while let Some(event) = events.next().await {
        history += event.to_string().trim_start();
        history.push('\n');
    }
    history
}

/// With `yaml` the line is there, without it it is not.
async fn check(tree: SupervisorSpec, yaml: &str, expected: &str) {
    let without = history(tree.clone(), "").await;
    assert!(!without.contains(expected), "`{expected}` without\n{yaml}\n\n{without}");
    let with = history(tree, yaml).await;
    assert!(with.contains(expected), "no `{expected}` with\n{yaml}\n\n{with}");
}

/// The weakest thing that can be said in code.
fn weak(change: impl FnOnce(&mut PolicyPatch)) -> PolicyPatch {
    let mut patch = PolicyPatch::NONE;
    patch.backoff.jitter = Some(0.0);
    change(&mut patch);
    patch
}

fn jitter(jitter: f64) -> BackoffPatch {
    let mut patch = BackoffPatch::NONE;
    patch.jitter = Some(jitter);
    patch
}

/// A key of a child's policy, what it is set to, the task it is said about, the defaults in code,
/// and what happens then to `/root/in/t`.
type PolicyCase = (&'static str, &'static str, fn() -> TaskFactory, PolicyPatch, &'static str);

fn policy_cases() -> Vec<PolicyCase> {
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

type ClassCase = (String, &'static str, fn() -> TaskFactory, PolicyPatch, &'static str);

/// The same of the keys of each class of failure. What the weaker limit says is about the class.
fn class_cases() -> Vec<ClassCase> {
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
fn nest(around: &[&str], key: &str, value: &str) -> String {
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

/// A key of a supervisor, what it is set to, its first child, the window of its intensity in code,
/// and what happens then, where `ROOT` is its path.
type SupervisorCase = (&'static str, &'static str, fn() -> TaskFactory, Duration, &'static str);

#[tokio::test(start_paused = true)]
async fn every_key_of_a_supervisor_works_at_the_root_and_below() {
    let pair = |spec: SupervisorSpec, task: TaskFactory| {
        spec.child(ChildSpec::new("t", task).restart(Restart::Transient).backoff(jitter(0.0)))
            .child(ChildSpec::new("u", parked()))
    };
    // Both say after two seconds that they are ready.
    let both = |spec: SupervisorSpec| {
        let slow = ChildSpec::new("t", slow()).readiness(Readiness::Explicit);
        spec.child(slow.clone()).child(slow.with_id("u"))
    };
    let cases: [SupervisorCase; 6] = [
        ("start", "parallel", slow, ms(30_000), "start took 2000 ms"),
        ("strategy", "one_for_all", flaky, ms(30_000), "1100 ms  ROOT/u #2  starting"),
        ("strategy", "rest_for_one", flaky, ms(30_000), "1100 ms  ROOT/u #2  starting"),
        ("intensity.max", "0", flaky, ms(30_000), "1000 ms  ROOT #1  meltdown over ROOT/t"),
        ("intensity.within", "1m", flaky, ms(1), " ROOT #1  meltdown over ROOT/t"),
        (
            "auto_shutdown",
            "any_significant",
            brief,
            ms(30_000),
            "1000 ms  ROOT #1  ends, because ROOT/t",
        ),
    ];
    for (key, value, task, within, expected) in cases {
        for (place, root) in
            [(&["supervisor"][..], "/root"), (&["supervisor", "children", "in"], "/root/in")]
        {
            let is_significant = key == "auto_shutdown";
            let around = SupervisorSpec::root().intensity(5, within);
            let inner = SupervisorSpec::new("in").intensity(5, within);
            let mark = |spec: SupervisorSpec| {
                if key == "start" {
                    return both(spec);
                }
                let task = ChildSpec::new("s", task()).restart(Restart::Transient);
                if is_significant { spec.child(task.with_id("t").significant()) } else { spec }
            };
            let tree = match (is_significant || key == "start", root) {
                (true, "/root") => mark(around),
                (true, _) => around.child(mark(inner)),
                (false, "/root") => pair(around, task()),
                (false, _) => around.child(pair(inner, task())),
            };
            check(tree, &nest(place, key, value), &expected.replace("ROOT", root)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_about_a_supervisor_as_a_child_works_too() {
    let failing = || {
        let inner = SupervisorSpec::new("in").intensity(0, ms(0)).restart(Restart::Transient);
        let inner = inner.backoff(jitter(0.0)).child(ChildSpec::new("t", flaky()));
        SupervisorSpec::root().child(inner)
    };
    let hanging = || {
        SupervisorSpec::root()
            .child(SupervisorSpec::new("in").child(ChildSpec::new("t", stubborn())))
    };
    for (tree, key, value, expected) in [
        (failing(), "restart", "temporary", "/root/in #1  removed"),
        (failing(), "backoff.initial", "3s", "4000 ms  /root/in #2  starting"),
        (failing(), "restart_limit", "{max: 0, within: 1s}", "/root/in #1  decision: quarantine"),
        (failing(), "meltdown", "shutdown", "/root/in #1  decision: do not restart"),
        (hanging(), "shutdown.grace", "1s", "21000 ms  /root/in #1  is aborted"),
    ] {
        check(tree, &nest(&["supervisor", "children", "in"], key, value), expected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_longest_durations_do_no_harm() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("t", flaky()));
    let yaml = "
policy:
  backoff: { initial: 1000y, max: 1000y, factor: 1000000, jitter: 0, reset_after: 1000y }
  restart_limit: { max: 4294967295, within: 1000y }
  start_timeout: 1000y
shutdown: { grace: 1000y, abort_wait: 1000y, budget: 1000y }
supervisor: { intensity: { max: 4294967295, within: 1000y } }
";
    check(tree, yaml, "decision: restart after 31557600000s").await;
}

#[tokio::test(start_paused = true)]
async fn the_budget_ends_the_shutdown_of_the_tree() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("t", stubborn()));
    check(tree, "shutdown: {budget: 2s}", "22000 ms  /root #1  all that is left is aborted").await;
}

async fn start(tree: SupervisorSpec, yaml: &str) -> SupervisorHandle {
    Supervisor::builder(tree).config(config(yaml).unwrap()).start().await.unwrap()
}

/// Starts, and is refused.
async fn refused(tree: SupervisorSpec, yaml: &str) -> String {
    let config = config(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    match Supervisor::builder(tree).config(config).start().await {
        Err(SupervisorError::Config(error)) => error.to_string(),
        Err(error) => panic!("another error: {error}\n{yaml}"),
        Ok(_) => panic!("it started\n{yaml}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_event_capacity_is_how_far_a_subscriber_may_lag_behind() {
    for (yaml, misses) in [("", false), ("observability: {event_capacity: 2}", true)] {
        let handle = start(SupervisorSpec::root().child(ChildSpec::new("t", flaky())), yaml).await;
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(4_000)).await;
        assert!(events.next().await.is_some());
        assert_eq!(events.missed() > 0, misses, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_keeps_as_many_events_as_is_said() {
    for (yaml, kept) in [
        ("", 1_024),
        ("observability: {journal_capacity: 3}", 3),
        ("observability: {journal_capacity: 0}", 0),
    ] {
        let tree = SupervisorSpec::root().child(ChildSpec::new("t", parked()));
        let handle = start(tree, yaml).await;
        for _ in 0..300 {
            handle.restart_child("/root/t", "test", "again").await.unwrap();
        }
        assert_eq!(handle.journal().len(), kept, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_exits_are_kept_as_is_said() {
    for (yaml, kept) in [("", 4), ("observability: {last_exits: 2}", 2)] {
        let handle = start(SupervisorSpec::root().child(ChildSpec::new("t", flaky())), yaml).await;
        tokio::time::sleep(ms(5_500)).await;
        assert_eq!(handle.state_of("/root/t").await.unwrap().last_exits.len(), kept, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_path_that_is_not_remembered_counts_from_the_start() {
    for (yaml, generation) in [("", 2), ("observability: {remembered_paths: 0}", 1)] {
        let handle = start(SupervisorSpec::root(), yaml).await;
        let child = || ChildSpec::new("t", parked());
        handle.add_child("/root", child(), "test", "first").await.unwrap();
        handle.remove_child("/root/t", "test", "away").await.unwrap();
        handle.add_child("/root", child(), "test", "second").await.unwrap();
        assert_eq!(handle.state_of("/root/t").await.unwrap().generation.0, generation, "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_are_told_unless_it_is_said_that_they_are_not() {
    for (yaml, is_told) in [
        ("", true),
        ("observability: {metrics: true}", true),
        ("observability: {metrics: false}", false),
    ] {
        let recorder = metrics_util::debugging::DebuggingRecorder::new();
        let _guard = metrics::set_default_local_recorder(&recorder);
        let tree = SupervisorSpec::root().child(ChildSpec::new("t", flaky()));
        let builder = Supervisor::builder(tree).event_capacity(1).config(config(yaml).unwrap());
        let handle = builder.start().await.unwrap();
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(4_000)).await;
        assert!(events.next().await.is_some() && events.missed() > 0);
        handle.shutdown_tree("test", "over").await.unwrap();
        let told = recorder.snapshotter().snapshot().into_vec();
        assert_eq!(!told.is_empty(), is_told, "{yaml}: {told:?}");
    }
}

#[tokio::test]
async fn the_audit_is_where_it_is_said_and_does_what_is_said_when_it_fails() {
    let dir = temporary_dir();
    let there = dir.join("there.jsonl").display().to_string();
    let nowhere = dir.join("no").join("audit.jsonl").display().to_string();
    let tree = || SupervisorSpec::root().child(ChildSpec::new("t", parked()));
    let start = async |yaml: String, in_code: Option<AuditLog>| {
        let builder = Supervisor::builder(tree()).config(config(&yaml).unwrap());
        let builder = match in_code {
            Some(audit) => builder.audit(audit),
            None => builder,
        };
        builder.start().await
    };
    let handle = start(String::new(), None).await.unwrap();
    assert!(handle.audit_status().is_none());
    let said = format!("observability: {{audit: {{path: {there}}}}}");
    // What the code says is overridden.
    let handle = start(said, Some(AuditLog::new(&nowhere))).await.unwrap();
    handle.restart_child("/root/t", "test", "again").await.unwrap();
    assert_eq!(handle.audit_status().unwrap().entries, 4);
    assert!(std::fs::read_to_string(&there).unwrap().contains("restart_child"));

    let said = |more: &str| format!("observability: {{audit: {{path: {nowhere}, {more}}}}}");
    for more in ["", "on_failure: refuse"] {
        assert!(matches!(start(said(more), None).await, Err(SupervisorError::Audit(_))), "{more}");
    }
    let handle = start(said("on_failure: go_on"), None).await.unwrap();
    handle.restart_child("/root/t", "test", "again").await.unwrap();
    assert_eq!(handle.audit_status().unwrap().missing, 3);
    let only = "observability: {audit: {on_failure: go_on}}".to_owned();
    assert!(start(only.clone(), Some(AuditLog::new(&nowhere))).await.is_ok());

    // With nothing to be about, it is no setting.
    let SupervisorError::Config(error) = start(only, None).await.err().unwrap() else { panic!() };
    assert!(error.to_string().contains("observability.audit.path`: nobody says where"), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}

/// That a disk which hangs is given up after this time is shown where a disk can be made to hang:
/// in `audit::tests`. That the key reaches the audit is shown in `config::observability`.
#[tokio::test]
async fn no_disk_writes_within_no_time() {
    let error = Supervisor::builder(SupervisorSpec::root())
        .config(config("observability: {audit: {path: a, write_timeout: 0s}}").unwrap())
        .start()
        .await
        .err()
        .unwrap();
    let SupervisorError::Config(error) = error else { panic!("{error}") };
    assert!(error.to_string().contains("write_timeout`: at least 1ms"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn each_start_is_recorded_in_the_folder_that_is_said_and_no_further_than_is_said() {
    let dir = temporary_dir();
    let folder = dir.display().to_string();
    let recordings = || {
        let files = std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path());
        files.map(|file| Recording::read(file).unwrap()).collect::<Vec<_>>()
    };
    for (more, is_whole) in [("", true), (", max_bytes: 1500", false)] {
        let yaml = format!("observability: {{record: {{folder: {folder}{more}}}}}");
        let handle = start(SupervisorSpec::root().child(ChildSpec::new("t", flaky())), &yaml).await;
        let mut events = handle.subscribe_events();
        tokio::time::sleep(ms(5_500)).await;
        handle.shutdown_tree("test", "over").await.unwrap();
        let [recording] = &recordings()[..] else { panic!("there is one for each start") };
        assert_eq!(recording.replay().unwrap().contains("-> the end"), is_whole, "{more}");
        let mut has_ended = false;
        while let Some(event) = events.next().await {
            has_ended |= event.kind.name() == "recording_ended";
        }
        // Without a clock that stands still the tree would hear of it before its end.
        assert!(!(is_whole && has_ended));
        for file in std::fs::read_dir(&dir).unwrap() {
            let file = file.unwrap();
            assert!(is_whole || file.metadata().unwrap().len() <= 1_500);
            std::fs::remove_file(file.path()).unwrap();
        }
    }
    let yaml = "observability: {record: {max_bytes: 1}}";
    let error = Supervisor::builder(SupervisorSpec::root()).config(config(yaml).unwrap()).start();
    let SupervisorError::Config(error) = error.await.err().unwrap() else { panic!() };
    assert!(error.to_string().contains("observability.record.folder`: nobody says"), "{error}");
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_named_in_dynamic_is_started_with_what_is_said_about_it() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let known = std::sync::Arc::clone(&seen);
    let session = member_fn(move |ctx: TaskContext, user: u64| {
        known.lock().unwrap().push((ctx.path().to_string(), user));
        async move { ctx.stopped().await }
    });
    let pool = |id: &str| {
        let pool = SupervisorSpec::pool(id.to_owned()).members(session.clone());
        pool.from_config::<u64>()
    };
    let tree = SupervisorSpec::root().child(pool("days")).child(pool("nights"));
    let handle =
        start(tree, "dynamic: [{pool: /root/nights, id: ada, args: 7, overrides: {tags: [vip]}}]")
            .await;
    assert_eq!(*seen.lock().unwrap(), [("/root/nights/ada".to_owned(), 7)]);
    let ada = handle.state_of("/root/nights/ada").await.unwrap();
    assert_eq!(ada.tags.iter().collect::<Vec<_>>(), ["vip"]);
    assert!(ada.lifecycle.is_live());
}

/// The keys of a section of the schema, with those of what is nested in it.
fn keys_of(root: &serde_json::Value, section: &str) -> BTreeSet<String> {
    let keys = root["definitions"][section]["properties"].as_object().unwrap();
    keys.iter()
        .flat_map(|(key, schema)| {
            let reference = schema["anyOf"][0]["$ref"].as_str().unwrap_or_default();
            match reference.strip_prefix("#/definitions/") {
                Some(
                    inner @ ("BackoffSection" | "LimitSection" | "StopSection" | "HealthSection"
                    | "OnFailureSection" | "ClassSection" | "AuditSection"
                    | "RecordSection"),
                ) => {
                    keys_of(root, inner).into_iter().map(|inner| format!("{key}.{inner}")).collect()
                }
                _ => vec![key.clone()],
            }
        })
        .collect()
}

#[test]
fn no_key_is_without_its_proof() {
    let root = schema::json_schema();
    let keys = |section| keys_of(&root, section);
    let set = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<BTreeSet<_>>();
    let cases = policy_cases().into_iter().map(|case| case.0.to_owned());
    let policy: BTreeSet<_> = cases.chain(class_cases().into_iter().map(|case| case.0)).collect();
    let at_root = set(&[
        "strategy",
        "start",
        "intensity.max",
        "intensity.within",
        "auto_shutdown",
        "defaults",
        "children",
    ]);

    assert_eq!(keys("DefaultsSection"), policy);
    assert_eq!(keys("RootSection"), at_root);
    assert_eq!(
        keys("ChildSection"),
        &(&policy | &at_root)
            | &set(&["meltdown", "enabled", "settings", "tags", "max_children", "count"])
    );
    let without_shutdown = policy.into_iter().filter(|key| !key.starts_with("shutdown"));
    assert_eq!(keys("PolicySection"), without_shutdown.collect());
    assert_eq!(keys("ShutdownSection"), set(&["grace", "abort_wait", "budget"]));
    assert_eq!(
        keys("ObservabilitySection"),
        set(&[
            "event_capacity",
            "journal_capacity",
            "last_exits",
            "remembered_paths",
            "metrics",
            "audit.path",
            "audit.on_failure",
            "audit.write_timeout",
            "record.folder",
            "record.max_bytes",
        ])
    );
    let sections = root["properties"].as_object().unwrap().keys().cloned().collect();
    let known = ["include", "supervisor", "policy", "shutdown", "observability", "ipc", "dynamic"];
    assert_eq!(set(&known), sections);
    assert_eq!(keys("DynamicSection"), set(&["pool", "id", "args", "overrides"]));
}
