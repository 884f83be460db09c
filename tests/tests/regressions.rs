//! What an older supervisor of ours got wrong, one test for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::decision::Rule;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass};
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::report::RowEnd;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::{ChildState, Lifecycle};
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::{Exit, TaskFailure};
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{
    BY, Lives, WHY, alive_tasks, drain, end_clean, every, failing, ms, parked, stubborn, until,
};
use tokio::sync::oneshot;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_group_restart_never_has_two_live_runs_of_one_child() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne, Strategy::OneForOne] {
        let lives = Lives::default();
        let mut tree = SupervisorSpec::root().strategy(strategy).intensity(u32::MAX, ms(1));
        // Each takes a different time to end, some of it in a helper and in a destructor.
        for n in 0..6_u64 {
            let child = lives.child(move |ctx: TaskContext| async move {
                let linger = ctx.clone();
                ctx.spawn(async move {
                    linger.stopped().await;
                });
                let fails_after = ms(40 + n * 17);
                if ctx.sleep(fails_after).await {
                    return Err("time is up");
                }
                sleep(ms(n * 5)).await;
                Ok(())
            });
            tree = tree.child(ChildSpec::new(format!("c{n}"), child).backoff(every(ms(3))));
        }
        let handle = Supervisor::start(tree).await.unwrap();
        sleep(ms(2_000)).await;
        end_clean(&handle).await;
        let total = lives.total();
        assert!(total.begun > 60, "{strategy}: {total:?}");
        assert_eq!((total.most, total.over), (1, total.begun), "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_after_a_shutdown_was_answered_also_out_of_a_backoff() {
    let lives = Lives::default();
    let flaky = lives.child(async |_| Err("no luck"));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("waits", flaky.clone()).backoff(every(ms(50))))
        .child(ChildSpec::new("spins", flaky.clone()).backoff(Backoff::NONE))
        .child(
            SupervisorSpec::new("inner")
                .intensity(u32::MAX, ms(1))
                .child(ChildSpec::new("waits", flaky).backoff(every(ms(70)))),
        );
    let handle = Supervisor::start(tree).await.unwrap();
    // The one that spins never lets the paused clock move by itself.
    tokio::time::advance(ms(60)).await;
    let waiting = handle.state_of("/root/waits").await.unwrap();
    assert_eq!(waiting.lifecycle, Lifecycle::Restarting);
    end_clean(&handle).await;
    let before = lives.total();
    assert_eq!(before.begun, before.over);
    sleep(ms(100_000)).await;
    assert_eq!(lives.total(), before);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_after_a_removal_was_answered_also_out_of_a_backoff() {
    let lives = Lives::default();
    let flaky = lives.child(async |_| Err("no luck"));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("flaky", flaky).backoff(every(ms(50))))
        .child(ChildSpec::new("steady", lives.parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(handle.state_of("/root/flaky").await.unwrap().lifecycle, Lifecycle::Restarting);

    for name in ["/root/flaky", "/root/steady"] {
        let outcome = handle.remove_child(name, BY, WHY).await.unwrap();
        assert_eq!(outcome.lifecycle, None);
        let count = lives.of(name);
        assert_eq!(count.begun, count.over, "{name}");
        sleep(ms(100_000)).await;
        assert_eq!(lives.of(name), count, "{name}");
        let gone = handle.state_of(name).await;
        assert!(matches!(gone, Err(SupervisorError::UnknownPath { .. })), "{gone:?}");
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_query_during_a_shutdown_is_answered_at_once() {
    let tree = SupervisorSpec::root()
        .shutdown_budget(ms(1_000_000))
        .child(ChildSpec::new("deaf", stubborn()).grace(Grace::After(ms(60_000))))
        .child(ChildSpec::new("good", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    let asked = handle.clone();
    let shutdown = tokio::spawn(async move { asked.shutdown_tree(BY, WHY).await });
    sleep(ms(1)).await;
    let asked_at = tokio::time::Instant::now();

    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/deaf").unwrap().lifecycle, Lifecycle::Stopping);
    assert_eq!(state.get("/root/good").unwrap().lifecycle, Lifecycle::Down);
    assert_eq!(handle.state_of("/root").await.unwrap().lifecycle, Lifecycle::Stopping);
    let late = handle.add_child("/root", ChildSpec::new("late", parked()), BY, WHY).await;
    assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
    let late = handle.wait_until_ready("/root/good").await;
    assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");

    assert_eq!(asked_at.elapsed(), ms(0));
    assert!(!shutdown.is_finished());
    assert_eq!(shutdown.await.unwrap().unwrap().exit_code(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_removed_child_stays_removed_over_a_restart_of_its_supervisor() {
    let lives = Lives::default();
    let inner = SupervisorSpec::new("inner")
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("b", lives.parked()));
    let handle = Supervisor::start(SupervisorSpec::root().child(inner)).await.unwrap();
    handle.remove_child("/root/inner/a", BY, WHY).await.unwrap();
    handle.restart_child("/root/inner", BY, WHY).await.unwrap();

    assert_eq!(lives.of("/root/inner/a").begun, 1);
    assert_eq!(lives.of("/root/inner/b").begun, 2);
    let state = handle.current_state().await.unwrap();
    assert!(state.get("/root/inner/a").is_none(), "{state}");
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn an_added_child_really_runs() {
    let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
    let child = service_fn(move |ctx: TaskContext| {
        let tell = tell.lock().unwrap().take();
        async move {
            tell.unwrap().send(ctx.path().clone()).unwrap();
            ctx.stopped().await;
        }
    });
    let outcome = handle.add_child("/root", ChildSpec::new("new", child), BY, WHY).await.unwrap();
    assert_eq!(outcome.lifecycle, Some(Lifecycle::Up));
    assert_eq!(told.await.unwrap().as_str(), "/root/new");
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/new").unwrap().lifecycle, Lifecycle::Up);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn add_child_answers_when_the_child_is_ready_and_not_before() {
    let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
    let is_ready = Arc::new(AtomicBool::new(false));
    let says = Arc::clone(&is_ready);
    let slow = service_fn(move |ctx: TaskContext| {
        let says = Arc::clone(&says);
        async move {
            sleep(ms(500)).await;
            says.store(true, Ordering::SeqCst);
            ctx.ready();
            ctx.stopped().await;
        }
    });
    let slow = ChildSpec::new("slow", slow).readiness(Readiness::Explicit);
    handle.add_child("/root", slow, BY, WHY).await.unwrap();
    assert!(is_ready.load(Ordering::SeqCst));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_panics_kills_nothing_else() {
    let lives = Lives::default();
    let calls = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&calls);
    let bad = service_fn(move |ctx: TaskContext| {
        let call = seen.fetch_add(1, Ordering::SeqCst);
        assert!(call.is_multiple_of(2), "cannot make number {call}");
        async move {
            let _: bool = ctx.sleep(ms(10)).await;
        }
    });
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("good", lives.parked()))
        .child(ChildSpec::new("bad", bad).backoff(every(ms(10))));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1_000)).await;
    assert!(calls.load(Ordering::SeqCst) > 20);
    assert_eq!(lives.of("/root/good").begun, 1);
    let bad = handle.state_of("/root/bad").await.unwrap();
    assert!(bad.last_exits.iter().any(|record| record.exit.word() == "panicked"), "{bad:?}");
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_leaves_no_task_behind() {
    let base = alive_tasks();
    let lives = Lives::default();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("flaky", failing()).restart_limit(1, ms(1_000)))
        .child(SupervisorSpec::new("inner").child(ChildSpec::new("b", lives.parked())));
    let handle = Supervisor::start(tree).await.unwrap();
    let second = handle.clone();
    drop(handle);
    sleep(ms(10_000)).await;
    assert_eq!(lives.total().over, 0, "a handle is left");
    let mut events = second.subscribe_events();
    drop(second);
    while events.next().await.is_some() {}
    until("all tasks are gone", || alive_tasks() == base).await;
    assert_eq!((lives.total().begun, lives.total().over), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_detached_tree_lives_on_without_a_handle() {
    let base = alive_tasks();
    let lives = Lives::default();
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let talks = service_fn(move |ctx: TaskContext| {
        tell.lock().unwrap().take().unwrap().send(ctx.supervisor()).unwrap();
        async move { ctx.stopped().await }
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("talks", talks));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.detach();
    drop(handle);
    sleep(ms(100_000)).await;
    assert_eq!(lives.total().over, 0);

    // The only way in that is left.
    let weak = told.await.unwrap();
    assert_eq!(weak.state_of("/root/a").await.unwrap().lifecycle, Lifecycle::Up);
    // The report, or that the end has begun: whichever it is by then.
    drop(weak.shutdown_tree(BY, WHY).await);
    until("all tasks are gone", || alive_tasks() == base).await;
    let report = weak.join().await.unwrap();
    assert!(report.rows.iter().all(|row| matches!(row.end, RowEnd::Ended(_))), "{report}");
}

#[tokio::test(start_paused = true)]
async fn the_handle_of_a_context_does_not_keep_the_tree_alive() {
    let lives = Lives::default();
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let talks = service_fn(move |ctx: TaskContext| {
        tell.lock().unwrap().take().unwrap().send(ctx.supervisor()).unwrap();
        async move { ctx.stopped().await }
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("talks", talks));
    let handle = Supervisor::start(tree).await.unwrap();
    let weak = told.await.unwrap();
    drop(handle);
    until("the tree has ended", || lives.total().over == 1).await;
    let joined = weak.join().await;
    assert!(joined.is_ok() || matches!(joined, Err(SupervisorError::ShuttingDown)));
    sleep(ms(1)).await;
    assert!(weak.join().await.unwrap().is_clean());
    for late in [
        weak.start_child("/root/a", BY, WHY).await,
        weak.restart_child("/root/a", BY, WHY).await,
        weak.add_child("/root", ChildSpec::new("late", parked()), BY, WHY).await,
        weak.wait_until_ready("/root/a").await,
    ] {
        assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_the_tree_does_not_wait_for_its_own_end() {
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let ender = service_fn(move |ctx: TaskContext| {
        let tell = tell.lock().unwrap().take().unwrap();
        async move {
            let answer = ctx.supervisor().shutdown_tree("ender", "it is time").await;
            let again = ctx.supervisor().wait_until_ready("/root/slow").await;
            tell.send((answer, again)).unwrap();
        }
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("slow", parked()))
        .child(ChildSpec::new("ender", ender).grace(Grace::Infinite));
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.join().await.unwrap();
    assert!(report.is_clean(), "{report}");
    let (answer, again) = told.await.unwrap();
    assert!(matches!(answer, Err(SupervisorError::ShuttingDown)), "{answer:?}");
    // It is up still: its turn to be stopped has not come.
    assert_eq!(again.unwrap().lifecycle, Some(Lifecycle::Up));
}

/// What is known of a child, as it is now.
async fn state(handle: &SupervisorHandle, path: &str) -> ChildState {
    handle.state_of(path).await.expect("a known path")
}

#[tokio::test(start_paused = true)]
async fn failing_children_do_not_use_up_their_siblings_own_limits() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let tree = SupervisorSpec::root()
            .strategy(strategy)
            .intensity(u32::MAX, ms(1))
            .child(
                ChildSpec::new("bad", failing())
                    .backoff(every(ms(10)))
                    .restart_limit(9, ms(60_000)),
            )
            .child(ChildSpec::new("good", parked()).restart_limit(1, ms(60_000)));
        let handle = Supervisor::start(tree).await.unwrap();
        sleep(ms(5_000)).await;
        let (bad, good) = (state(&handle, "/root/bad").await, state(&handle, "/root/good").await);
        assert_eq!(bad.lifecycle, Lifecycle::Quarantined, "{strategy}");
        assert_eq!((good.lifecycle, good.limits[0].used), (Lifecycle::Up, 0), "{strategy}");
        end_clean(&handle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_resumed_child_runs_again() {
    let lives = Lives::default();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", lives.parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.pause_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!((lives.total().begun, lives.total().over), (1, 1));
    let outcome = handle.resume_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!((outcome.lifecycle, outcome.generation.0), (Some(Lifecycle::Up), 2));
    sleep(ms(1)).await;
    assert_eq!((lives.total().begun, lives.total().over), (2, 1));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_or_quarantined_child_is_left_alone_by_rounds_and_by_restarts_of_its_supervisor() {
    let inner = SupervisorSpec::new("in")
        .strategy(Strategy::OneForAll)
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("paused", parked()))
        .child(ChildSpec::new("out", parked()))
        .child(ChildSpec::new("spent", failing()).restart_limit(0, ms(1)))
        .child(ChildSpec::new("flaky", failing()).backoff(every(ms(100))));
    let handle = Supervisor::start(SupervisorSpec::root().child(inner)).await.unwrap();
    handle.pause_child("/root/in/paused", BY, WHY).await.unwrap();
    handle.quarantine_child("/root/in/out", BY, WHY).await.unwrap();
    sleep(ms(1)).await;
    let is_kept = async |name: &str, kept: Lifecycle| {
        let path = format!("/root/in/{name}");
        let child = state(&handle, &path).await;
        assert_eq!(child.lifecycle, kept, "{name}");
        child.generation.0
    };
    let (paused, out) = (Lifecycle::Paused, Lifecycle::Quarantined);
    let before = [is_kept("paused", paused).await, is_kept("out", out).await];
    let spent = is_kept("spent", out).await;
    // Many rounds, and then a restart from above.
    sleep(ms(2_000)).await;
    assert!(state(&handle, "/root/in/flaky").await.restarts > 5);
    assert_eq!([is_kept("paused", paused).await, is_kept("out", out).await], before);
    assert_eq!(is_kept("spent", out).await, spent);
    handle.restart_child("/root/in", BY, WHY).await.unwrap();
    sleep(ms(1_000)).await;
    assert_eq!([is_kept("paused", paused).await, is_kept("out", out).await], before);
    assert_eq!(is_kept("spent", out).await, spent);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_stops_is_noticed_and_one_that_does_not_is_never() {
    let beats = |times: u32| {
        service_fn(move |ctx: TaskContext| async move {
            for _ in 0..times {
                ctx.heartbeat();
                if !ctx.sleep(ms(500)).await {
                    return;
                }
            }
            ctx.stopped().await;
        })
    };
    let child = |id: &str, times| ChildSpec::new(id, beats(times)).health(ms(500), ms(2_000));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(child("stops", 3))
        .child(child("goes_on", u32::MAX));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(3_600_000)).await;
    let stops = state(&handle, "/root/stops").await;
    let exits = &stops.last_exits;
    assert!(stops.restarts > 100, "{stops:?}");
    assert!(exits.iter().all(|exit| matches!(exit.exit, Exit::TimedOut(_))), "{exits:?}");
    assert_eq!(state(&handle, "/root/goes_on").await.generation.0, 1);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_denied_restart_is_visible_with_its_reason() {
    let wrong = || {
        let failure = || TaskFailure::new(TaskFailureKind::FatalConfig, "no schema");
        service_fn(move |_: TaskContext| std::future::ready(Err::<(), _>(failure())))
    };
    let of_class = ClassPatch::NONE.restart_limit(0, ms(1));
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("fatal", wrong()))
        .child(ChildSpec::new("spent", failing()).restart_limit(0, ms(1)))
        .child(ChildSpec::new("class", failing()).on_failure(FailureClass::Recoverable, of_class))
        .child(ChildSpec::new("done", service_fn(async |_| ())).restart(Restart::Transient));
    let mut builder = Supervisor::builder(tree);
    let mut events = builder.subscribe_events();
    let handle = builder.start().await.unwrap();
    sleep(ms(1)).await;
    let current = handle.current_state().await.unwrap().to_string();
    let log: Vec<_> = drain(&mut events).iter().map(ToString::to_string).collect();
    let log = log.join("\n");
    for (id, rule, words) in [
        ("fatal", Rule::FatalFailure, "quarantine (the failure is fatal)"),
        ("spent", Rule::RestartLimit, "quarantine (its restart limit is spent)"),
        (
            "class",
            Rule::ClassLimit(FailureClass::Recoverable),
            "quarantine (its restart limit for `recoverable` is spent)",
        ),
        ("done", Rule::TransientNormal, "do not restart (it is transient and ended normally)"),
    ] {
        let path = format!("/root/{id}");
        let decision = state(&handle, &path).await.last_decision.unwrap();
        assert_eq!((decision.rule(), &*decision.to_string()), (rule, words), "{id}");
        assert!(log.contains(words), "{words}:\n{log}");
        assert!(id == "done" || current.contains(&rule.to_string()), "{rule}:\n{current}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_recovers() {
    // Fails each second, so that never more than three restarts lie within its window.
    let flaky = service_fn(
        async |ctx: TaskContext| {
            if ctx.sleep(ms(1_000)).await { Err("time is up") } else { Ok(()) }
        },
    );
    let child = ChildSpec::new("a", flaky).backoff(Backoff::NONE).restart_limit(3, ms(2_999));
    let tree = SupervisorSpec::root().intensity(3, ms(2_999)).child(child);
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(100_500)).await;
    let child = state(&handle, "/root/a").await;
    assert_eq!((child.lifecycle, child.restarts), (Lifecycle::Up, 100));
    assert_eq!(child.limits[0].used, 3);
    assert_eq!(state(&handle, "/root").await.intensity.map(|spent| spent.used), Some(3));
    // What was restarted is forgotten when it is older than the window.
    handle.stop_child("/root/a", BY, WHY).await.unwrap();
    sleep(ms(3_000)).await;
    assert_eq!(state(&handle, "/root/a").await.limits[0].used, 0);
    assert_eq!(state(&handle, "/root").await.intensity.map(|spent| spent.used), Some(0));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_class_is_decided_by_type() {
    // The texts say the opposite of the types.
    let fails = |kind, text: &'static str| {
        service_fn(move |_: TaskContext| {
            std::future::ready(Err::<(), _>(TaskFailure::new(kind, text)))
        })
    };
    let once = |id: &str, kind, text| {
        ChildSpec::new(id, fails(kind, text))
            .backoff(every(ms(1_000)))
            .on_failure(FailureClass::Timeout, ClassPatch::NONE.restart_limit(0, ms(1)))
    };
    let tree = SupervisorSpec::root()
        .child(once("a", TaskFailureKind::Recoverable, "fatal_bug: timeout: panicked"))
        .child(once("b", TaskFailureKind::FatalBug, "temporary, recoverable"))
        .child(once("c", TaskFailureKind::Timeout, "recoverable"));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1)).await;
    let rule = async |path: &str| state(&handle, path).await.last_decision.unwrap().rule();
    assert_eq!(rule("/root/a").await, Rule::Permanent);
    assert_eq!(rule("/root/b").await, Rule::FatalFailure);
    assert_eq!(rule("/root/c").await, Rule::ClassLimit(FailureClass::Timeout));
}
