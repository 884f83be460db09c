//! Time: an idle tree needs none, and what is due happens to the millisecond.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::TreeState;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, drain, end_clean, every, failing, lines, ms, parked, stubborn};
use tokio::time::{Instant, sleep};

/// How often a runtime polls any task while `time` passes on its paused clock, beside the task
/// that waits for it to pass.
fn polls_while_idle(spec: SupervisorSpec, disturb: bool) -> u64 {
    let polls = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&polls);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        // Called before each time the runtime has nothing to do and goes to sleep.
        .on_thread_park(move || {
            counts.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let handle = Supervisor::start(spec).await.unwrap();
        if disturb {
            // Timers come and go: a grace, a start phase.
            handle.restart_child("/root/c0", BY, WHY).await.unwrap();
            handle.stop_child("/root/c1", BY, WHY).await.unwrap();
        }
        handle.wait_until_settled().await.unwrap();
        // What was armed for the past may fire once more.
        sleep(ms(3_600_000)).await;
        let before = polls.load(Ordering::SeqCst);
        sleep(ms(1_000 * 3_600_000)).await;
        let after = polls.load(Ordering::SeqCst);
        end_clean(&handle).await;
        after - before
    })
}

#[test]
fn an_idle_tree_sleeps_until_it_is_woken() {
    // What the waiting itself takes.
    let waiting = polls_while_idle(SupervisorSpec::root(), false);
    let explicit = service_fn(async |ctx: TaskContext| {
        ctx.ready();
        ctx.stopped().await;
    });
    let explicit = ChildSpec::new("c", explicit).readiness(Readiness::Explicit);
    let parked = ChildSpec::new("c", parked());
    let mut tree = SupervisorSpec::root();
    for n in 0..10_000 {
        let spec = if n % 2 == 0 { &parked } else { &explicit };
        tree = tree.child(spec.with_id(format!("c{n}")));
    }
    assert_eq!(polls_while_idle(tree, true), waiting);
    assert!(waiting < 10, "{waiting}");
}

#[test]
fn the_probe_sees_a_tree_that_is_not_idle() {
    let ticks = service_fn(async |ctx: TaskContext| while ctx.sleep(ms(3_600_000)).await {});
    let tree = SupervisorSpec::root().child(ChildSpec::new("ticks", ticks));
    assert!(polls_while_idle(tree, false) >= 1_000);
}

#[tokio::test(start_paused = true)]
async fn restarts_happen_at_the_exact_millisecond() {
    let mut doubling = Backoff::new(ms(100), ms(1_000));
    doubling.jitter = 0.0;
    let tree = SupervisorSpec::root().intensity(u32::MAX, ms(1));
    let handle = Supervisor::start(tree).await.unwrap();
    let mut events = handle.subscribe_events();
    let flaky = ChildSpec::new("flaky", failing()).backoff(doubling);
    handle.add_child("/root", flaky, BY, WHY).await.unwrap();
    sleep(ms(4_000)).await;
    let starts = drain(&mut events);
    let starts: Vec<_> =
        lines(&starts).into_iter().filter(|line| line.ends_with("starting")).collect();
    assert_eq!(
        starts,
        [
            "0 /root/flaky#1 starting",
            "100 /root/flaky#2 starting",
            "300 /root/flaky#3 starting",
            "700 /root/flaky#4 starting",
            "1500 /root/flaky#5 starting",
            "2500 /root/flaky#6 starting",
            "3500 /root/flaky#7 starting",
        ]
    );
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_waits() {
    async fn waits(seed: u64) -> Vec<String> {
        let tree = SupervisorSpec::root()
            .intensity(u32::MAX, ms(1))
            .child(ChildSpec::new("a", failing()))
            .child(ChildSpec::new("b", failing()));
        let handle = Supervisor::builder(tree).seed(seed).start().await.unwrap();
        let mut events = handle.subscribe_events();
        sleep(ms(5_000)).await;
        end_clean(&handle).await;
        lines(&drain(&mut events))
    }
    assert_eq!(waits(7).await, waits(7).await);
    assert_ne!(waits(7).await, waits(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_grace_is_over_at_the_exact_millisecond() {
    let tree = SupervisorSpec::root()
        .shutdown_budget(std::time::Duration::MAX)
        .child(ChildSpec::new("deaf", stubborn()).grace(Grace::After(ms(1_234))))
        .child(ChildSpec::new("far", stubborn()).grace(Grace::After(std::time::Duration::MAX)));
    let handle = Supervisor::start(tree).await.unwrap();
    let began = Instant::now();
    handle.stop_child("/root/deaf", BY, WHY).await.unwrap();
    assert_eq!(began.elapsed(), ms(1_234));
    // A time beyond the end of time is never.
    let asks = handle.clone();
    let far = tokio::spawn(async move { asks.stop_child("/root/far", BY, WHY).await });
    sleep(ms(1_000 * 3_600_000)).await;
    assert!(!far.is_finished());
    let report = handle.shutdown_now(BY, WHY).await.unwrap();
    assert_eq!(report.exit_code(), 2);
    assert!(far.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn many_timers_each_keep_their_own_time() {
    let tree = SupervisorSpec::root().intensity(u32::MAX, ms(1));
    let handle = Supervisor::builder(tree).event_capacity(1 << 14).start().await.unwrap();
    let mut events = handle.subscribe_events();
    // Later ones first, so that the timer has to be set back again and again.
    for n in (1..=200_u64).rev() {
        let flaky = service_fn(async |ctx: TaskContext| {
            if ctx.generation().0 == 1 {
                return Err("once");
            }
            ctx.stopped().await;
            Ok(())
        });
        let child = ChildSpec::new(format!("c{n}"), flaky).backoff(every(ms(n * 10)));
        handle.add_child("/root", child, BY, WHY).await.unwrap();
    }
    handle.wait_until_settled().await.unwrap();
    sleep(ms(3_000)).await;
    let seen = drain(&mut events);
    for n in 1..=200_u64 {
        let again = seen.iter().find(|event| {
            event.path.name() == format!("c{n}")
                && event.generation.0 == 2
                && event.kind.name() == "starting"
        });
        assert_eq!(again.unwrap().uptime, ms(n * 10));
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_state_of_an_idle_tree_is_the_state_of_now() {
    let tree = SupervisorSpec::root()
        .intensity(3, ms(1_000))
        .child(ChildSpec::new("once", failing_once()).backoff(Backoff::NONE));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    sleep(ms(10)).await;
    let soon = handle.current_state().await.unwrap();
    let used = |state: &TreeState| state.get("/root").unwrap().intensity.unwrap().used;
    assert_eq!((soon.uptime, used(&soon)), (ms(10), 1));
    sleep(ms(5_000)).await;
    let later = handle.current_state().await.unwrap();
    assert_eq!((later.uptime, used(&later)), (ms(5_010), 0));
    assert_eq!(later.get("/root").unwrap().intensity.unwrap().left(), 3);
    end_clean(&handle).await;
}

/// Fails at once, the first time.
fn failing_once() -> rust_supervisor::task::factory::TaskFactory {
    service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            return Err("once");
        }
        ctx.stopped().await;
        Ok(())
    })
}
