//! Who depends on whom, through the public API: what waits, what starts side by side, what follows.

use std::sync::Arc;

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::control::stream::EventStream;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::Event;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::dependency::{OnDependencyRestart, StartMode};
use rust_supervisor::policy::failure::Criticality;
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{BY, WHY, drain, end_clean, every, failing, lines, ms, parked};
use tokio::time::sleep;

/// A child that takes a second until it is ready.
fn slow() -> TaskFactory {
    service_fn(async |ctx: TaskContext| {
        if ctx.sleep(ms(1_000)).await {
            ctx.ready();
            ctx.stopped().await;
        }
    })
}

fn slow_child(id: &str) -> ChildSpec {
    ChildSpec::new(id, slow()).readiness(Readiness::Explicit)
}

fn follows(child: ChildSpec, dependency: &str) -> ChildSpec {
    child.depends_on(dependency).on_dependency_restart(OnDependencyRestart::Restart)
}

async fn start(tree: SupervisorSpec) -> (SupervisorHandle, EventStream) {
    let mut builder = Supervisor::builder(tree);
    let events = builder.subscribe_events();
    (builder.start().await.expect("it starts"), events)
}

async fn lifecycle(handle: &SupervisorHandle, path: &str) -> Lifecycle {
    handle.state_of(path).await.expect("it is known").lifecycle
}

/// What is said about one child.
fn about(events: &[Arc<Event>], name: &str) -> Vec<String> {
    let of_it: Vec<_> =
        events.iter().filter(|event| event.path.name() == name).map(Arc::clone).collect();
    lines(&of_it)
}

#[tokio::test(start_paused = true)]
async fn children_of_a_parallel_supervisor_become_ready_together() {
    let tree = |mode| {
        let root = SupervisorSpec::root().start(mode);
        (0..100).fold(root, |root, n| root.child(slow_child(&format!("c{n}"))))
    };
    // Each takes a second on the paused clock, which only goes on when nothing else is to be done.
    for (mode, ready_at) in [(StartMode::Parallel, 1_000), (StartMode::Sequential, 100_000)] {
        let (handle, mut events) = start(tree(mode)).await;
        let events = drain(&mut events);
        let ready = events.iter().filter(|event| event.kind.name() == "ready");
        let last = ready.map(|event| event.uptime).max().unwrap();
        assert_eq!(last, ms(ready_at), "{mode}");
        end_clean(&handle).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tree_starts_and_stops_in_the_layers_of_its_dependencies() {
    let tree = SupervisorSpec::root()
        .start(StartMode::Parallel)
        .child(slow_child("web").depends_on("cache").depends_on("/root/storage"))
        .child(slow_child("cache").depends_on("storage/pool"))
        .child(SupervisorSpec::new("storage").child(slow_child("pool")).child(slow_child("index")));
    let (handle, mut events) = start(tree).await;
    assert_eq!(
        lines(&drain(&mut events)),
        [
            "0 /root#1 starting",
            "0 /root/web#0 waiting",
            "0 /root/cache#0 waiting",
            "0 /root/storage#1 starting",
            "0 /root/storage/pool#1 starting",
            "1000 /root/storage/pool#1 ready",
            "1000 /root/cache#1 starting",
            "1000 /root/storage/index#1 starting",
            "2000 /root/cache#1 ready",
            "2000 /root/storage/index#1 ready",
            "2000 /root/storage#1 ready",
            "2000 /root/web#1 starting",
            "3000 /root/web#1 ready",
            "3000 /root#1 ready",
        ]
    );
    end_clean(&handle).await;
    let asked: Vec<_> = lines(&drain(&mut events))
        .into_iter()
        .filter(|line| line.ends_with("stop_requested") || line.ends_with("exited"))
        .collect();
    assert_eq!(
        asked,
        [
            "3000 /root#1 stop_requested",
            "3000 /root/web#1 stop_requested",
            "3000 /root/web#1 exited",
            "3000 /root/cache#1 stop_requested",
            "3000 /root/cache#1 exited",
            "3000 /root/storage#1 stop_requested",
            "3000 /root/storage/index#1 stop_requested",
            "3000 /root/storage/index#1 exited",
            "3000 /root/storage/pool#1 stop_requested",
            "3000 /root/storage/pool#1 exited",
            "3000 /root/storage#1 exited",
            "3000 /root#1 exited",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_parallel_start_that_fails_names_the_child_and_leaves_nothing() {
    let tree = SupervisorSpec::root()
        .start(StartMode::Parallel)
        .child(slow_child("a"))
        .child(ChildSpec::new("b", parked()))
        .child(ChildSpec::new("c", failing()).readiness(Readiness::Explicit).depends_on("b"));
    let error = Supervisor::start(tree).await.unwrap_err();
    let SupervisorError::TreeStart { child, .. } = &error else { panic!("{error:?}") };
    assert_eq!(child.as_str(), "/root/c");
}

#[tokio::test(start_paused = true)]
async fn a_follower_is_stopped_with_its_dependency_and_comes_back_with_it() {
    let flaky = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 && ctx.sleep(ms(1_000)).await {
            return Err("connection lost");
        }
        ctx.stopped().await;
        Ok(())
    });
    let tree = SupervisorSpec::root()
        .intensity(1, ms(60_000))
        .child(ChildSpec::new("link", flaky).backoff(every(ms(500))))
        .child(
            follows(ChildSpec::new("feed", parked()), "link")
                .restart_limit(0, ms(60_000))
                .criticality(Criticality::Critical),
        )
        .child(ChildSpec::new("log", parked()).depends_on("link"));
    let (handle, mut events) = start(tree).await;
    sleep(ms(1_200)).await;
    let feed = handle.state_of("/root/feed").await.unwrap();
    assert_eq!(feed.lifecycle, Lifecycle::Waiting);
    assert_eq!(feed.waits_for[0].as_str(), "/root/link");
    assert!(feed.due.is_none(), "nobody knows when");
    let text = handle.current_state().await.unwrap().to_string();
    assert!(text.contains("waits for /root/link"), "{text}");
    let why = handle.why("/root/feed").await.unwrap().to_string();
    assert!(why.contains("\nIt starts as soon as `/root/link` is ready."), "{why}");
    let readiness = handle.readiness().await.to_string();
    assert_eq!(readiness, "the critical child `/root/feed` is waiting for `/root/link`");
    // It may be long until it is: a tree that waits is at rest.
    handle.stop_child("/root/link", BY, WHY).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    assert_eq!(lifecycle(&handle, "/root/log").await, Lifecycle::Up);
    handle.start_child("/root/link", BY, WHY).await.unwrap();
    handle.wait_until_ready("/root/feed").await.unwrap();
    assert_eq!(handle.state_of("/root/feed").await.unwrap().restarts, 1);
    let intensity = handle.state_of("/root").await.unwrap().intensity.unwrap();
    assert_eq!((intensity.used, intensity.limit.max), (1, 1));
    let events = drain(&mut events);
    assert_eq!(
        about(&events, "feed"),
        [
            "0 /root/feed#1 starting",
            "0 /root/feed#1 ready",
            "1000 /root/feed#1 dependency_lost",
            "1000 /root/feed#1 stop_requested",
            "1000 /root/feed#1 exited",
            "1000 /root/feed#1 waiting",
            "1200 /root/feed#2 starting",
            "1200 /root/feed#2 ready",
        ]
    );
    assert_eq!(about(&events, "log"), ["0 /root/log#1 starting", "0 /root/log#1 ready"]);
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn commands_on_what_waits_are_answered() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("db", parked()))
        .child(follows(ChildSpec::new("app", parked()), "db"));
    let (handle, _) = start(tree).await;
    handle.stop_child("/root/db", BY, WHY).await.unwrap();
    handle.wait_until_settled().await.unwrap();

    let error = handle.start_child("/root/app", BY, WHY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/root/app` waits for `/root/db`, and starts when that is ready"
    );
    assert!(matches!(error, SupervisorError::Waiting { .. }));
    let late = ChildSpec::new("late", parked()).depends_on("app").depends_on("db");
    let added = handle.add_child("/root", late, BY, WHY).await.unwrap();
    assert_eq!(added.lifecycle, Some(Lifecycle::Waiting));
    let late = handle.state_of("/root/late").await.unwrap();
    assert_eq!(late.waits_for.len(), 2);

    let waiter = handle.clone();
    let ready = tokio::spawn(async move { waiter.wait_until_ready("/root/late").await });
    sleep(ms(1)).await;
    assert!(!ready.is_finished());
    handle.start_child("/root/db", BY, WHY).await.unwrap();
    assert_eq!(ready.await.unwrap().unwrap().lifecycle, Some(Lifecycle::Up));

    // What is removed is waited for until its path is back.
    handle.remove_child("/root/db", BY, WHY).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    assert_eq!(lifecycle(&handle, "/root/app").await, Lifecycle::Waiting);
    handle.add_child("/root", ChildSpec::new("db", parked()), BY, WHY).await.unwrap();
    handle.wait_until_ready("/root/app").await.unwrap();
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_what_waits() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("db", parked()))
        .child(follows(ChildSpec::new("app", parked()), "db"));
    let (handle, mut events) = start(tree).await;
    handle.stop_child("/root/db", BY, WHY).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    drain(&mut events);
    end_clean(&handle).await;
    assert_eq!(about(&drain(&mut events), "app"), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn defaults_reach_the_followers() {
    let tree = SupervisorSpec::root()
        .defaults(PolicyPatch::NONE.on_dependency_restart(OnDependencyRestart::Restart))
        .child(ChildSpec::new("db", parked()))
        .child(ChildSpec::new("once", parked()).restart(Restart::Temporary).depends_on("db"))
        .child(SupervisorSpec::new("apps").depends_on("db").child(ChildSpec::new("a", parked())));
    let (handle, _) = start(tree).await;
    handle.restart_child("/root/db", BY, WHY).await.unwrap();
    handle.wait_until_settled().await.unwrap();
    let generation = async |path: &str| handle.state_of(path).await.unwrap().generation.0;
    assert_eq!(generation("/root/apps/a").await, 2);
    assert_eq!(generation("/root/once").await, 1, "what is temporary never starts again");
    end_clean(&handle).await;
}

#[test]
fn what_cannot_be_depended_on_is_named() {
    let child = |id: &str| ChildSpec::new(id, parked());
    let tree = SupervisorSpec::root()
        .child(child("itself").depends_on("itself"))
        .child(child("a").depends_on("storge/pool").depends_on("../x").depends_on("b c"))
        .child(SupervisorSpec::new("storage").child(child("pool").depends_on("sessions/u1")))
        .child(child("job").restart(Restart::Temporary))
        .child(child("after").depends_on("job"))
        .child(SupervisorSpec::new("off").disabled().child(child("x")))
        .child(child("never").depends_on("off/x"))
        .child(child("neither").depends_on("off/x").disabled())
        .child(SupervisorSpec::pool("sessions").start(StartMode::Parallel))
        .child(child("b").depends_on("sessions").depends_on("sessions/u1"))
        .child(child("c").on_dependency_restart(OnDependencyRestart::Restart))
        .child(
            child("d")
                .restart(Restart::Temporary)
                .depends_on("a")
                .on_dependency_restart(OnDependencyRestart::Restart),
        );
    let errors = tree.validate().unwrap_err().to_string();
    assert_eq!(
        errors,
        "the tree cannot be started, 11 things are wrong with it:
  `/root/a`: it cannot depend on `../x`: it goes up beyond `/root`
  `/root/a`: it cannot depend on `b c`: ' ' cannot stand in a child's id: use letters, digits, `_`, `-` or `.`
  `/root/sessions`: the members of a pool come and go one by one; `start` cannot be set
  `/root/c`: `on_dependency_restart` means nothing here: it depends on nothing
  `/root/d`: `on_dependency_restart` means nothing here: the child is temporary and never restarted
  `/root/itself`: it depends on itself, so it would never start
  `/root/a`: it depends on `/root/storge/pool`, which is not in the tree; did you mean `/root/storage/pool`?
  `/root/storage/pool`: it depends on `/root/storage/sessions/u1`, which is not in the tree
  `/root/after`: it depends on `/root/job`, but `/root/job` is temporary: when it has ended it is forgotten, and would be waited for in vain
  `/root/never`: it depends on `/root/off/x`, but `/root/off` is disabled: it would be waited for in vain
  `/root/b`: it depends on `/root/sessions/u1`, a member of a pool; members come and go: depend on the pool `/root/sessions`"
    );
}

#[test]
fn a_circle_is_shown_with_all_its_steps() {
    let child = |id: &str| ChildSpec::new(id, parked());
    let message = |tree: SupervisorSpec| tree.validate().unwrap_err().to_string();
    let mutual = SupervisorSpec::root()
        .start(StartMode::Parallel)
        .child(child("a").depends_on("b"))
        .child(child("b").depends_on("c"))
        .child(child("c").depends_on("a"));
    assert_eq!(
        message(mutual),
        "the tree cannot be started: `/root/a`: it would never start, because it waits for itself: \
         `/root/a` depends on `/root/b`; `/root/b` depends on `/root/c`; \
         `/root/c` depends on `/root/a`"
    );
    // The order of a sequential supervisor, and what is inside of what, count as well.
    let order = SupervisorSpec::root()
        .child(SupervisorSpec::new("s").child(child("x").depends_on("/root/t/y")))
        .child(SupervisorSpec::new("t").child(child("y")));
    assert_eq!(
        message(order.clone()),
        "the tree cannot be started: `/root/s/x`: it would never start, because it waits for itself: \
         `/root/s/x` depends on `/root/t/y`; `/root/t/y` starts with its supervisor `/root/t`; \
         `/root/t` is declared after `/root/s`, and starts after it; \
         `/root/s` is ready when its child `/root/s/x` is"
    );
    assert!(order.start(StartMode::Parallel).validate().is_ok());
    let inside = SupervisorSpec::root()
        .child(SupervisorSpec::new("s").child(child("x").depends_on("/root/s")));
    assert_eq!(
        message(inside),
        "the tree cannot be started: `/root/s/x`: it would never start, because it waits for itself: \
         `/root/s/x` depends on `/root/s`; `/root/s` is ready when its child `/root/s/x` is"
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_added_may_not_close_a_circle() {
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", parked()))
        .child(SupervisorSpec::new("s").child(ChildSpec::new("b", parked()).depends_on("../a")));
    let (handle, _) = start(tree).await;
    handle.remove_child("/root/a", BY, WHY).await.unwrap();
    let add = async |spec: ChildSpec| handle.add_child("/root", spec, BY, WHY).await;
    let error = add(ChildSpec::new("a", parked()).depends_on("s/b")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tree cannot be started: `/root/a`: it would never start, because it waits for itself: \
         `/root/a` depends on `/root/s/b`; `/root/s/b` depends on `/root/a`"
    );
    let error = add(ChildSpec::new("a", parked()).depends_on("s/c")).await.unwrap_err();
    assert!(error.to_string().ends_with("which is not in the tree; did you mean `/root/s/b`?"));
    add(ChildSpec::new("a", parked())).await.unwrap();
    end_clean(&handle).await;
}
