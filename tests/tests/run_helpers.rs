//! `ctx.spawn`: what a run spawns belongs to it, to the last destructor.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{BY, Lives, WHY, alive_tasks, end_clean, every, ms, parked, until};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_run_is_over_only_when_its_helpers_are() {
    let lives = Lives::default();
    let seen = lives.clone();
    let child = service_fn(move |ctx: TaskContext| {
        let lives = seen.clone();
        async move {
            for name in ["one", "two", "three"] {
                let life = lives.live(name);
                ctx.spawn(async move {
                    let _life = life;
                    std::future::pending::<()>().await;
                });
            }
            ctx.stopped().await;
        }
    });
    let handle =
        Supervisor::start(SupervisorSpec::root().child(ChildSpec::new("a", child))).await.unwrap();
    until("the helpers are there", || lives.total().begun == 3).await;
    handle.stop_child("/root/a", BY, WHY).await.unwrap();
    // True at the moment of the answer, not some time later.
    assert_eq!(lives.total().over, 3);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn helpers_are_asked_to_stop_and_aborted_when_the_main_future_ends() {
    let lives = Lives::default();
    let was_asked = Arc::new(AtomicU32::new(0));
    let (seen, asked) = (lives.clone(), Arc::clone(&was_asked));
    let child = service_fn(move |ctx: TaskContext| {
        let (lives, asked) = (seen.clone(), Arc::clone(&asked));
        async move {
            let life = lives.live("helper");
            let its = ctx.clone();
            ctx.spawn(async move {
                // Sees the request in its destructor: it is aborted in the same breath.
                struct Looks(TaskContext, Arc<AtomicU32>);
                impl Drop for Looks {
                    fn drop(&mut self) {
                        self.1.fetch_add(u32::from(self.0.is_stopping()), Ordering::SeqCst);
                    }
                }
                let _life = life;
                let _looks = Looks(its, asked);
                std::future::pending::<()>().await;
            });
            tokio::task::yield_now().await;
        }
    });
    let child = ChildSpec::new("a", child).restart(Restart::Transient);
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    until("it is down", || lives.of("helper").over == 1).await;
    assert_eq!(was_asked.load(Ordering::SeqCst), 1);
    let state = handle.state_of("/root/a").await.unwrap();
    assert_eq!(
        (state.lifecycle, state.last_exit().unwrap().word()),
        (Lifecycle::Down, "succeeded")
    );
    end_clean(&handle).await;
}

type Spawn = fn(&TaskContext);

#[tokio::test(start_paused = true)]
async fn the_panic_of_a_helper_is_the_failure_of_its_run() {
    let lives = Lives::default();
    let cases: [(&str, Spawn); 3] = [
        ("while it runs", |ctx| ctx.spawn(async { panic!("while it runs") })),
        ("in its destructor", |ctx| {
            struct Bomb;
            impl Drop for Bomb {
                fn drop(&mut self) {
                    panic!("in its destructor")
                }
            }
            let bomb = Bomb;
            ctx.spawn(async move {
                let _bomb = bomb;
                tokio::task::yield_now().await;
            });
        }),
        ("two deep", |ctx| {
            let inner = ctx.clone();
            ctx.spawn(async move { inner.spawn(async { panic!("two deep") }) });
        }),
    ];
    for (message, spawn) in cases {
        let child = lives.child(move |ctx: TaskContext| async move {
            spawn(&ctx);
            std::future::pending::<()>().await;
            Ok(())
        });
        let child = ChildSpec::new("a", child).backoff(every(ms(1_000_000)));
        let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
        until("it has ended", || lives.total().over == lives.total().begun).await;
        tokio::task::yield_now().await;
        let state = handle.state_of("/root/a").await.unwrap();
        assert_eq!(state.last_exit().unwrap().to_string(), format!("panicked: {message}"));
        assert_eq!(state.lifecycle, Lifecycle::Restarting);
        end_clean(&handle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_panic_of_a_helper_counts_though_the_main_future_ends_well() {
    let child = service_fn(async |ctx: TaskContext| {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("not like this")
            }
        }
        let bomb = Bomb;
        ctx.spawn(async move {
            let _bomb = bomb;
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
    });
    let child =
        ChildSpec::new("a", child).restart(Restart::Transient).backoff(every(ms(1_000_000)));
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    sleep(ms(1)).await;
    let state = handle.state_of("/root/a").await.unwrap();
    assert_eq!(state.last_exit().unwrap().to_string(), "panicked: not like this");
    assert_eq!(state.lifecycle, Lifecycle::Restarting);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_spawned_after_the_end_of_the_run_is_dropped() {
    let base = alive_tasks();
    let lives = Lives::default();
    let kept = Arc::new(Mutex::new(None));
    let keeps = Arc::clone(&kept);
    let good = service_fn(move |ctx: TaskContext| {
        *keeps.lock().unwrap() = Some(ctx);
        async {}
    });
    let keeps = Arc::clone(&kept);
    let bad = service_fn(move |ctx: TaskContext| {
        *keeps.lock().unwrap() = Some(ctx);
        assert!(base > 1_000_000, "no good");
        async {}
    });
    for task in [good, bad] {
        let child = ChildSpec::new("a", task).restart(Restart::Temporary);
        let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
        drop(handle.add_child("/root", child, BY, WHY).await);
        until("only the driver is left", || alive_tasks() == base + 1).await;
        let ctx = kept.lock().unwrap().take().unwrap();
        let life = lives.live("late");
        ctx.spawn(async move {
            let _life = life;
            std::future::pending::<()>().await;
        });
        assert_eq!(lives.of("late").begun, lives.of("late").over, "dropped at once");
        assert_eq!(alive_tasks(), base + 1);
        // A late word from a run that is over changes nothing.
        ctx.ready();
        assert!(!ctx.stop_token().is_cancelled() || ctx.is_stopping());
        end_clean(&handle).await;
        until("all tasks are gone", || alive_tasks() == base).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_helper_with_a_slow_end_delays_the_next_run() {
    // A destructor cannot wait, but a helper that is being polled can block its thread; on one
    // thread the slow end is one that needs another poll, so it is a helper that was spawned late.
    let lives = Lives::default();
    let seen = lives.clone();
    let child = lives.child(move |ctx: TaskContext| {
        let lives = seen.clone();
        async move {
            let life = lives.live("helper");
            ctx.spawn(async move {
                let _life = life;
                std::future::pending::<()>().await;
            });
            if ctx.sleep(ms(5)).await { Err("time is up") } else { Ok(()) }
        }
    });
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("a", child).backoff(Backoff::NONE));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1_000)).await;
    end_clean(&handle).await;
    let (main, helper) = (lives.of("/root/a"), lives.of("helper"));
    assert!(main.begun > 100);
    assert_eq!((main.most, helper.most), (1, 1));
    assert_eq!((main.over, helper.over), (main.begun, helper.begun));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_helper_that_blocks_in_its_destructor_holds_up_the_next_run() {
    let gate = supervisor_tests::Gate::default();
    let _open = gate.open_on_drop();
    let lives = Lives::default();
    let (seen, closed) = (lives.clone(), gate.clone());
    let child = lives.child(move |ctx: TaskContext| {
        struct Waits(supervisor_tests::Gate);
        impl Drop for Waits {
            fn drop(&mut self) {
                self.0.pass();
            }
        }
        let (life, waits) = (seen.live("helper"), Waits(closed.clone()));
        ctx.spawn(async move {
            let _life = life;
            let _waits = waits;
            std::future::pending::<()>().await;
        });
        async move {
            tokio::task::yield_now().await;
            Err("at once")
        }
    });
    let child = ChildSpec::new("a", child).backoff(Backoff::NONE).restart(Restart::Permanent);
    let tree = SupervisorSpec::root().intensity(u32::MAX, ms(1)).child(child);
    let handle = Supervisor::start(tree).await.unwrap();
    let main = lives.clone();
    until("the main future is over", move || main.of("/root/a").over >= 1).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert_eq!((lives.of("/root/a").begun, lives.of("helper").begun), (1, 1));
    }
    gate.open();
    until("the next has begun", || lives.of("/root/a").begun > 5).await;
    handle.shutdown_tree(BY, WHY).await.unwrap();
    assert_eq!((lives.of("/root/a").most, lives.of("helper").most), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_spawns_and_then_fails_is_over_when_what_it_spawned_is() {
    let lives = Lives::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let (seen, counts) = (lives.clone(), Arc::clone(&calls));
    let task = TaskFactory::new(move |ctx| {
        let call = counts.fetch_add(1, Ordering::SeqCst);
        let life = seen.live("helper");
        ctx.spawn(async move {
            let _life = life;
            std::future::pending::<()>().await;
        });
        if call == 0 {
            return Ok(Box::pin(std::future::ready(
                rust_supervisor::prelude::TaskResult::Succeeded,
            )));
        }
        panic!("number {call}");
    });
    let tree = SupervisorSpec::root()
        .intensity(20, ms(1_000_000))
        .child(ChildSpec::new("a", task).backoff(Backoff::NONE));
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.join().await.unwrap();
    assert_eq!(report.exit_code(), 1, "{report}");
    assert_eq!(calls.load(Ordering::SeqCst), 21);
    let helper = lives.of("helper");
    assert_eq!((helper.begun, helper.over, helper.most), (21, 21, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stop_reaches_the_helpers_and_lets_them_finish_within_the_grace() {
    let finished = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&finished);
    let child = service_fn(move |ctx: TaskContext| {
        let finished = Arc::clone(&counts);
        async move {
            let (its, done) = (ctx.clone(), tokio::sync::oneshot::channel::<()>());
            let (tell, told) = done;
            ctx.spawn(async move {
                its.stopped().await;
                sleep(ms(300)).await;
                finished.fetch_add(1, Ordering::SeqCst);
                drop(tell);
            });
            drop(told.await);
        }
    });
    let child = ChildSpec::new("a", child).grace(Grace::After(ms(1_000)));
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((finished.load(Ordering::SeqCst), report.took), (1, ms(300)));
}

#[tokio::test(start_paused = true)]
async fn a_helper_may_say_that_the_run_is_ready() {
    let child = service_fn(async |ctx: TaskContext| {
        let its = ctx.clone();
        ctx.spawn(async move {
            sleep(ms(20)).await;
            its.ready();
        });
        ctx.stopped().await;
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", child).readiness(Readiness::Explicit))
        .child(ChildSpec::new("b", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    assert_eq!(handle.current_state().await.unwrap().uptime, ms(20));
    end_clean(&handle).await;
}
