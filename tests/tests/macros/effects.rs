//! What options do while the tree runs.

use super::*;

#[child(readiness(explicit), start_timeout = "2s")]
async fn slow(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor]
struct Slow {
    slow: slow,
}

#[tokio::test(start_paused = true)]
async fn a_start_times_out() {
    let before = tokio::time::Instant::now();
    let error = Slow::start(()).await.unwrap_err();
    assert!(matches!(error, SupervisorError::TreeStart { .. }), "{error}");
    assert!(before.elapsed() >= Duration::from_secs(2));
}

#[child(health(heartbeat = "1s", stale_after = "2s"), backoff(initial = "1ms", jitter = 0))]
async fn falls_silent(ctx: TaskContext) {
    for _ in 0..3 {
        ctx.heartbeat();
        if !ctx.sleep(Duration::from_secs(1)).await {
            return;
        }
    }
    ctx.stopped().await;
}

#[supervisor]
struct Watched {
    #[child(health(stale_after = "4s"))]
    silent: falls_silent,
}

#[tokio::test(start_paused = true)]
async fn a_child_that_falls_silent_is_restarted() {
    let tree = Watched::start(()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5_999)).await;
    assert_eq!(tree.silent.state().await.unwrap().generation.0, 1);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(tree.silent.state().await.unwrap().generation.0, 2);
    tree.shutdown(("test", "over")).await.unwrap();
}

#[child(restart(transient), significant)]
async fn job(ctx: TaskContext) {
    let _ = ctx.sleep(Duration::from_secs(1)).await;
}

#[supervisor(auto_shutdown(any_significant))]
struct Batch {
    job: job,
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_significant_ends_the_tree() {
    let report = Batch::start(()).await.unwrap().run_until_signal().await.unwrap();
    assert!(matches!(report.cause, EndCause::AutoShutdown), "{report}");
}

#[child(restart_limit(max = 1, within = "1m"), backoff(initial = "1s", jitter = 0))]
async fn failing(_: TaskContext) -> Result<(), &'static str> {
    Err("again")
}

#[supervisor]
struct Contained {
    #[child(on_limit(quarantine))]
    kept: failing,
    #[child(on_limit(stop))]
    stopped: failing,
    #[child(probe_after = "10s")]
    probed: failing,
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_kept_and_what_follows_is_said_at_the_field() {
    let tree = Contained::start(()).await.unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let kept = tree.kept.state().await.unwrap();
    assert_eq!(kept.generation.0, 2);
    let error = tree.kept.start(("test", "again")).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Quarantined { .. }), "{error}");
    assert_eq!(tree.stopped.start(("test", "again")).await.unwrap().generation.0, 3);
    let probed = tree.probed.state().await.unwrap();
    assert_eq!(probed.generation.0, 7, "after 11 s, and every 10 s");
    assert_eq!(probed.due, Some(Duration::from_secs(61)));
}

#[derive(Debug)]
struct Classed(TaskFailureKind);

impl std::fmt::Display for Classed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for Classed {}

impl Failure for Classed {
    fn kind(&self) -> TaskFailureKind {
        self.0
    }
}

#[child]
async fn fatal(_: TaskContext) -> Result<(), Classed> {
    Err(Classed(TaskFailureKind::FatalConfig))
}

#[child(blocking)]
fn fatal_too(_: BlockingContext) -> Result<TaskResult, Classed> {
    Err(Classed(TaskFailureKind::FatalBug))
}

#[child]
async fn fatal_by_itself(_: TaskContext) -> Result<std::convert::Infallible, TaskFailure> {
    Err(Classed(TaskFailureKind::FatalConfig))?
}

#[child]
async fn absent(_: TaskContext) -> Result<(), Classed> {
    Err(Classed(TaskFailureKind::ExternalDependency))
}

#[child]
async fn cancelled(_: TaskContext) -> Result<(), Classed> {
    Err(Classed(TaskFailureKind::Cancelled))
}

#[child]
async fn plain(_: TaskContext) -> Result<(), String> {
    Err("again".into())
}

#[supervisor(intensity(max = 9, within = "1s"), defaults(backoff(initial = "1h", max = "1h")))]
struct Classes {
    fatal: fatal,
    fatal_too: fatal_too,
    fatal_by_itself: fatal_by_itself,
    absent: absent,
    cancelled: cancelled,
    plain: plain,
}

#[tokio::test]
async fn an_error_that_knows_its_class_is_decided_about_by_it() {
    let mut builder = Classes::builder(());
    let mut events = builder.subscribe_events();
    let tree = builder.start().await.unwrap();
    let mut classes = std::collections::BTreeMap::new();
    while classes.len() < 6 {
        let event = events.next().await.unwrap();
        if let rust_supervisor::event::EventKind::Exited { exit } = &event.kind {
            classes.insert(event.path.name().to_owned(), exit.failure_kind().unwrap());
        }
    }
    let expected = [
        ("absent", TaskFailureKind::ExternalDependency),
        ("cancelled", TaskFailureKind::Cancelled),
        ("fatal", TaskFailureKind::FatalConfig),
        ("fatal_by_itself", TaskFailureKind::FatalConfig),
        ("fatal_too", TaskFailureKind::FatalBug),
        ("plain", TaskFailureKind::Recoverable),
    ];
    assert_eq!(classes, expected.map(|(name, kind)| (name.to_owned(), kind)).into());
    // `cancelled`, when nobody had asked it to stop, is tried again like any other.
    let state = tree.handle().current_state().await.unwrap();
    for (name, kind) in expected {
        let child = state.get(&format!("/root/{name}")).unwrap();
        let is_quarantined = child.lifecycle == Lifecycle::Quarantined;
        assert_eq!(is_quarantined, kind.is_fatal(), "{name}");
    }
    tree.shutdown(("test", "over")).await.unwrap();
}

#[child(shutdown(grace = "3s"))]
async fn stubborn(_: TaskContext) {
    std::future::pending::<()>().await;
}

#[supervisor]
struct Stubborn {
    stubborn: stubborn,
}

#[tokio::test(start_paused = true)]
async fn a_run_that_does_not_stop_is_aborted_after_its_grace() {
    let report = Stubborn::start(()).await.unwrap().shutdown(("test", "done")).await.unwrap();
    assert!(!report.is_clean());
    assert_eq!(report.took.as_secs(), 3);
}
