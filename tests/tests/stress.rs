//! Many children, many failures, both flavors: in the end nothing is left, and nothing was lost.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rust_supervisor::policy::restart::{Restart, Strategy};
use rust_supervisor::report::EndCause;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn};
use supervisor_tests::{BY, Lives, WHY, alive_tasks, every, ms, parked, until};

/// A number that looks like chance, the same in every run of the test.
fn draw(seed: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^ (x >> 32)
}

/// Ends in one of many ways, until so many runs in all have failed; then it runs on.
fn unsteady(lives: &Lives, number: u64, left: &Arc<AtomicU64>) -> TaskFactory {
    let left = Arc::clone(left);
    lives.child(move |ctx: TaskContext| {
        let chance = draw(number << 32 | ctx.generation().0);
        let may_fail =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        async move {
            let helper = ctx.clone();
            ctx.spawn(async move { helper.stopped().await });
            if may_fail.is_err() {
                ctx.stopped().await;
                return Ok(());
            }
            match chance % 5 {
                0 => return Err("at once"),
                1 => tokio::task::yield_now().await,
                2 => drop(ctx.sleep(ms(chance % 3)).await),
                3 => ctx.spawn(async { std::panic::resume_unwind(Box::new("a helper")) }),
                _ => std::panic::resume_unwind(Box::new("the run itself")),
            }
            if chance % 5 == 3 {
                std::future::pending::<()>().await;
            }
            if chance.is_multiple_of(2) { Ok(()) } else { Err("after a while") }
        }
    })
}

fn storm(lives: &Lives, left: &Arc<AtomicU64>) -> SupervisorSpec {
    let mut tree = SupervisorSpec::root().intensity(u32::MAX, ms(1));
    for group in 0..20 {
        let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][group % 3];
        let mut inner =
            SupervisorSpec::new(format!("g{group}")).strategy(strategy).intensity(u32::MAX, ms(1));
        for child in 0..10 {
            let number = (group * 10 + child) as u64;
            inner = inner.child(
                ChildSpec::new(format!("c{child}"), unsteady(lives, number, left))
                    .backoff(every(ms(number % 3))),
            );
        }
        tree = tree.child(inner);
    }
    tree
}

async fn weather_the_storm() {
    let base = alive_tasks();
    let lives = Lives::default();
    let left = Arc::new(AtomicU64::new(5_000));
    let handle = Supervisor::start(storm(&lives, &left)).await.unwrap();
    let calm = Arc::clone(&left);
    // Somebody keeps asking and changing things meanwhile.
    for n in 0_u64.. {
        if calm.load(Ordering::SeqCst) == 0 {
            break;
        }
        let path = format!("/root/g{}/c{}", draw(n) % 20, draw(n) % 7);
        match draw(n) % 4 {
            0 => drop(handle.restart_child(&path, BY, WHY).await),
            1 => drop(handle.stop_child(&path, BY, WHY).await),
            2 => drop(handle.start_child(&path, BY, WHY).await),
            _ => drop(handle.current_state().await.unwrap()),
        }
        tokio::time::sleep(ms(1)).await;
    }
    handle.wait_until_settled().await.unwrap();
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert!(matches!(report.cause, EndCause::Requested { .. }), "{report}");
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.rows.len(), 220);
    let total = lives.total();
    assert!(total.begun >= 5_000, "{total:?}");
    assert_eq!((total.most, total.over), (1, total.begun));
    drop(handle);
    until("all tasks are gone", || alive_tasks() == base).await;
}

#[tokio::test(start_paused = true)]
async fn a_storm_on_the_current_thread_leaves_nothing_behind() {
    weather_the_storm().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_on_two_threads_leaves_nothing_behind() {
    weather_the_storm().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handles_on_many_tasks_work_on_one_tree() {
    let lives = Lives::default();
    let pool = SupervisorSpec::pool("pool").intensity(u32::MAX, ms(1));
    let handle = Supervisor::start(SupervisorSpec::root().child(pool)).await.unwrap();
    let workers: Vec<_> = (0..16)
        .map(|worker| {
            let (handle, lives) = (handle.clone(), lives.clone());
            tokio::spawn(async move {
                for n in 0..25 {
                    let id = format!("w{worker}-{n}");
                    let path = format!("/root/pool/{id}");
                    let child = ChildSpec::new(id, lives.parked()).restart(Restart::Transient);
                    handle.add_child("/root/pool", child, BY, WHY).await.unwrap();
                    handle.restart_child(&path, BY, WHY).await.unwrap();
                    if n % 2 == 0 {
                        handle.remove_child(&path, BY, WHY).await.unwrap();
                        let count = lives.of(&path);
                        assert_eq!((count.begun, count.over, count.most), (2, 2, 1));
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.children_of("/root/pool").count(), 16 * 12);
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert!(report.is_clean(), "{report}");
    let total = lives.total();
    assert_eq!((total.begun, total.over, total.most), (800, 800, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_come_and_go_without_overlap() {
    let lives = Lives::default();
    let mut tree = SupervisorSpec::root().strategy(Strategy::OneForAll).intensity(u32::MAX, ms(1));
    for n in 0..4_u64 {
        let lives = lives.clone();
        let thread = blocking_fn(move |ctx: BlockingContext| {
            let _life = lives.live(ctx.path().as_str());
            if ctx.generation().0 > 30 || draw(n << 32 | ctx.generation().0).is_multiple_of(2) {
                while ctx.sleep(ms(1_000_000)) {}
                return Ok(());
            }
            Err("at once")
        });
        tree = tree.child(ChildSpec::new(format!("t{n}"), thread).backoff(every(ms(0))));
    }
    let handle = Supervisor::start(tree).await.unwrap();
    until("they have been restarted a few times", || lives.of("/root/t0").begun > 5).await;
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!((lives.total().most, lives.total().over), (1, lives.total().begun));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_of_forty_thousand_is_restarted_and_ended_whole() {
    let mut inner = SupervisorSpec::new("inner");
    for n in 0..40_000 {
        inner = inner.child(ChildSpec::new(format!("c{n}"), parked()));
    }
    let tree = SupervisorSpec::root().shutdown_budget(ms(600_000)).child(inner);
    let handle = Supervisor::start(tree).await.unwrap();
    // So that the list of children is made anew when it is restarted.
    handle.stop_child("/root/inner/c5", BY, WHY).await.unwrap();
    handle.delete_child("/root/inner/c5", BY, WHY).await.unwrap();
    let outcome = handle.restart_child("/root/inner", BY, WHY).await.unwrap();
    assert_eq!(outcome.generation.0, 2);
    let state = handle.current_state().await.unwrap();
    let up = state.children_of("/root/inner").filter(|child| child.lifecycle == Lifecycle::Up);
    assert_eq!(up.count(), 40_000, "the one that was deleted is back");
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    assert_eq!((report.is_clean(), report.rows.len()), (true, 40_001));
}
