//! Shutdown Without Orphaned Tasks: who is asked, who is forced, and what is written down.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{AutoShutdown, Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::report::{EndCause, ReportRow, ShutdownReport};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use supervisor_tests::{
    BY, Gate, Lives, WHY, alive_tasks, deaf, end_clean, every, failing, ms, parked, poll_once,
    stubborn, until,
};
use tokio::time::sleep;

fn row<'a>(report: &'a ShutdownReport, path: &str) -> &'a ReportRow {
    report.rows.iter().find(|row| row.path.as_str() == path).expect("a row for every child")
}

/// A child that takes `time` to end when it is asked to.
fn slow(time: Duration) -> TaskFactory {
    service_fn(move |ctx: TaskContext| async move {
        ctx.stopped().await;
        sleep(time).await;
    })
}

/// Everything about the rows but their order.
fn table(report: &ShutdownReport) -> Vec<String> {
    report
        .rows
        .iter()
        .map(|row| {
            let ReportRow { path, generation, end, took, was_cancelled, was_aborted, .. } = row;
            let end = end.to_string();
            let cancelled = if *was_cancelled { " cancelled" } else { "" };
            let aborted = if *was_aborted { " aborted" } else { "" };
            format!("{path}{generation}: {end} {}ms{cancelled}{aborted}", took.as_millis())
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_report_has_a_row_for_every_child_youngest_first() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("quick", parked()))
        .child(ChildSpec::new("slow", slow(ms(250))))
        .child(
            ChildSpec::new("done", service_fn(async |_: TaskContext| {}))
                .restart(Restart::Transient),
        )
        .child(
            SupervisorSpec::new("inner")
                .child(ChildSpec::new("waits", failing()).backoff(every(ms(1_000_000))))
                .child(ChildSpec::new("deaf", stubborn()).grace(Grace::After(ms(100)))),
        )
        .child(ChildSpec::new(
            "sorry",
            service_fn(async |ctx: TaskContext| {
                ctx.stopped().await;
                Err::<(), _>("lost my notes")
            }),
        ));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(10)).await;
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert_eq!(
        table(&report),
        [
            "/root/sorry#1: failed: lost my notes 0ms cancelled",
            "/root/inner/deaf#1: aborted 100ms cancelled aborted",
            "/root/inner#1: shutdown 100ms cancelled",
            "/root/slow#1: shutdown 250ms cancelled",
            "/root/quick#1: shutdown 0ms cancelled",
            "/root/done#1: was not running 0ms",
            "/root/inner/waits#1: was not running 0ms",
        ]
    );
    assert_eq!((report.took, report.uptime, report.was_forced), (ms(350), ms(360), false));
    assert!(!report.is_clean() && !report.is_failure());
    assert_eq!(report.exit_code(), 2);
    let EndCause::Requested { requested_by, reason } = &report.cause else { panic!("{report}") };
    assert_eq!((&**requested_by, &**reason), (BY, WHY));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_which_everybody_ends_by_himself_is_clean_and_exits_with_0() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("slow", slow(ms(4_999))))
        .child(ChildSpec::new("quick", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.exit_code(), report.took), (0, ms(4_999)));
}

// Not under the paused clock: it jumps to the end of the grace while the thread is on its way.
#[tokio::test]
async fn a_thread_that_sleeps_is_woken_by_its_stop() {
    let thread = blocking_fn(|ctx: BlockingContext| while ctx.sleep(Duration::from_secs(1_000)) {});
    let tree = SupervisorSpec::root().child(ChildSpec::new("thread", thread));
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert_eq!((report.exit_code(), report.rows.len()), (0, 1), "{report}");
}

#[tokio::test(start_paused = true)]
async fn a_meltdown_exits_with_1_and_with_2_when_somebody_had_to_be_aborted() {
    for (sibling, code) in [(parked(), 1), (stubborn(), 2)] {
        let tree = SupervisorSpec::root()
            .intensity(2, ms(1_000))
            .child(ChildSpec::new("sibling", sibling))
            .child(ChildSpec::new("flaky", failing()).backoff(every(ms(1))));
        let handle = Supervisor::start(tree).await.unwrap();
        let report = handle.join().await.unwrap();
        let EndCause::Meltdown { child, .. } = &report.cause else { panic!("{report}") };
        assert_eq!(child.as_str(), "/root/flaky");
        assert!(report.is_failure());
        assert_eq!(report.exit_code(), code, "{report}");
        // Asked for or not, there is one report.
        let again = handle.shutdown_tree(BY, WHY).await.unwrap();
        assert_eq!(format!("{again:?}"), format!("{report:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn asking_twice_or_together_gives_the_same_report() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", slow(ms(300))))
        .child(ChildSpec::new("b", slow(ms(300))));
    let handle = Supervisor::start(tree).await.unwrap();
    let (first, second) = (handle.clone(), handle.clone());
    let first = tokio::spawn(async move { first.shutdown_tree("first", WHY).await.unwrap() });
    sleep(ms(100)).await;
    let (second, joined) = tokio::join!(second.shutdown_tree("second", "other"), handle.join());
    let reports = [
        first.await.unwrap(),
        second.unwrap(),
        joined.unwrap(),
        handle.shutdown_tree("third", WHY).await.unwrap(),
        handle.shutdown_now("fourth", WHY).await.unwrap(),
    ];
    for report in &reports {
        assert_eq!(format!("{report:?}"), format!("{:?}", reports[0]));
    }
    assert!(reports[0].to_string().contains("asked for by first"), "{}", reports[0]);
    assert_eq!(reports[0].took, ms(600));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_interrupts_a_backoff_and_a_start_phase() {
    let lives = Lives::default();
    let never_ready = lives.child(async |ctx: TaskContext| {
        ctx.stopped().await;
        Ok(())
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("waits", failing()).backoff(every(ms(60_000))))
        .child(ChildSpec::new("good", lives.parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    let adds = handle.clone();
    let child = ChildSpec::new("starts", never_ready).readiness(Readiness::Explicit);
    let add = tokio::spawn(async move { adds.add_child("/root", child, BY, WHY).await });
    sleep(ms(10)).await;
    assert_eq!(handle.state_of("/root/starts").await.unwrap().lifecycle, Lifecycle::Starting);
    assert_eq!(handle.state_of("/root/waits").await.unwrap().lifecycle, Lifecycle::Restarting);

    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert_eq!(report.took, ms(0));
    assert!(report.is_clean(), "{report}");
    let answer = add.await.unwrap();
    assert!(answer.is_err(), "{answer:?}");
    sleep(ms(1_000_000)).await;
    assert_eq!((lives.total().begun, lives.total().over), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_waits_for_any_more_is_shut_down() {
    let base = alive_tasks();
    let lives = Lives::default();
    let slow_start = lives.child(async |ctx: TaskContext| {
        if ctx.sleep(ms(1_000)).await {
            ctx.ready();
            ctx.stopped().await;
        }
        Ok(())
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("first", lives.parked()))
        .child(ChildSpec::new("slow", slow_start).readiness(Readiness::Explicit))
        .child(ChildSpec::new("never", lives.parked()));
    let started = tokio::time::timeout(ms(500), Supervisor::start(tree)).await;
    assert!(started.is_err());
    until("all tasks are gone", || alive_tasks() == base).await;
    assert_eq!((lives.total().begun, lives.total().over), (2, 2));
    assert_eq!(lives.of("/root/never").begun, 0);
}

#[tokio::test(start_paused = true)]
async fn when_the_budget_is_spent_everything_left_is_aborted_at_once() {
    let mut tree = SupervisorSpec::root().shutdown_budget(ms(500));
    for n in 0..5 {
        tree =
            tree.child(ChildSpec::new(format!("deaf{n}"), stubborn()).grace(Grace::After(ms(400))));
    }
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert_eq!(report.took, ms(500));
    assert!(report.was_forced);
    assert_eq!(
        table(&report),
        [
            "/root/deaf4#1: aborted 400ms cancelled aborted",
            "/root/deaf3#1: aborted 100ms cancelled aborted",
            "/root/deaf2#1: aborted 0ms cancelled aborted",
            "/root/deaf1#1: aborted 0ms cancelled aborted",
            "/root/deaf0#1: aborted 0ms cancelled aborted",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn shutdown_now_waits_for_no_grace_also_in_the_middle_of_a_shutdown() {
    let lives = Lives::default();
    let deaf = || {
        lives.child(async |_| {
            std::future::pending::<()>().await;
            Ok(())
        })
    };
    for is_second in [false, true] {
        let tree = SupervisorSpec::root()
            .child(ChildSpec::new("a", deaf()).grace(Grace::Infinite))
            .child(SupervisorSpec::new("inner").child(ChildSpec::new("b", deaf())));
        let handle = Supervisor::start(tree).await.unwrap();
        let patient = handle.clone();
        let patient = tokio::spawn(async move {
            if is_second {
                patient.shutdown_tree(BY, WHY).await.unwrap();
            }
        });
        sleep(ms(10)).await;
        let report = handle.shutdown_now(BY, "no more time").await.unwrap();
        assert_eq!(report.uptime, ms(10));
        assert!(report.was_forced && !report.is_clean(), "{report}");
        assert_eq!(report.exit_code(), 2);
        patient.await.unwrap();
    }
    assert_eq!((lives.total().begun, lives.total().over), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn the_significant_child_of_the_root_takes_the_tree_with_it() {
    let tree = SupervisorSpec::root()
        .auto_shutdown(AutoShutdown::AnySignificant)
        .child(ChildSpec::new("good", parked()))
        .child(
            ChildSpec::new(
                "job",
                service_fn(async |ctx: TaskContext| {
                    let _: bool = ctx.sleep(ms(70)).await;
                }),
            )
            .restart(Restart::Transient)
            .significant(),
        );
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.join().await.unwrap();
    assert!(matches!(report.cause, EndCause::AutoShutdown), "{report}");
    assert_eq!((report.exit_code(), report.uptime), (0, ms(70)));
}

#[tokio::test]
async fn a_thread_that_ignores_its_stop_is_named_and_the_end_is_never_clean() {
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("good", parked()))
        .child(ChildSpec::new("deaf", deaf(&gate)).grace(Grace::After(ms(5))).abort_wait(ms(5)));
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    let named: Vec<_> = report.unjoinable().map(|row| row.path.as_str()).collect();
    assert_eq!(named, ["/root/deaf"]);
    assert!(!report.is_clean());
    assert_eq!(report.exit_code(), 2);
    assert!(row(&report, "/root/good").is_clean());
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/deaf").unwrap().lifecycle, Lifecycle::Unjoinable);
    assert!(report.to_string().contains("given up"), "{report}");
}

#[tokio::test]
async fn stop_of_a_thread_that_ignores_it_answers_unjoinable_and_nothing_takes_its_place() {
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let lives = Lives::default();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("good", lives.parked()))
        .child(ChildSpec::new("deaf", deaf(&gate)).grace(Grace::After(ms(5))).abort_wait(ms(5)));
    let handle = Supervisor::start(tree).await.unwrap();
    let unjoinable = |answer: &Result<_, SupervisorError>| {
        matches!(answer, Err(SupervisorError::Unjoinable { .. }))
    };
    let answer = handle.stop_child("/root/deaf", BY, WHY).await;
    assert!(unjoinable(&answer), "{answer:?}");
    let answer = handle.start_child("/root/deaf", BY, WHY).await;
    assert!(unjoinable(&answer), "{answer:?}");
    let answer = handle.restart_child("/root/deaf", BY, WHY).await;
    assert!(unjoinable(&answer), "{answer:?}");
    assert_eq!(handle.state_of("/root/deaf").await.unwrap().lifecycle, Lifecycle::Unjoinable);

    // It ends after all, and everything is as it should be.
    gate.open();
    let mut events = handle.subscribe_events();
    while handle.state_of("/root/deaf").await.unwrap().lifecycle != Lifecycle::Down {
        events.next().await.unwrap();
    }
    end_clean(&handle).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_never_yields_is_named_on_the_multi_thread_runtime() {
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let (closed, is_in) = (gate.clone(), Arc::new(AtomicBool::new(false)));
    let tells = Arc::clone(&is_in);
    let busy = service_fn(move |_: TaskContext| {
        let (gate, is_in) = (closed.clone(), Arc::clone(&tells));
        async move {
            is_in.store(true, Ordering::SeqCst);
            gate.pass();
        }
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("good", parked()))
        .child(ChildSpec::new("busy", busy).grace(Grace::After(ms(5))).abort_wait(ms(5)));
    let handle = Supervisor::start(tree).await.unwrap();
    until("it is in the middle of it", || is_in.load(Ordering::SeqCst)).await;
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    let named: Vec<_> = report.unjoinable().map(|row| row.path.as_str()).collect();
    assert_eq!(named, ["/root/busy"]);
    assert!(row(&report, "/root/busy").was_aborted);
}

/// A task that never yields until `gate` is opened, after what it does `first`.
fn busy_after<F: Future<Output = ()> + Send + 'static>(
    gate: &Gate,
    first: impl Fn(TaskContext) -> F + Send + Sync + 'static,
) -> ChildSpec {
    let gate = gate.clone();
    let busy = service_fn(move |ctx: TaskContext| {
        let (gate, first) = (gate.clone(), first(ctx));
        async move {
            first.await;
            gate.pass();
        }
    });
    ChildSpec::new("busy", busy).grace(Grace::After(ms(5))).abort_wait(ms(5))
}

/// Waits for `future`, which must not need `gate` to be opened. Timed by a thread: Tokio's clock may
/// stand still as well.
async fn while_closed<F: Future>(gate: &Gate, future: F) -> F::Output {
    let (done, is_done) = mpsc::channel::<()>();
    let late = gate.clone();
    let watchdog = std::thread::spawn(move || {
        let is_late = is_done.recv_timeout(ms(5_000)) == Err(RecvTimeoutError::Timeout);
        if is_late {
            late.open();
        }
        is_late
    });
    let output = future.await;
    drop(done);
    assert!(!watchdog.join().unwrap(), "nothing went on until the task did");
    output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_ready_and_never_yields_again_does_not_take_the_supervisor_with_it() {
    let gate = Gate::default();
    let _open = gate.open_on_drop();
    let busy = busy_after(&gate, async |ctx: TaskContext| {
        sleep(ms(5)).await;
        ctx.ready();
    });
    let tree = SupervisorSpec::root().child(busy.readiness(Readiness::Explicit));
    let handle = while_closed(&gate, Supervisor::start(tree)).await.unwrap();
    let error = handle.stop_child("/root/busy", BY, WHY).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Unjoinable { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_never_yields_after_its_restart_stops_no_clock() {
    for backoff in [Backoff::NONE, every(ms(5))] {
        let gate = Gate::default();
        let _open = gate.open_on_drop();
        let busy = busy_after(&gate, async |ctx: TaskContext| {
            if ctx.generation().0 == 1 {
                sleep(ms(5)).await;
                std::panic::resume_unwind(Box::new("the first run"));
            }
        });
        let busy = busy.backoff(backoff).readiness(Readiness::Immediate);
        let handle = Supervisor::start(SupervisorSpec::root().child(busy)).await.unwrap();
        while_closed(&gate, sleep(ms(50))).await;
        drop(handle);
    }
}

/// A tree on a runtime that is gone.
fn orphaned(spec: SupervisorSpec, flavor: &str) -> SupervisorHandle {
    let mut builder = match flavor {
        "current" => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build().unwrap();
    runtime.block_on(Supervisor::start(spec)).unwrap()
}

#[test]
fn dropping_the_runtime_leaves_no_async_task_behind_and_handles_say_so() {
    for flavor in ["current", "multi"] {
        let lives = Lives::default();
        let tree = SupervisorSpec::root()
            .child(ChildSpec::new("a", lives.parked()))
            .child(SupervisorSpec::new("inner").child(ChildSpec::new("b", lives.parked())));
        let handle = orphaned(tree, flavor);
        assert_eq!((lives.total().begun, lives.total().over), (2, 2), "{flavor}");

        let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
        other.block_on(async {
            let child = ChildSpec::new("late", parked());
            for answer in [
                handle.add_child("/root", child, BY, WHY).await.map(drop),
                handle.stop_child("/root/a", BY, WHY).await.map(drop),
                handle.wait_until_ready("/root/a").await.map(drop),
                handle.wait_until_settled().await,
                handle.current_state().await.map(drop),
                handle.state_of("/root/a").await.map(drop),
                handle.join().await.map(drop),
                handle.shutdown_tree(BY, WHY).await.map(drop),
                handle.shutdown_now(BY, WHY).await.map(drop),
            ] {
                assert!(matches!(answer, Err(SupervisorError::DriverGone)), "{answer:?}");
            }
            assert!(handle.subscribe_events().next().await.is_none());
        });
        assert!(format!("{handle:?}").contains("has_ended: true"));
    }
}

#[test]
fn who_waits_while_the_runtime_is_dropped_is_told() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tree =
        SupervisorSpec::root().child(ChildSpec::new("a", parked()).readiness(Readiness::Immediate));
    let handle = runtime.block_on(Supervisor::start(tree)).unwrap();
    let mut join = std::pin::pin!(handle.join());
    let mut stop = std::pin::pin!(handle.stop_child("/root/a", BY, WHY));
    let mut events = handle.subscribe_events();
    let mut next = std::pin::pin!(events.next());
    assert!(poll_once(join.as_mut()).is_pending());
    assert!(poll_once(stop.as_mut()).is_pending());
    assert!(poll_once(next.as_mut()).is_pending());
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(matches!(other.block_on(join), Err(SupervisorError::DriverGone)));
    assert!(matches!(other.block_on(stop), Err(SupervisorError::DriverGone)));
    assert!(other.block_on(next).is_none());
}

#[test]
fn a_thread_outlives_the_runtime_only_until_it_looks() {
    let lives = Lives::default();
    let seen = lives.clone();
    let thread = blocking_fn(move |ctx: BlockingContext| {
        let _life = seen.live("thread");
        while ctx.sleep(Duration::from_secs(1_000)) {}
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", thread));
    let handle = runtime.block_on(Supervisor::start(tree)).unwrap();
    drop(runtime);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    other.block_on(until("the thread is gone", || {
        let count = lives.of("thread");
        count.over == count.begun
    }));
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn after_the_end_the_handle_tells_how_it_was() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(SupervisorSpec::new("inner").child(ChildSpec::new("b", parked())));
    let handle = Supervisor::start(tree).await.unwrap();
    end_clean(&handle).await;

    let state = handle.current_state().await.unwrap();
    let down = state.children.iter().all(|child| child.lifecycle == Lifecycle::Down);
    assert!(down && state.children.len() == 4, "{state}");
    assert_eq!(handle.state_of("/root/a").await.unwrap().last_exit().unwrap().word(), "shutdown");
    let unknown = handle.state_of("/root/inner/bb").await;
    let Err(SupervisorError::UnknownPath { known, nearest_path, .. }) = &unknown else {
        panic!("{unknown:?}")
    };
    assert_eq!(known.as_str(), "/root/inner");
    assert_eq!(nearest_path.as_ref().unwrap().as_str(), "/root/inner/b");
    assert!(handle.join().await.unwrap().is_clean());
    handle.wait_until_settled().await.unwrap();
    let late = handle.stop_child("/root/a", BY, WHY).await;
    assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
    let late = handle.wait_until_ready("/root/a").await;
    assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
    assert!(handle.subscribe_events().next().await.is_none());
}
