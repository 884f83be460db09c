//! What is called without a running tree, or by the code of a child.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::cli::Program;
use rust_supervisor::config::environment::Environment;
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::test_support::TestTree;
use supervisor_tests::{alive_tasks, end_clean, ms, parked, until};
use tokio::time::sleep;

use crate::stage::{App, World};
use crate::{CHANGE, Config, POLLS, drop_after};

/// The functions that are dropped in here.
pub(crate) const DRIVEN: [&str; 28] = [
    "Program::answer",
    "Program::main",
    "Supervisor::start",
    "Supervisor::start_from_config_file",
    "SupervisorBuilder::start",
    "SupervisionTree::start",
    "SupervisionTree::start_from_config_file",
    "TaskContext::sleep",
    "TaskContext::stopped",
    "TaskContext::until_stopped",
    "TestBuilder::start",
    "TestBuilder::start_typed",
    "TestTree::add_child",
    "TestTree::advance",
    "TestTree::complete",
    "TestTree::end",
    "TestTree::expect",
    "TestTree::expect_quiet_for",
    "TestTree::expect_states",
    "TestTree::fail",
    "TestTree::fail_with",
    "TestTree::next_decision",
    "TestTree::panic",
    "TestTree::settle",
    "TestTree::start",
    "TestTree::state",
    "TestTree::state_of",
    "TreeBuilder::start",
];

type Dropped = Pin<Box<dyn Future<Output = ()>>>;

fn boxed<T>(future: impl Future<Output = T> + 'static) -> Dropped {
    Box::pin(async { drop(future.await) })
}

/// Every way to start a tree, and what runs one.
fn starts(world: &World, file: PathBuf, nothing: PathBuf) -> Vec<(&'static str, Dropped)> {
    let spec = || App::spec(world.clone());
    let builder = || App::builder(world.clone()).environment(Environment::none());
    let program = || Program::new(builder());
    vec![
        ("Supervisor::start", boxed(Supervisor::start(spec()))),
        ("Supervisor::start_from_config_file", boxed(Supervisor::start_from_config_file(nothing))),
        ("SupervisorBuilder::start", boxed(Supervisor::builder(spec()).start())),
        ("TreeBuilder::start", boxed(builder().config_file(&file).start())),
        ("SupervisionTree::start", boxed(App::start(world.clone()))),
        (
            "SupervisionTree::start_from_config_file",
            boxed(App::start_from_config_file(file, world.clone())),
        ),
        ("Program::answer run", boxed(program().answer(["app", "run"]))),
        ("Program::answer check", boxed(program().answer(["app", "check"]))),
        ("Program::answer tree", boxed(program().answer(["app", "tree"]))),
        // By the arguments of the test: mostly a mistake, which it says.
        ("Program::main", boxed(program().main())),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_start_may_be_dropped_at_any_of_its_polls() {
    let base = alive_tasks();
    let (config, nothing) = (Config::new("start", CHANGE), Config::new("nothing", "{}"));
    let all = |world: &World| starts(world, config.0.clone(), nothing.0.clone());
    let names: Vec<_> = all(&World::default()).into_iter().map(|(name, _)| name).collect();
    for (which, name) in names.into_iter().enumerate() {
        for polls in 0..POLLS {
            let world = World::default();
            let (_, start) = all(&world).swap_remove(which);
            let lives = world.lives.clone();
            let is_done = drop_after(start, polls).await;
            // Its own handles are in there.
            drop(world);
            let about = format!("{name} dropped after {polls} polls: all tasks are gone");
            until(&about, || alive_tasks() == base).await;
            let total = lives.total();
            assert!(total.most <= 1 && total.over == total.begun, "{about}: {total:?}");
            assert!(polls > 0 || total.begun == 0, "{about}: nothing runs before the first poll");
            if is_done {
                break;
            }
        }
    }
}

/// What a run waits for, dropped again and again by the run itself.
#[tokio::test(start_paused = true)]
async fn what_a_run_waits_for_may_be_dropped_at_any_of_its_polls() {
    let base = alive_tasks();
    let told = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&told);
    let child = service_fn(move |ctx: TaskContext| {
        let told = Arc::clone(&counts);
        async move {
            for polls in 0..POLLS {
                assert!(!drop_after(ctx.stopped(), polls).await, "nobody has asked");
                assert!(!drop_after(ctx.sleep(ms(1_000)), polls).await, "not so soon");
                assert!(!drop_after(ctx.until_stopped(std::future::pending::<()>()), polls).await);
            }
            // Those that were dropped take nothing from the one that is not.
            let first = ctx.stopped();
            drop_after(ctx.stopped(), 3).await;
            first.await;
            // It holds for good, also for one that was dropped after it was true.
            assert!(drop_after(ctx.stopped(), 1).await);
            assert!(!ctx.sleep(ms(1)).await);
            told.fetch_add(1, Ordering::SeqCst);
        }
    });
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", child));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(10_000)).await;
    end_clean(&handle).await;
    drop(handle);
    until("all tasks are gone", || alive_tasks() == base).await;
    assert_eq!(told.load(Ordering::SeqCst), 1, "it was told once, and no assertion failed");
}

async fn test_tree() -> TestTree {
    let spec = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()).backoff(supervisor_tests::every(ms(10))))
        .child(ChildSpec::new("b", parked()));
    TestTree::start(spec).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_harness_may_be_dropped_at_any_of_its_polls() {
    type Use = fn(&mut TestTree) -> Pin<Box<dyn Future<Output = ()> + '_>>;
    let uses: [(&str, Use); 13] = [
        ("add_child", |tree| {
            Box::pin(async { drop(tree.add_child("root", ChildSpec::new("c", parked())).await) })
        }),
        ("fail", |tree| Box::pin(tree.fail("a", "no luck"))),
        ("fail_with", |tree| {
            let failure = rust_supervisor::task::exit::TaskFailure::new(
                TaskFailureKind::Recoverable,
                "no luck",
            );
            Box::pin(tree.fail_with("a", failure))
        }),
        ("panic", |tree| Box::pin(tree.panic("a", "no luck"))),
        ("complete", |tree| Box::pin(tree.complete("a"))),
        ("expect", |tree| Box::pin(tree.expect(""))),
        ("expect_quiet_for", |tree| Box::pin(tree.expect_quiet_for(ms(10)))),
        ("expect_states", |tree| Box::pin(tree.expect_states("b up"))),
        ("next_decision", |tree| {
            // So that there is one.
            let failed = tree.fail("a", "no luck");
            drop(failed);
            Box::pin(async { drop(tree.next_decision().await) })
        }),
        ("advance", |tree| Box::pin(tree.advance(ms(10)))),
        ("settle", |tree| Box::pin(tree.settle())),
        ("state", |tree| Box::pin(async { drop(tree.state().await) })),
        ("state_of", |tree| Box::pin(async { drop(tree.state_of("b").await) })),
    ];
    let base = alive_tasks();
    for (name, dropped) in uses {
        for polls in 0..POLLS {
            let mut tree = test_tree().await;
            let is_done = drop_after(dropped(&mut tree), polls).await;
            sleep(ms(100)).await;
            tree.expect_states("a up; b up").await;
            let report = tree.end().await;
            assert!(report.is_clean(), "{name} dropped after {polls} polls: {report}");
            until("all tasks are gone", || alive_tasks() == base).await;
            if is_done {
                break;
            }
        }
    }
    // What consumes it.
    for polls in 0..POLLS {
        let ended = drop_after(test_tree().await.end(), polls).await;
        let begun = drop_after(TestTree::start(SupervisorSpec::root()), polls).await;
        let builder = || TestTree::of(App::builder(World::default()));
        let built = drop_after(builder().start(), polls).await;
        let typed = drop_after(builder().start_typed(), polls).await;
        until("all tasks are gone", || alive_tasks() == base).await;
        if ended && begun && built && typed {
            break;
        }
    }
}
