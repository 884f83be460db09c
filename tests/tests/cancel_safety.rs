//! Every future of the public API may be dropped at any of its polls: the tree stays consistent.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::future::Future;
use std::pin::Pin;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::policy::restart::{Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use supervisor_tests::{BY, Lives, WHY, alive_tasks, end_clean, every, ms, poll_then_drop, until};
use tokio::time::sleep;

type Call = fn(SupervisorHandle, Lives) -> Pin<Box<dyn Future<Output = ()>>>;

/// One call of a public async function of the handle.
macro_rules! call {
    ($handle:ident, $lives:ident => $call:expr) => {
        |$handle, $lives| {
            Box::pin(async move {
                let _lives = &$lives;
                drop($call.await);
            })
        }
    };
}

/// Every one of them, on every kind of child.
fn calls() -> Vec<(&'static str, Call)> {
    vec![
        (
            "add_child",
            call!(handle, lives => {
                handle.add_child("/root", ChildSpec::new("new", lives.parked()), BY, WHY)
            }),
        ),
        (
            "add_child slow",
            call!(handle, lives => {
                let slow = ChildSpec::new("new", slow_start(&lives)).readiness(Readiness::Explicit);
                handle.add_child("/root/inner", slow, BY, WHY)
            }),
        ),
        (
            "add_child of a subtree",
            call!(handle, lives => {
                let tree = SupervisorSpec::new("new").child(ChildSpec::new("x", lives.parked()));
                handle.add_child("/root", tree, BY, WHY)
            }),
        ),
        ("start_child", call!(handle, lives => handle.start_child("/root/down", BY, WHY))),
        ("start_child up", call!(handle, lives => handle.start_child("/root/up", BY, WHY))),
        ("stop_child", call!(handle, lives => handle.stop_child("/root/up", BY, WHY))),
        ("stop_child slow", call!(handle, lives => handle.stop_child("/root/slow", BY, WHY))),
        ("stop_child waiting", call!(handle, lives => handle.stop_child("/root/waits", BY, WHY))),
        ("stop_child subtree", call!(handle, lives => handle.stop_child("/root/inner", BY, WHY))),
        ("restart_child", call!(handle, lives => handle.restart_child("/root/up", BY, WHY))),
        (
            "restart_child slow",
            call!(handle, lives => {
                handle.restart_child("/root/slow", BY, WHY)
            }),
        ),
        (
            "restart_child subtree",
            call!(handle, lives => {
                handle.restart_child("/root/inner", BY, WHY)
            }),
        ),
        ("delete_child", call!(handle, lives => handle.delete_child("/root/down", BY, WHY))),
        ("remove_child", call!(handle, lives => handle.remove_child("/root/up", BY, WHY))),
        ("remove_child slow", call!(handle, lives => handle.remove_child("/root/slow", BY, WHY))),
        (
            "remove_child subtree",
            call!(handle, lives => {
                handle.remove_child("/root/inner", BY, WHY)
            }),
        ),
        ("shutdown_tree", call!(handle, lives => handle.shutdown_tree(BY, WHY))),
        ("shutdown_now", call!(handle, lives => handle.shutdown_now(BY, WHY))),
        ("join", call!(handle, lives => handle.join())),
        ("current_state", call!(handle, lives => handle.current_state())),
        ("state_of", call!(handle, lives => handle.state_of("/root/up"))),
        ("wait_until_ready", call!(handle, lives => handle.wait_until_ready("/root/waits"))),
        ("wait_until_settled", call!(handle, lives => handle.wait_until_settled())),
        (
            "events",
            call!(handle, lives => async {
                let mut events = handle.subscribe_events();
                while events.next().await.is_some() {}
                Some(events)
            }),
        ),
        ("run_until_signal", call!(handle, lives => handle.run_until_signal())),
    ]
}

fn slow_start(lives: &Lives) -> rust_supervisor::task::factory::TaskFactory {
    lives.child(async |ctx: TaskContext| {
        if ctx.sleep(ms(20)).await {
            ctx.ready();
            ctx.stopped().await;
        }
        Ok(())
    })
}

/// A tree with a child in every state that lasts.
fn tree(lives: &Lives) -> SupervisorSpec {
    let slow = lives.child(async |ctx: TaskContext| {
        ctx.stopped().await;
        sleep(ms(15)).await;
        Ok(())
    });
    let flaky = lives.child(async |_| Err("no luck"));
    SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("up", lives.parked()))
        .child(ChildSpec::new("slow", slow).grace(Grace::After(ms(1_000))))
        .child(ChildSpec::new("waits", flaky).backoff(every(ms(30))))
        .child(ChildSpec::new("down", lives.child(async |_| Ok(()))).restart(Restart::Transient))
        .child(
            SupervisorSpec::new("inner")
                .strategy(Strategy::OneForAll)
                .child(ChildSpec::new("a", slow_start(lives)).readiness(Readiness::Explicit))
                .child(ChildSpec::new("b", lives.parked())),
        )
}

/// How the tree is disturbed before the call.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Steady,
    Stopping,
    Restarting,
    ShuttingDown,
    Over,
}

const STAGES: [Stage; 5] =
    [Stage::Steady, Stage::Stopping, Stage::Restarting, Stage::ShuttingDown, Stage::Over];

async fn bring_to(handle: &SupervisorHandle, stage: Stage) {
    match stage {
        Stage::Steady => {}
        Stage::Stopping => {
            assert!(poll_then_drop(handle.stop_child("/root/slow", BY, WHY), 1).await.is_none());
        }
        Stage::Restarting => {
            let restart = handle.restart_child("/root/inner", BY, WHY);
            assert!(poll_then_drop(restart, 1).await.is_none());
        }
        Stage::ShuttingDown => {
            assert!(poll_then_drop(handle.shutdown_tree(BY, WHY), 1).await.is_none());
        }
        Stage::Over => drop(handle.shutdown_tree(BY, WHY).await.unwrap()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_dropped_at_any_of_its_polls_in_any_stage() {
    let base = alive_tasks();
    for stage in STAGES {
        for (name, call) in calls() {
            for polls in [0, 1, 2, 3, 5, 9] {
                let lives = Lives::default();
                let handle = Supervisor::start(tree(&lives)).await.unwrap();
                bring_to(&handle, stage).await;
                poll_then_drop(call(handle.clone(), lives.clone()), polls).await;

                let about = format!("{name} dropped after {polls} polls, {stage:?}");
                let is_over = matches!(stage, Stage::ShuttingDown | Stage::Over)
                    || name.starts_with("shutdown") && polls > 0;
                if !is_over {
                    // It still takes commands, and does what they say.
                    sleep(ms(100)).await;
                    let child = ChildSpec::new("after", lives.parked());
                    handle.add_child("/root", child, BY, WHY).await.expect(&about);
                    let after = handle.stop_child("/root/after", BY, WHY).await.expect(&about);
                    assert_eq!(after.lifecycle, Some(Lifecycle::Down), "{about}");
                }
                let report = handle.shutdown_tree(BY, WHY).await.expect(&about);
                let is_forced = name == "shutdown_now" && polls > 0;
                assert!(report.is_clean() || is_forced, "{about}: {report}");
                drop(handle);
                until("all tasks are gone", || alive_tasks() == base).await;
                let total = lives.total();
                assert_eq!((total.most, total.over), (1, total.begun), "{about}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_start_of_a_tree_may_be_dropped_at_any_of_its_polls() {
    let base = alive_tasks();
    for polls in 0..12 {
        let lives = Lives::default();
        let started = poll_then_drop(Supervisor::start(tree(&lives)), polls).await;
        assert!(started.is_none(), "it takes some time to be up");
        until("all tasks are gone", || alive_tasks() == base).await;
        let total = lives.total();
        assert!(total.most <= 1 && total.over == total.begun, "after {polls} polls: {total:?}");
        assert_eq!(total.begun > 0, polls > 0, "nothing runs before the first poll");
    }
}

#[tokio::test(start_paused = true)]
async fn an_accepted_command_runs_to_its_end_though_nobody_waits() {
    let lives = Lives::default();
    let handle = Supervisor::start(tree(&lives)).await.unwrap();
    for generation in [2, 3] {
        let slow = ChildSpec::new("new", slow_start(&lives)).readiness(Readiness::Explicit);
        assert!(poll_then_drop(handle.add_child("/root", slow, BY, WHY), 1).await.is_none());
        assert!(poll_then_drop(handle.remove_child("/root/slow", BY, WHY), 1).await.is_none());
        assert!(poll_then_drop(handle.restart_child("/root/inner", BY, WHY), 1).await.is_none());
        sleep(ms(100)).await;
        let state = handle.current_state().await.unwrap();
        assert_eq!(state.get("/root/new").unwrap().lifecycle, Lifecycle::Up);
        assert!(state.get("/root/slow").is_none());
        assert_eq!(state.get("/root/inner").unwrap().generation.0, generation);
        handle.remove_child("/root/new", BY, WHY).await.unwrap();
    }
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_handle_may_be_dropped_while_its_own_call_is_pending() {
    let base = alive_tasks();
    let lives = Lives::default();
    let handle = Supervisor::start(tree(&lives)).await.unwrap();
    let task = tokio::spawn(async move { handle.stop_child("/root/slow", BY, WHY).await });
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    until("all tasks are gone", || alive_tasks() == base).await;
    assert_eq!(lives.total().over, lives.total().begun);
}
