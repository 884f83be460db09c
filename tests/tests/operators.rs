//! What operators do to a running tree: pause, quarantine, resume, and what a meltdown tells them.

use std::time::Duration;

use rust_supervisor::error::meltdown::MeltdownError;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::EventKind;
use rust_supervisor::policy::decision::Rule;
use rust_supervisor::policy::failure::{Criticality, TaskFailureKind};
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::restart::{Meltdown, Strategy};
use rust_supervisor::prelude::*;
use rust_supervisor::report::EndCause;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::exit::Exit;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::test_support::TestTree;
use supervisor_tests::{BY, WHY, drain, end_clean, every, failing, ms, parked};
use tokio::time::sleep;

/// Ready at once, and broken after a second.
fn flaky() -> rust_supervisor::task::factory::TaskFactory {
    service_fn(async |_: TaskContext| {
        sleep(ms(1_000)).await;
        Err::<(), _>("broken")
    })
}

#[tokio::test]
async fn a_pause_outlives_rounds_and_restarts_of_the_supervisor() {
    let inner = SupervisorSpec::new("in")
        .strategy(Strategy::OneForAll)
        .intensity(1, Duration::from_hours(1))
        .child(ChildSpec::new("paused", parked()))
        .child(ChildSpec::new("flaky", parked()).backoff(every(ms(0))));
    let root = SupervisorSpec::root().child(inner.backoff(every(ms(0))));
    let mut tree = TestTree::start(root).await.unwrap();
    let outcome = tree.handle().pause_child("/root/in/paused", BY, WHY).await.unwrap();
    assert_eq!(outcome.lifecycle, Some(Lifecycle::Paused));
    tree.expect("stop in/paused").await;
    tree.fail("in/flaky", "tolerated").await;
    tree.expect("round_started in; start in/flaky#2").await;
    tree.fail("in/flaky", "one too many").await;
    tree.expect("meltdown in; start in#2; start in/flaky#3").await;
    tree.expect_states("in/paused paused; in/flaky up").await;
    let error = tree.handle().start_child("/root/in/paused", BY, WHY).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Paused { .. }));
    assert_eq!(error.to_string(), "`/root/in/paused` is paused; `resume_child` ends that");
    tree.handle().resume_child("/root/in/paused", BY, WHY).await.unwrap();
    tree.expect("start in/paused#2").await;
    assert!(tree.end().await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_hold_carries_the_command() {
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    let mut events = handle.subscribe_events();
    handle.pause_child("/root/a", BY, WHY).await.unwrap();
    handle.quarantine_child("/root/a", BY, WHY).await.unwrap();
    handle.resume_child("/root/a", BY, WHY).await.unwrap();
    handle.reset_budget("/root/a", BY, WHY).await.unwrap();
    let seen = drain(&mut events);
    for (name, command) in [
        ("paused", "pause_child"),
        ("quarantined", "quarantine_child"),
        ("resumed", "resume_child"),
        ("budget_reset", "reset_budget"),
    ] {
        let event = seen.iter().find(|event| event.kind.name() == name).unwrap();
        let commanded = seen.iter().find(
            |event| matches!(event.kind, EventKind::Commanded { command: c, .. } if c == command),
        );
        assert_eq!(event.command, commanded.unwrap().command, "{event}");
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_state_shows_when_a_quarantined_child_is_probed() {
    let child =
        ChildSpec::new("a", failing()).restart_limit(0, ms(0)).probe_after(Duration::from_mins(1));
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    sleep(ms(500)).await;
    let state = handle.state_of("/root/a").await.unwrap();
    assert_eq!(state.lifecycle, Lifecycle::Quarantined);
    assert_eq!(state.due, Some(state.since + Duration::from_mins(1)));
    sleep(Duration::from_mins(1)).await;
    let again = handle.state_of("/root/a").await.unwrap();
    assert_eq!(again.generation.0, 2);
    assert_eq!(again.last_decision.unwrap().rule(), Rule::ProbeFailed);
    end_clean(&handle).await;
}

mod typed {
    use super::*;

    #[child]
    async fn ledger(ctx: TaskContext) {
        ctx.stopped().await;
    }

    #[child]
    async fn bank(ctx: TaskContext) {
        ctx.stopped().await;
    }

    #[supervisor]
    struct Payments {
        ledger: ledger,
        bank: bank,
    }

    #[supervisor]
    struct App {
        payments: Payments,
    }

    #[tokio::test(start_paused = true)]
    async fn the_typed_handles_have_the_commands_too() {
        let app = App::start(()).await.unwrap();
        let ledger = &app.payments.ledger;
        ledger.pause(("ada", "a look at the books")).await.unwrap();
        let error = ledger.restart(("ada", "impatient")).await.unwrap_err();
        assert!(matches!(error, SupervisorError::Paused { .. }), "{error}");
        ledger.quarantine(("ada", "worse than thought")).await.unwrap();
        assert_eq!(ledger.state().await.unwrap().lifecycle, Lifecycle::Quarantined);
        ledger.reset_budget(("ada", "a fresh start")).await.unwrap();
        assert_eq!(ledger.resume(("ada", "all is well")).await.unwrap().generation.0, 2);
        assert_eq!(app.payments.bank.state().await.unwrap().generation.0, 1);
        app.shutdown(("test", "done")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_meltdown_tells_the_whole_story() {
    let vital = ChildSpec::new("vital", flaky())
        .criticality(Criticality::Critical)
        .restart_limit(0, Duration::from_secs(7));
    let inner = SupervisorSpec::new("in").intensity(0, ms(9_000)).meltdown(Meltdown::Shutdown);
    let inner = inner.child(SupervisorSpec::new("deep").child(vital));
    let tree = SupervisorSpec::root().intensity(0, ms(1_000)).child(inner);
    let mut builder = Supervisor::builder(tree);
    let mut events = builder.subscribe_events();
    let report = builder.start().await.unwrap().join().await.unwrap();
    let EndCause::Meltdown { why, child, .. } = &report.cause else { panic!("{report}") };
    assert_eq!(child.as_str(), "/root/in");
    let links: Vec<_> = why.links().iter().map(|link| (link.child.as_str(), link.rule)).collect();
    let (intensity, limit) = (Rule::Intensity, Rule::RestartLimit);
    let expected = [("/root/in", intensity), ("/root/in/deep", intensity)];
    assert_eq!(links, [&expected[..], &[("/root/in/deep/vital", limit)]].concat());
    assert_eq!(why.origin().budget, Some(Limit::new(0, Duration::from_secs(7))));
    assert_eq!(why.origin().exit.to_string(), "failed: broken");
    assert_eq!(
        report.cause.to_string(),
        "meltdown over /root/in: the supervisor's intensity is spent (0 within 1s); `/root/in` had \
         given up over `/root/in/deep`: the supervisor's intensity is spent (0 within 9s); \
         `/root/in/deep` had given up over `/root/in/deep/vital`: its restart limit is spent (0 \
         within 7s); its last exit: failed: broken"
    );
    // The supervisor that escalated has it as the error of its exit, the one for which a meltdown
    // is a shutdown has not; all have it in the event.
    let (mut melted, mut exits) = (0, 0);
    while let Some(event) = events.next().await {
        match &event.kind {
            EventKind::Meltdown { why, .. } => {
                melted += 1;
                assert_eq!(why.links().len(), melted, "{event}");
                assert_eq!(why.links()[0].supervisor, event.path);
            }
            EventKind::Exited { exit: Exit::Failed(failure) } if event.path.name() != "vital" => {
                exits += 1;
                assert_eq!(failure.kind(), TaskFailureKind::Recoverable);
                let error = failure.error().downcast_ref::<MeltdownError>().unwrap();
                assert_eq!(error.origin().child.name(), "vital");
            }
            _ => {}
        }
    }
    assert_eq!((melted, exits), (3, 2));
}
