//! What an older supervisor of ours got wrong, one test for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::report::RowEnd;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{
    BY, Lives, WHY, alive_tasks, end_clean, every, failing, ms, parked, stubborn, until,
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
