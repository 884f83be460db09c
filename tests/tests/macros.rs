//! The attribute macros: what is written is what runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::decision::Rule;
use rust_supervisor::policy::dependency::OnDependencyRestart;
use rust_supervisor::policy::failure::{Criticality, OnLimit};
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::on_failure::FailureClass;
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::prelude::*;
use rust_supervisor::report::EndCause;
use rust_supervisor::spec::NodeSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::exit::TaskFailure;

/// A subtree that knows nothing of the program that hosts it.
mod payments {
    use super::*;

    #[derive(Clone)]
    pub(crate) struct Ledger(pub(crate) Arc<AtomicU32>);

    /// Counts its runs in the ledger.
    #[child(restart(permanent), backoff(initial = "100ms", max = "1s", jitter = 0))]
    pub(crate) async fn ledger(ctx: TaskContext, State(ledger): State<Ledger>) {
        ledger.0.fetch_add(1, Ordering::SeqCst);
        ctx.stopped().await;
    }

    /// The payments.
    #[supervisor(strategy(rest_for_one))]
    pub(crate) struct Payments {
        pub(crate) ledger: ledger,
        #[child(restart(temporary))]
        pub(crate) audit: audit::audit,
    }
}

mod audit {
    use rust_supervisor::prelude::*;

    /// Fails at once.
    #[child(restart(permanent))]
    pub(crate) async fn audit(_: TaskContext) -> Result<(), String> {
        Err("nothing to audit".into())
    }
}

use payments::{Ledger, Payments};

#[derive(SharedState)]
struct AppState {
    ledger: Ledger,
    name: &'static str,
    #[state(skip)]
    _secret: &'static str,
}

fn state() -> AppState {
    AppState { ledger: Ledger(Arc::default()), name: "test", _secret: "x" }
}

#[child]
async fn greeter(ctx: TaskContext, State(name): State<&'static str>) {
    assert_eq!(name, "test");
    ctx.stopped().await;
}

#[supervisor(strategy(one_for_one), intensity(max = 5, within = "30s"), state = AppState)]
struct App {
    payments: Payments,
    greeter: greeter,
    #[cfg(windows)]
    service: no::such::child,
}

#[tokio::test(start_paused = true)]
async fn a_tree_of_two_modules_runs_with_its_state() {
    let state = state();
    let runs = Arc::clone(&state.ledger.0);

    let app = App::start(state).await.unwrap();

    assert_eq!(app.payments.ledger.path().as_str(), "/root/payments/ledger");
    assert_eq!(app.payments.path().as_str(), "/root/payments");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    assert!(app.shutdown(by("test").because("done")).await.unwrap().is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_handle_restarts_its_child_and_no_other() {
    let app = App::start(state()).await.unwrap();

    let outcome = app.payments.ledger.restart(by("alice").because("schema fixed")).await.unwrap();

    assert_eq!(outcome.generation.0, 2);
    assert_eq!(app.greeter.state().await.unwrap().generation.0, 1);
    let error = app.greeter.restart(("alice", " ")).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Blank { field: "reason", .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_place_is_a_value_and_a_handle_stops_starts_and_removes() {
    let app = App::start(state()).await.unwrap();
    let why = || by("test").because("to see it");

    let outcome = app.restart(App::PAYMENTS.at(Payments::LEDGER), why()).await.unwrap();
    assert_eq!(&outcome.path, app.payments.ledger.path());
    assert_eq!(outcome.generation.0, 2);
    app.restart(App::PAYMENTS, why()).await.unwrap();
    assert_eq!(app.payments.ledger.state().await.unwrap().generation.0, 3);
    app.payments.restart(Payments::LEDGER, why()).await.unwrap();
    app.greeter.stop(why()).await.unwrap();
    assert_eq!(app.greeter.start(why()).await.unwrap().generation.0, 2);
    app.greeter.wait_until_ready().await.unwrap();
    app.greeter.remove(why()).await.unwrap();
    let error = app.greeter.state().await.unwrap_err();
    assert!(matches!(error, SupervisorError::UnknownPath { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn handles_are_clones_equal_by_path() {
    let app = App::start(state()).await.unwrap();
    let clone = app.clone();
    assert_eq!(clone, app);
    assert_eq!(clone.payments.ledger, app.payments.ledger);
    assert_eq!(format!("{:?}", app.payments.ledger), "Handle(/root/payments/ledger)");
    drop(app);
    clone.greeter.state().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_field_says_beats_what_the_function_says() {
    // The function says permanent: five restarts of it within 30 s would be a meltdown.
    let app = App::start(state()).await.unwrap();

    tokio::time::sleep(Duration::from_mins(5)).await;

    let error = app.payments.audit.state().await.unwrap_err();
    assert!(matches!(error, SupervisorError::UnknownPath { .. }), "temporary, so gone: {error}");
    assert_eq!(app.payments.ledger.state().await.unwrap().generation.0, 1);
}

#[supervisor]
struct Audited {
    audit: audit::audit,
}

#[tokio::test(start_paused = true)]
async fn without_the_field_the_function_decides() {
    let app = Audited::start(()).await.unwrap();

    let report = app.handle().join().await.unwrap();

    assert!(matches!(report.cause, EndCause::Meltdown { .. }), "{report}");
}

#[child(restart(temporary))]
async fn thrown_in(_: TaskContext) {}

#[supervisor]
struct OnlyPayments {
    payments: Payments,
    #[cfg(not(windows))]
    thrown_in: thrown_in,
    #[cfg(windows)]
    thrown_in: no::such::child,
}

#[tokio::test(start_paused = true)]
async fn a_tree_without_a_state_of_its_own_starts_under_any_that_has_enough() {
    let app = OnlyPayments::builder(state()).seed(7).event_capacity(8).start().await.unwrap();
    app.payments.ledger.state().await.unwrap();
    let alone = Payments::start(Ledger(Arc::default())).await.unwrap();
    assert_eq!(alone.ledger.path().as_str(), "/root/ledger");
}

#[supervisor]
struct Once {
    #[child(restart(temporary))]
    ledger: payments::ledger,
}

#[tokio::test(start_paused = true)]
async fn a_field_that_makes_it_temporary_takes_back_the_backoff_of_the_function() {
    let once = Once::start(Ledger(Arc::default())).await.unwrap();
    once.ledger.stop(("test", "it is temporary")).await.unwrap();
    assert!(once.ledger.state().await.is_err());
}

#[tokio::test]
async fn a_child_is_a_function_that_a_test_calls() {
    let (ctx, run) = TaskContext::for_test();
    run.stop();
    let runs = Arc::new(AtomicU32::new(0));
    payments::ledger(ctx, State(Ledger(Arc::clone(&runs)))).await;
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

mod blocking {
    use std::sync::OnceLock;

    use super::*;

    #[child(blocking, readiness(explicit), shutdown(grace = "1s"))]
    fn compact(ctx: BlockingContext, State(name): State<Arc<OnceLock<String>>>) {
        name.get_or_init(|| std::thread::current().name().unwrap_or("none").to_owned());
        ctx.ready();
        while ctx.sleep(Duration::from_millis(1)) {}
    }

    #[supervisor]
    struct Tree {
        compact: compact,
    }

    #[tokio::test]
    async fn a_blocking_child_runs_on_a_thread_named_after_it() {
        let name = Arc::<OnceLock<String>>::default();
        let tree = Tree::start(Arc::clone(&name)).await.unwrap();
        assert_eq!(name.get().unwrap(), "compact");
        assert!(tree.shutdown(("test", "done")).await.unwrap().is_clean());
    }
}

mod results {
    use std::convert::Infallible;
    use std::io;

    use rust_supervisor::task::exit::TaskFailure;

    use super::*;

    #[child]
    async fn nothing(ctx: TaskContext) {
        ctx.stopped().await;
    }

    #[child]
    async fn io_error(ctx: TaskContext) -> io::Result<()> {
        ctx.stopped().await;
        Ok(())
    }

    #[child]
    async fn result(ctx: TaskContext) -> TaskResult {
        ctx.stopped().await;
        TaskResult::Shutdown
    }

    #[child]
    async fn both(ctx: TaskContext) -> Result<TaskResult, TaskFailure> {
        ctx.stopped().await;
        Ok(TaskResult::Succeeded)
    }

    #[child]
    async fn never(
        ctx: TaskContext,
    ) -> Result<Infallible, Box<dyn std::error::Error + Send + Sync>> {
        ctx.stopped().await;
        Err("stopped".into())
    }

    #[child(type = Unending, shutdown(grace = "1ms"))]
    async fn unending(_: TaskContext) -> Infallible {
        std::future::pending().await
    }

    #[supervisor]
    struct Tree {
        nothing: nothing,
        io_error: io_error,
        result: result,
        both: both,
        never: never,
        unending: Unending,
    }

    #[tokio::test(start_paused = true)]
    async fn a_child_returns_what_suits_it() {
        let tree = Tree::start(()).await.unwrap();
        assert_eq!(tree.shutdown(("test", "done")).await.unwrap().rows.len(), 6);
    }
}

mod options {
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
        shutdown(grace = "7s", budget = "8s"),
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
                    .significant(),
            )
        );
        let policy = said
            .split("budget: None, policy: ")
            .nth(1)
            .unwrap()
            .split(", defaults")
            .next()
            .unwrap();
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
}

mod effects {
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
}

/// Cannot reach the bank, after each second.
#[child(
    role(job),
    tags("money", "eu"),
    on_failure(
        external_dependency(
            backoff(initial = "3s", max = "9s", jitter = 0),
            restart_limit(max = 1, within = "1m")
        ),
        panic(restart_limit(max = 0, within = "1m"))
    )
)]
async fn bank(ctx: TaskContext) -> Result<(), TaskFailure> {
    if ctx.sleep(Duration::from_secs(1)).await {
        return Err(TaskFailure::new(TaskFailureKind::ExternalDependency, "no bank"));
    }
    Ok(())
}

const IS_ON: bool = cfg!(not(test));

#[child(enabled = IS_ON)]
async fn off(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(tags("all"), defaults(role(sidecar)))]
struct Classes {
    bank: bank,
    #[child(tags("other"), on_failure(external_dependency(backoff(initial = "5s"))))]
    slower: bank,
    off: off,
    #[child(enabled = true)]
    on: off,
    #[child(enabled = false)]
    inner: InnerClasses,
}

#[supervisor(tags("function"), role(service))]
struct InnerClasses {
    greeter: parked_child,
}

#[child]
async fn parked_child(ctx: TaskContext) {
    ctx.stopped().await;
}

#[tokio::test(start_paused = true)]
async fn a_class_of_failure_waits_and_is_limited_as_the_attribute_says() {
    let app = Classes::start(()).await.unwrap();
    let lives = async |handle: &Handle<bank>| {
        let state = handle.state().await.unwrap();
        (state.generation.0, state.lifecycle)
    };
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    assert_eq!(lives(&app.bank).await, (2, Lifecycle::Up));
    assert_eq!(lives(&app.slower).await, (1, Lifecycle::Restarting));
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    let state = app.bank.state().await.unwrap();
    // By its function a job, and by the defaults around it nothing more: so it is quarantined,
    // and what is said about the role around it is weaker.
    assert_eq!(state.lifecycle, Lifecycle::Quarantined, "{state:?}");
    let decision = state.last_decision.unwrap();
    assert_eq!(decision.rule(), Rule::ClassLimit(FailureClass::ExternalDependency));
    assert_eq!(app.slower.state().await.unwrap().generation.0, 2, "the field's first wait is 5 s");
}

#[tokio::test(start_paused = true)]
async fn tags_are_seen_in_the_state_and_a_field_replaces_them() {
    let app = Classes::start(()).await.unwrap();
    let tags = async |path: &str| app.handle().state_of(path).await.unwrap().tags.to_string();
    assert_eq!(tags("/root").await, "all");
    assert_eq!(tags("/root/bank").await, "money, eu");
    assert_eq!(tags("/root/slower").await, "other");
    assert_eq!(tags("/root/inner").await, "function");
    assert_eq!(tags("/root/off").await, "");
    assert!(app.bank.state().await.unwrap().tags.contains("eu"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_enabled_answers_that_it_is_disabled() {
    let app = Classes::start(()).await.unwrap();
    assert_eq!(app.off.state().await.unwrap().lifecycle, Lifecycle::Disabled);
    assert_eq!(app.inner.greeter.state().await.unwrap().lifecycle, Lifecycle::Disabled);
    assert_ne!(app.on.state().await.unwrap().lifecycle, Lifecycle::Disabled);
    let error = app.off.restart(by("test").because("to see")).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Disabled { .. }), "{error}");
    let error = app.inner.greeter.wait_until_ready().await.unwrap_err();
    let SupervisorError::Disabled { path } = error else { panic!("{error}") };
    assert_eq!(path.as_str(), "/root/inner", "that one is the reason");
}
