//! What commands answer, and what waiting waits for.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::{Event, EventKind};
use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::decision::{RestartDecision, Rule};
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{BY, WHY, drain, end_clean, every, ms, parked, poll_once};
use tokio::time::{Instant, sleep};

async fn some_tree() -> SupervisorHandle {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("ledger", parked()))
        .child(SupervisorSpec::new("payments").child(ChildSpec::new("bank", parked())));
    Supervisor::start(tree).await.unwrap()
}

/// A child that fails until its run number `good`.
fn good_from(good: u64) -> TaskFactory {
    service_fn(move |ctx: TaskContext| async move {
        if ctx.generation().0 < good {
            return Err("too early");
        }
        ctx.ready();
        ctx.stopped().await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn an_unknown_path_is_an_error_that_names_the_nearest() {
    let handle = some_tree().await;
    for (asked, message) in [
        ("/root/leger", "there is no `/root/leger`; did you mean `/root/ledger`?"),
        (
            "/root/payments/bnak",
            "there is no `/root/payments/bnak`; did you mean `/root/payments/bank`?",
        ),
        ("/root/paymets/bank", "there is no `/root/paymets/bank`; did you mean `/root/payments`?"),
        ("/root/zebra", "there is no `/root/zebra`"),
    ] {
        for error in [
            handle.stop_child(asked, BY, WHY).await.unwrap_err(),
            handle.start_child(asked, BY, WHY).await.unwrap_err(),
            handle.restart_child(asked, BY, WHY).await.unwrap_err(),
            handle.delete_child(asked, BY, WHY).await.unwrap_err(),
            handle.remove_child(asked, BY, WHY).await.unwrap_err(),
            handle.wait_until_ready(asked).await.unwrap_err(),
            handle.state_of(asked).await.unwrap_err(),
            handle.add_child(asked, ChildSpec::new("x", parked()), BY, WHY).await.unwrap_err(),
        ] {
            assert_eq!(error.to_string(), message);
        }
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_path_or_not_a_supervisor_or_the_root_is_refused() {
    let handle = some_tree().await;
    let error = handle.stop_child("ledger", BY, WHY).await.unwrap_err();
    assert_eq!(
        format!("{error:?}"),
        "the command names no child\n  because: `ledger` is not the path of a child\n  \
         because: a path begins with `/root`, such as `/root/payments/ledger`"
    );
    let error = handle.state_of("/root/a b").await.unwrap_err();
    assert!(format!("{error:?}").contains("cannot stand in a child's id"), "{error:?}");
    let child = ChildSpec::new("x", parked());
    let error = handle.add_child("/root/ledger", child, BY, WHY).await.unwrap_err();
    assert!(matches!(error, SupervisorError::NotASupervisor { .. }), "{error:?}");
    for answer in [
        handle.stop_child("/root", BY, WHY).await,
        handle.restart_child(&ChildPath::root(), BY, WHY).await,
        handle.remove_child(ChildPath::root(), BY, WHY).await,
        handle.delete_child(&"/root".to_owned(), BY, WHY).await,
        handle.start_child("/root", BY, WHY).await,
    ] {
        assert!(matches!(answer, Err(SupervisorError::IsRoot)), "{answer:?}");
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_why_may_not_be_blank() {
    let handle = some_tree().await;
    let child = || ChildSpec::new("x", parked());
    for (by, why, field) in [
        ("", WHY, "requested_by"),
        (" \t", WHY, "requested_by"),
        (BY, "", "reason"),
        (BY, "\n", "reason"),
    ] {
        for answer in [
            handle.add_child("/root", child(), by, why).await.map(drop),
            handle.start_child("/root/ledger", by, why).await.map(drop),
            handle.stop_child("/root/ledger", by, why).await.map(drop),
            handle.restart_child("/root/ledger", by, why).await.map(drop),
            handle.delete_child("/root/ledger", by, why).await.map(drop),
            handle.remove_child("/root/ledger", by, why).await.map(drop),
            handle.shutdown_tree(by, why).await.map(drop),
            handle.shutdown_now(by, why).await.map(drop),
        ] {
            let error = answer.unwrap_err();
            assert!(error.to_string().contains(&format!("`{field}` is blank")), "{error}");
        }
    }
    assert_eq!(handle.state_of("/root/ledger").await.unwrap().generation.0, 1);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_to_be_added_is_checked_as_a_whole() {
    let handle = some_tree().await;
    let bad = SupervisorSpec::new("new")
        .child(ChildSpec::new("x", parked()).restart_limit(1, ms(0)))
        .child(ChildSpec::new("x", parked()));
    let error = handle.add_child("/root", bad, BY, WHY).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("2 things") && text.contains("`/root/new/x`: this id"), "{text}");
    assert!(handle.state_of("/root/new").await.is_err());
    for known in ["/root/ledger", "/root/payments"] {
        let name = known.rsplit('/').next().unwrap();
        let error = handle.add_child("/root", ChildSpec::new(name, parked()), BY, WHY).await;
        assert!(matches!(error, Err(SupervisorError::AlreadyStarted { .. })), "{error:?}");
        handle.stop_child(known, BY, WHY).await.unwrap();
        let error = handle.add_child("/root", ChildSpec::new(name, parked()), BY, WHY).await;
        assert!(matches!(error, Err(SupervisorError::AlreadyPresent { .. })), "{error:?}");
    }
    let below = handle.stop_child("/root/payments/bank", BY, WHY).await.unwrap_err();
    assert_eq!(
        below.to_string(),
        "nothing can be done with `/root/payments/bank`, because `/root/payments` is down"
    );
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn wait_until_ready_waits_over_failed_starts() {
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("a", good_from(1)).readiness(Readiness::Explicit));
    let handle = Supervisor::start(tree).await.unwrap();
    let up = handle.wait_until_ready("/root").await.unwrap();
    assert_eq!(up.lifecycle, Some(Lifecycle::Up));

    let flaky = ChildSpec::new("flaky", good_from(5)).backoff(every(ms(100)));
    handle.add_child("/root", flaky, BY, WHY).await.unwrap();
    sleep(ms(1)).await;
    let began = Instant::now();
    let up = handle.wait_until_ready("/root/flaky").await.unwrap();
    assert_eq!((up.generation.0, up.lifecycle), (2, Some(Lifecycle::Up)));
    assert_eq!(began.elapsed(), ms(99));
    // An immediate run is ready as soon as it is spawned, so this one is for ever up and down.
    handle.remove_child("/root/flaky", BY, WHY).await.unwrap();

    // One that says when it is ready, after a restart whose starts fail.
    let fails = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&fails);
    let slow = service_fn(move |ctx: TaskContext| {
        let nth = counts.fetch_add(1, Ordering::SeqCst);
        async move {
            if (1..4).contains(&nth) {
                return Err("not yet");
            }
            ctx.ready();
            if nth == 0 && ctx.sleep(ms(10)).await {
                return Err("once");
            }
            ctx.stopped().await;
            Ok(())
        }
    });
    let slow = ChildSpec::new("slow", slow).readiness(Readiness::Explicit).backoff(every(ms(100)));
    handle.add_child("/root", slow, BY, WHY).await.unwrap();
    sleep(ms(20)).await;
    let began = Instant::now();
    let up = handle.wait_until_ready("/root/slow").await.unwrap();
    assert_eq!((up.generation.0, fails.load(Ordering::SeqCst)), (5, 5));
    assert_eq!(began.elapsed(), ms(390));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn wait_until_ready_ends_when_the_child_is_removed_or_the_tree_ends() {
    for is_removed in [true, false] {
        let handle = some_tree().await;
        handle.stop_child("/root/ledger", BY, WHY).await.unwrap();
        let asks = handle.clone();
        let wait = tokio::spawn(async move { asks.wait_until_ready("/root/ledger").await });
        sleep(ms(10)).await;
        assert!(!wait.is_finished());
        if is_removed {
            handle.remove_child("/root/ledger", BY, WHY).await.unwrap();
            let answer = wait.await.unwrap();
            assert!(matches!(answer, Err(SupervisorError::Removed { .. })), "{answer:?}");
            end_clean(&handle).await;
        } else {
            end_clean(&handle).await;
            let answer = wait.await.unwrap();
            assert!(matches!(answer, Err(SupervisorError::ShuttingDown)), "{answer:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn wait_until_settled_waits_for_starts_stops_delays_and_queues() {
    let slow = service_fn(async |ctx: TaskContext| {
        if ctx.sleep(ms(100)).await {
            ctx.ready();
            ctx.stopped().await;
            sleep(ms(50)).await;
        }
    });
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("slow", slow.clone()).readiness(Readiness::Explicit));
    let handle = Supervisor::start(tree).await.unwrap();
    let settles_in = async |what: &str, expected: u64| {
        let began = Instant::now();
        handle.wait_until_settled().await.unwrap();
        assert_eq!(began.elapsed(), ms(expected), "{what}");
    };
    settles_in("nothing to wait for", 0).await;

    // Asked for, then waited for, by the same program: the order of the two is kept.
    let mut restart = Box::pin(handle.restart_child("/root/slow", BY, WHY));
    assert!(poll_once(restart.as_mut()).is_pending());
    settles_in("a restart", 150).await;
    drop(restart);

    let flaky = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            return Err("once");
        }
        ctx.stopped().await;
        Ok(())
    });
    handle
        .add_child("/root", ChildSpec::new("flaky", flaky).backoff(every(ms(700))), BY, WHY)
        .await
        .unwrap();
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    settles_in("a backoff", 700).await;

    // What is queued behind a step of its supervisor.
    let first = ChildSpec::new("one", slow.clone()).readiness(Readiness::Explicit);
    let inner = SupervisorSpec::new("inner").child(first);
    let mut add = Box::pin(handle.add_child("/root", inner, BY, WHY));
    assert!(poll_once(add.as_mut()).is_pending());
    let second = ChildSpec::new("two", slow).readiness(Readiness::Explicit);
    let mut queued = Box::pin(handle.add_child("/root/inner", second, BY, WHY));
    assert!(poll_once(queued.as_mut()).is_pending());
    settles_in("a queue", 200).await;
    assert_eq!(handle.state_of("/root/inner/two").await.unwrap().lifecycle, Lifecycle::Up);

    handle.remove_child("/root/flaky", BY, WHY).await.unwrap();
    end_clean(&handle).await;
    settles_in("the end", 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_true_when_it_is_given() {
    let handle = some_tree().await;
    let path = "/root/ledger";
    let stopped = handle.stop_child(path, BY, WHY).await.unwrap();
    let state = handle.state_of(path).await.unwrap();
    assert_eq!(Some(state.lifecycle), stopped.lifecycle);
    let again = handle.stop_child(path, BY, WHY).await.unwrap();
    assert_eq!(again, stopped, "a child that is down is no error");
    let started = handle.start_child(path, BY, WHY).await.unwrap();
    assert_eq!((started.generation.0, started.lifecycle), (2, Some(Lifecycle::Up)));
    let error = handle.start_child(path, BY, WHY).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Running { .. }), "{error:?}");
    let error = handle.delete_child(path, BY, WHY).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Running { .. }), "{error:?}");
    handle.stop_child(path, BY, WHY).await.unwrap();
    assert_eq!(handle.delete_child(path, BY, WHY).await.unwrap().lifecycle, None);
    // The count belongs to the path.
    let child = ChildSpec::new("ledger", parked()).restart(Restart::Temporary);
    let added = handle.add_child("/root", child, BY, WHY).await.unwrap();
    assert_eq!(added.generation.0, 3);
    let gone = handle.stop_child(path, BY, WHY).await.unwrap();
    assert_eq!(gone.lifecycle, None);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_stands_in_the_event_in_the_state_and_in_the_reply() {
    let job = service_fn(async |_: TaskContext| sleep(ms(5)).await);
    let job = ChildSpec::new("job", job).restart(Restart::Transient);
    let handle = Supervisor::start(SupervisorSpec::root().child(job)).await.unwrap();
    let mut events = handle.subscribe_events();
    sleep(ms(10)).await;

    let decision = RestartDecision::DoNotRestart { rule: Rule::TransientNormal };
    let decided = |event: Arc<Event>| match event.kind {
        EventKind::Decided { decision } => Some(decision),
        _ => None,
    };
    assert_eq!(drain(&mut events).into_iter().find_map(decided), Some(decision));
    assert_eq!(handle.state_of("/root/job").await.unwrap().last_decision, Some(decision));
    let reply = handle.stop_child("/root/job", BY, WHY).await.unwrap();
    assert_eq!(reply.decision, Some(decision));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_while_a_factory_keeps_failing_without_a_wait() {
    let fails = TaskFactory::new(|ctx| {
        if ctx.generation().0 == 1 {
            return Ok(Box::pin(async { rust_supervisor::prelude::TaskResult::Succeeded }));
        }
        Err(TaskFailure::new(TaskFailureKind::default(), "again and again"))
    });
    let spins =
        ChildSpec::new("spins", fails).backoff(rust_supervisor::policy::backoff::Backoff::NONE);
    let deaf = ChildSpec::new("deaf", supervisor_tests::stubborn())
        .grace(rust_supervisor::policy::shutdown::Grace::After(ms(10)));
    let tree = SupervisorSpec::root().intensity(u32::MAX, ms(1)).child(deaf).child(spins);
    let handle = Supervisor::start(tree).await.unwrap();
    let before = handle.state_of("/root/spins").await.unwrap().generation;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let after = handle.state_of("/root/spins").await.unwrap().generation;
    assert!(after > before, "it goes on");
    // A time that is due is kept although there is always something to do.
    let asks = handle.clone();
    let stop = tokio::spawn(async move { asks.stop_child("/root/deaf", BY, WHY).await });
    while handle.state_of("/root/deaf").await.unwrap().lifecycle != Lifecycle::Stopping {
        tokio::task::yield_now().await;
    }
    // The paused clock does not move by itself while there is something to do.
    tokio::time::advance(ms(10)).await;
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    assert!(stop.is_finished());
    assert_eq!(stop.await.unwrap().unwrap().lifecycle, Some(Lifecycle::Down));
    end_clean(&handle).await;
}
