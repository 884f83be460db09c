//! The attribute macros: what is written is what runs.

mod blocking;
mod classes;
mod effects;
mod options;
mod results;

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
