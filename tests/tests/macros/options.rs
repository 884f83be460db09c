//! What each option of an attribute comes to in the spec.

use super::*;

const LATER: Duration = Duration::from_secs(9);
const MANY: u32 = 3;
const HALF: f64 = 0.5;

#[child(
    restart = transient,
    backoff(initial = "10ms", max = LATER, factor = 3, jitter = HALF, reset_after = "1h"),
    restart_limit(max = MANY, within = "1m"),
    on_limit(escalate),
    criticality = "best_effort",
    readiness(explicit),
    start_timeout = "2s",
    health(heartbeat = "1s", stale_after = LATER),
    shutdown(grace = "250ms", abort_wait = "3s"),
    on_dependency_restart(restart),
    significant,
)]
async fn all(ctx: TaskContext) {
    ctx.ready();
    ctx.stopped().await;
}

#[child(shutdown(grace = infinite), on_limit(shutdown_tree), criticality(critical))]
async fn patient(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(
    restart(transient),
    backoff(initial = "1s"),
    restart_limit(max = 2, within = "4s"),
    on_limit(quarantine),
    probe_after = "3s",
    criticality(standard),
    on_dependency_restart(keep),
    start(parallel),
    shutdown(grace = "7s", abort_wait = "500ms", budget = "8s"),
    auto_shutdown(all_significant),
    defaults(start_timeout = "5s", health(heartbeat = "3s"), on_dependency_restart = restart),
    significant
)]
struct Inner {
    #[child(restart = temporary)]
    last: ends,
    patient: patient,
}

#[child(restart(transient))]
async fn ends(ctx: TaskContext) {
    let _ = ctx.sleep(Duration::from_secs(1)).await;
}

#[supervisor(
    strategy(one_for_all),
    intensity(max = 1, within = "10s"),
    meltdown(shutdown),
    auto_shutdown(any_significant)
)]
struct Outer {
    all: all,
    #[child(on_limit(stop), shutdown(grace = "6s"))]
    inner: Inner,
}

fn policies(spec: &SupervisorSpec) -> Vec<PolicyPatch> {
    let child = |node: &NodeSpec| match node {
        NodeSpec::Child(child) => Some(child.policy()),
        _ => None,
    };
    spec.children().iter().filter_map(child).collect()
}

#[test]
fn every_option_of_a_child_lands_in_its_spec() {
    let spec = Outer::spec(());
    let said = policies(&spec)[0];
    assert_eq!(said.restart, Some(Restart::Transient));
    assert_eq!(said.backoff.initial, Some(Duration::from_millis(10)));
    assert_eq!(said.backoff.max, Some(LATER));
    assert_eq!(said.backoff.factor, Some(3.0));
    assert_eq!(said.backoff.jitter, Some(HALF));
    assert_eq!(said.backoff.reset_after, Some(Duration::from_hours(1)));
    assert_eq!(said.restart_limit, Some(Limit::new(MANY, Duration::from_mins(1))));
    assert_eq!(said.on_limit, Some(OnLimit::Escalate));
    assert_eq!(said.criticality, Some(Criticality::BestEffort));
    assert_eq!(said.readiness, Some(Readiness::Explicit));
    assert_eq!(said.on_dependency_restart, Some(OnDependencyRestart::Restart));
    assert_eq!(said.start_timeout, Some(Duration::from_secs(2)));
    assert_eq!(said.health.heartbeat, Some(Duration::from_secs(1)));
    assert_eq!(said.health.stale_after, Some(LATER));
    assert_eq!(said.shutdown.grace, Some(Grace::After(Duration::from_millis(250))));
    assert_eq!(said.shutdown.abort_wait, Some(Duration::from_secs(3)));
    assert_eq!(said.significant, Some(true));
    let inner = policies(&Inner::spec(()));
    assert_eq!(inner[1].shutdown.grace, Some(Grace::Infinite));
    assert_eq!(inner[1].on_limit, Some(OnLimit::ShutdownTree));
    assert_eq!(inner[1].criticality, Some(Criticality::Critical));
    assert_eq!(inner[1].restart, None);
}

/// What a spec has no method for is read off the whole of it.
#[test]
fn every_option_of_a_supervisor_lands_in_its_spec() {
    let outer = Outer::spec(());
    let text = format!("{outer:?}");
    for part in [
        "strategy: Some(OneForAll)",
        "start: None",
        "intensity: Some(Limit { max: 1, within: 10s })",
        "meltdown: Some(Shutdown)",
        "auto_shutdown: Some(AnySignificant)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let NodeSpec::Supervisor(inner) = &outer.children()[1] else { panic!("{text}") };
    let said = format!(
        "{:?}",
        SupervisorSpec::new("none").with_policy(
            PolicyPatch::NONE
                .restart(Restart::Transient)
                .backoff(
                    rust_supervisor::policy::backoff::BackoffPatch::NONE
                        .initial(Duration::from_secs(1))
                )
                .restart_limit(2, Duration::from_secs(4))
                .on_limit(OnLimit::Stop)
                // No `probe_after`: `on_limit(stop)` at the field takes it back.
                .criticality(Criticality::Standard)
                .on_dependency_restart(OnDependencyRestart::Keep)
                .grace(Grace::After(Duration::from_secs(6)))
                .abort_wait(Duration::from_millis(500))
                .significant(),
        )
    );
    let policy =
        said.split("budget: None, policy: ").nth(1).unwrap().split(", defaults").next().unwrap();
    let text = format!("{inner:?}");
    for part in [
        policy,
        "budget: Some(8s)",
        "start: Some(Parallel)",
        "on_dependency_restart: Some(Restart)",
        "auto_shutdown: Some(AllSignificant)",
        "start_timeout: Some(5s)",
        "heartbeat: Some(3s)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
