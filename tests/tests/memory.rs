//! Memory does not grow with what is over. A binary of its own, because its allocator counts.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "cancel_safety/calls.rs"]
#[expect(dead_code, reason = "what they leave in the tree is looked at there")]
mod calls;
#[path = "cancel_safety/stage.rs"]
#[expect(dead_code, reason = "what becomes of the tree is looked at there")]
mod stage;

use std::alloc::System;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use supervisor_tests::{BY, WHY, end_clean, every, ms, parked, poll_once, poll_then_drop};
use tokio::runtime::Builder;
use tokio::time::sleep;

use self::calls::{Call, calls};
use self::stage::{Play, Stage};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test at a time: they look at what the whole process holds.
static ALONE: Mutex<()> = Mutex::new(());

/// Plays a test when it is its turn. Before that it has no runtime: whoever measures would count it.
fn alone(builder: &mut Builder, test: impl Future<Output = ()>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    builder.enable_all().build().unwrap().block_on(test);
}

/// How many bytes are alive.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// A child that ends at once, and how often it has been started.
fn brief() -> (TaskFactory, Arc<AtomicU64>) {
    let runs = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&runs);
    let task = service_fn(move |_: TaskContext| {
        counts.fetch_add(1, Ordering::Relaxed);
        std::future::ready(())
    });
    (task, runs)
}

/// Lets the tree go on until `runs` is at least `enough`.
async fn until_at_least(runs: &AtomicU64, enough: u64) {
    while runs.load(Ordering::Relaxed) < enough {
        tokio::task::yield_now().await;
    }
}

fn assert_as_before(before: usize, what: &str) {
    let after = live();
    // What a batch more or less in flight makes. A single word kept each time would be several times
    // that.
    assert!(after < before + 64 * 1024, "{what}: {before} bytes, then {after}");
}

#[test]
fn a_million_restarts_of_one_child_leave_nothing_behind() {
    alone(&mut Builder::new_current_thread(), async {
        let (brief, runs) = brief();
        let tree = SupervisorSpec::root()
            .intensity(u32::MAX, ms(60_000))
            .child(ChildSpec::new("brief", brief).backoff(Backoff::NONE));
        let handle = Supervisor::start(tree).await.unwrap();
        until_at_least(&runs, 10_000).await;
        let before = live();
        until_at_least(&runs, 1_000_000).await;
        assert_as_before(before, "after 990,000 more restarts");
        end_clean(&handle).await;
    });
}

#[test]
fn a_hundred_thousand_group_restarts_leave_nothing_behind() {
    alone(&mut Builder::new_current_thread(), async {
        let (brief, runs) = brief();
        let tree = SupervisorSpec::root()
            .strategy(Strategy::OneForAll)
            .intensity(u32::MAX, ms(60_000))
            .child(ChildSpec::new("a", parked()))
            .child(SupervisorSpec::new("inner").child(ChildSpec::new("b", parked())))
            .child(ChildSpec::new("brief", brief).backoff(Backoff::NONE));
        let handle = Supervisor::start(tree).await.unwrap();
        until_at_least(&runs, 1_000).await;
        let before = live();
        until_at_least(&runs, 100_000).await;
        assert_as_before(before, "after 99,000 more rounds");
        end_clean(&handle).await;
    });
}

#[test]
fn a_hundred_thousand_short_helpers_leave_nothing_behind() {
    alone(&mut Builder::new_current_thread(), async {
        let done = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&done);
        let busy = service_fn(move |ctx: TaskContext| {
            let done = Arc::clone(&counts);
            async move {
                for _ in 0..200_000 {
                    let done = Arc::clone(&done);
                    ctx.spawn(async move {
                        done.fetch_add(1, Ordering::Relaxed);
                    });
                    tokio::task::yield_now().await;
                }
                ctx.stopped().await;
            }
        });
        let handle = Supervisor::start(SupervisorSpec::root().child(ChildSpec::new("a", busy)))
            .await
            .unwrap();
        until_at_least(&done, 1_000).await;
        let before = live();
        until_at_least(&done, 101_000).await;
        assert_as_before(before, "after 100,000 more helpers");
        end_clean(&handle).await;
    });
}

#[test]
fn children_that_come_and_go_leave_nothing_behind() {
    alone(&mut Builder::new_current_thread(), async {
        async fn come_and_go(handle: &SupervisorHandle, times: usize) {
            for _ in 0..times {
                let child = ChildSpec::new("guest", parked()).restart(Restart::Temporary);
                handle.add_child("/root", child, BY, WHY).await.unwrap();
                handle.stop_child("/root/guest", BY, WHY).await.unwrap();
            }
        }
        let handle =
            Supervisor::builder(SupervisorSpec::root()).remembered_paths(64).start().await.unwrap();
        come_and_go(&handle, 1_000).await;
        let before = live();
        come_and_go(&handle, 20_000).await;
        assert_as_before(before, "after 20,000 guests");
        end_clean(&handle).await;
    });
}

#[test]
fn those_who_wait_for_what_never_comes_do_not_pile_up() {
    alone(Builder::new_current_thread().start_paused(true), async {
        async fn wait_in_vain(handle: &SupervisorHandle, times: usize) {
            for _ in 0..times {
                {
                    let mut ready = pin!(handle.wait_until_ready("/root/never"));
                    let mut settled = pin!(handle.wait_until_settled());
                    let mut join = pin!(handle.join());
                    let mut events = handle.subscribe_events();
                    let mut next = pin!(events.next());
                    assert!(poll_once(ready.as_mut()).is_pending());
                    assert!(poll_once(settled.as_mut()).is_pending());
                    assert!(poll_once(join.as_mut()).is_pending());
                    assert!(poll_once(next.as_mut()).is_pending());
                }
                tokio::task::yield_now().await;
            }
        }
        let never = service_fn(async |_: TaskContext| Err::<(), _>("never"));
        let never = ChildSpec::new("never", never).readiness(Readiness::Explicit);
        let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
        let inner = SupervisorSpec::new("inner")
            .child(ChildSpec::new("waits", parked()).readiness(Readiness::Explicit));
        let mut add = pin!(handle.add_child("/root", inner, BY, WHY));
        assert!(poll_once(add.as_mut()).is_pending());
        assert!(
            handle.add_child("/root", never.restart(Restart::Transient), BY, WHY).await.is_err()
        );
        let down = ChildSpec::new("never", service_fn(async |_: TaskContext| {}))
            .restart(Restart::Transient)
            .backoff(every(ms(1)));
        handle.add_child("/root", down, BY, WHY).await.unwrap();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;

        wait_in_vain(&handle, 2_000).await;
        let before = live();
        wait_in_vain(&handle, 50_000).await;
        assert_as_before(before, "after waiting 50,000 times");
        end_clean(&handle).await;
    });
}

/// Each of them, polled once or a few times and dropped, again and again.
#[test]
fn calls_that_are_dropped_do_not_pile_up() {
    alone(Builder::new_current_thread().start_paused(true), async {
        async fn call_and_drop(play: &Play, call: &Call, times: usize) {
            for polls in (1..=3).cycle().take(times) {
                let lives = play.world.lives.clone();
                poll_then_drop((call.make)(play.subject.clone(), lives), polls).await;
                sleep(ms(50)).await;
            }
        }
        // The end of the tree is asked for once.
        let calls = calls().into_iter().filter(|call| !call.function.contains("shutdown"));
        for call in calls {
            let play = Play::begin(Stage::Steady, None).await;
            call_and_drop(&play, &call, 200).await;
            let before = live();
            call_and_drop(&play, &call, 600).await;
            let Call { function, how, .. } = call;
            assert_as_before(before, &format!("{function} {how}, dropped 600 more times"));
            play.end(function).await;
        }
    });
}
