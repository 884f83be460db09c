//! L39: a heartbeat that stops is noticed, to the millisecond; one that does not is never.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::health::HealthPatch;
use rust_supervisor::policy::restart::Restart;
use rust_supervisor::policy::rules::PolicyFault;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::spec::validate::Fault;
use rust_supervisor::state::HealthStatus;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use supervisor_tests::{drain, end_clean, every, lines, ms, parked, until};
use tokio::time::sleep;

/// Beats every 700 ms, the first time at once, `beats` times in all, and then hangs until it is
/// asked to stop.
fn beating(beats: u32) -> TaskFactory {
    service_fn(move |ctx: TaskContext| async move {
        for _ in 0..beats {
            ctx.heartbeat();
            if !ctx.sleep(ms(700)).await {
                return;
            }
        }
        ctx.stopped().await;
    })
}

fn watched(task: TaskFactory) -> SupervisorSpec {
    let child = ChildSpec::new("a", task).health(ms(1_000), ms(2_000)).backoff(every(ms(100)));
    SupervisorSpec::root().child(child)
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_stops_is_noticed() {
    let handle = Supervisor::start(watched(beating(4))).await.unwrap();
    let mut events = handle.subscribe_events();
    sleep(ms(4_500)).await;
    assert_eq!(
        lines(&drain(&mut events)),
        [
            // The last of them was sent at 2100 ms.
            "4100 /root/a#1 stale",
            "4100 /root/a#1 stop_requested",
            "4100 /root/a#1 exited",
            "4100 /root/a#1 decided",
            "4200 /root/a#2 starting",
            "4200 /root/a#2 ready",
        ]
    );
    let state = handle.state_of("/root/a").await.unwrap();
    assert_eq!(
        state.last_exit().unwrap().to_string(),
        "timed out: it sent no heartbeat within its stale_after"
    );
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_does_not_stop_is_never_noticed() {
    let handle = Supervisor::start(watched(beating(u32::MAX))).await.unwrap();
    let mut events = handle.subscribe_events();
    sleep(ms(60 * 60 * 1_000)).await;
    assert_eq!(lines(&drain(&mut events)), [""; 0]);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_state_shows_when_the_latest_was_sent() {
    let stubborn = service_fn(async |ctx: TaskContext| {
        sleep(ms(500)).await;
        ctx.heartbeat();
        std::future::pending::<()>().await;
    });
    let child = ChildSpec::new("a", stubborn).health(ms(1_000), ms(2_000));
    let tree = SupervisorSpec::root()
        .child(child.grace(Grace::After(ms(1_000))))
        .child(ChildSpec::new("b", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    let health = async || handle.state_of("/root/a").await.unwrap().health.unwrap();

    assert_eq!(health().await.status, HealthStatus::Unknown);
    sleep(ms(600)).await;
    let healthy = health().await;
    assert_eq!(healthy.status, HealthStatus::Healthy);
    assert_eq!(healthy.last_heartbeat, Some(ms(500)));
    assert_eq!((healthy.heartbeat, healthy.stale_after), (ms(1_000), ms(2_000)));
    let all = handle.current_state().await.unwrap();
    assert_eq!(all.get("/root/a").unwrap().health, Some(healthy));
    assert_eq!(all.get("/root/b").unwrap().health, None);
    sleep(ms(2_000)).await;
    assert_eq!(health().await.status, HealthStatus::Stale);
    handle.shutdown_now("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_has_timed_out_also_if_it_ends_with_ok_meanwhile() {
    let child = ChildSpec::new("a", parked()).restart(Restart::Transient);
    let tree = SupervisorSpec::root().child(child.health(ms(10), ms(1_000)));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(2_000)).await;
    assert_eq!(handle.state_of("/root/a").await.unwrap().generation.0, 2);
    end_clean(&handle).await;
}

/// A thread that beats while the flag says so. Its clock is the tree's, which is paused.
#[tokio::test(start_paused = true)]
async fn a_thread_is_watched_on_the_same_clock() {
    let beats = Arc::new(AtomicUsize::new(0));
    let (wanted, done) = (Arc::clone(&beats), Arc::new(AtomicUsize::new(0)));
    let counts = Arc::clone(&done);
    let thread = blocking_fn(move |ctx: BlockingContext| {
        while !ctx.is_stopping() {
            if counts.load(Ordering::SeqCst) < wanted.load(Ordering::SeqCst) {
                ctx.heartbeat();
                counts.fetch_add(1, Ordering::SeqCst);
            }
            std::thread::yield_now();
        }
    });
    // A clock that nobody pushes does not run ahead of the thread.
    let handle = Supervisor::start(watched(thread)).await.unwrap();
    let beat = |n: usize| {
        beats.store(n, Ordering::SeqCst);
        while done.load(Ordering::SeqCst) < n {
            std::thread::yield_now();
        }
    };
    let mut events = handle.subscribe_events();
    for n in 1..=5 {
        tokio::time::advance(ms(1_500)).await;
        beat(n);
    }
    tokio::time::advance(ms(1_999)).await;
    tokio::task::yield_now().await;
    assert_eq!(lines(&drain(&mut events)), [""; 0]);
    tokio::time::advance(ms(1)).await;
    until("it is noticed", || {
        lines(&drain(&mut events)).first().is_some_and(|line| line == "9500 /root/a#1 stale")
    })
    .await;
    handle.shutdown_tree("test", "over").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn defaults_only_supply_values() {
    let values = HealthPatch::NONE.heartbeat(ms(500)).stale_after(ms(1_000));
    let mut asks = PolicyPatch::NONE;
    asks.health.heartbeat = Some(ms(600));
    let tree = SupervisorSpec::root()
        .defaults(PolicyPatch::NONE.health(values))
        .child(ChildSpec::new("silent", parked()))
        .child(SupervisorSpec::new("in").child(ChildSpec::new("a", parked()).with_policy(asks)));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1_050)).await;
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/silent").unwrap().generation.0, 1);
    assert_eq!(state.get("/root/silent").unwrap().health, None);
    let health = state.get("/root/in/a").unwrap().health.unwrap();
    assert_eq!((health.heartbeat, health.stale_after), (ms(600), ms(1_000)));
    assert!(state.get("/root/in/a").unwrap().last_exit().is_some());
    end_clean(&handle).await;
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let half =
        |patch| ChildSpec::new("half", parked()).with_policy(PolicyPatch::NONE.health(patch));
    let child = |id: &str| ChildSpec::new(id, parked());
    let tree = SupervisorSpec::root()
        .child(child("rare").health(ms(1_000), ms(1_000)))
        .child(child("never").health(ms(1), ms(0)))
        .child(half(HealthPatch::NONE.heartbeat(ms(1))))
        .child(half(HealthPatch::NONE.stale_after(ms(1))).with_id("other"))
        .child(SupervisorSpec::new("in").with_policy(
            PolicyPatch::NONE.health(HealthPatch::NONE.heartbeat(ms(1)).stale_after(ms(2))),
        ));
    let errors = tree.validate().unwrap_err();
    let faults: Vec<_> =
        errors.violations().iter().map(|v| (v.path(), v.fault().clone())).collect();
    let (heartbeat, stale_after) = (ms(1_000), ms(1_000));
    assert_eq!(
        faults,
        [
            ("/root/rare", Fault::Policy(PolicyFault::HeartbeatTooRare { heartbeat, stale_after })),
            ("/root/never", Fault::Policy(PolicyFault::Zero("stale_after"))),
            ("/root/half", Fault::Policy(PolicyFault::HalfHealth { missing: "stale_after" })),
            ("/root/other", Fault::Policy(PolicyFault::HalfHealth { missing: "heartbeat" })),
            ("/root/in", Fault::HealthOfSupervisor),
        ]
    );
}

#[tokio::test]
async fn a_test_sees_whether_a_heartbeat_was_sent() {
    let (ctx, run) = TaskContext::for_test();
    assert!(!run.has_sent_heartbeat());
    ctx.heartbeat();
    assert!(run.has_sent_heartbeat());
}
