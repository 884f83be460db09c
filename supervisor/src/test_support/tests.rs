//! The harness, tested: what it does to a tree, and what it says when an expectation is not met.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::TestTree;
#[cfg(all(unix, feature = "config", feature = "ipc", feature = "audit", feature = "record"))]
use crate::config::configurable::SupervisorConfig;
#[cfg(all(unix, feature = "config", feature = "ipc", feature = "audit", feature = "record"))]
use crate::ipc::IpcOptions;
use crate::policy::backoff::Backoff;
use crate::policy::restart::{Restart, Strategy};
use crate::policy::shutdown::Grace;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::state::Lifecycle;
use crate::task::context::TaskContext;
use crate::task::exit::contain;
use crate::task::factory::{TaskFactory, blocking_fn, service_fn};
use crate::task::member::{MemberFactory, blocking_member_fn, member_fn};

fn parked() -> TaskFactory {
    service_fn(async |ctx: TaskContext| ctx.stopped().await)
}

fn every(wait: Duration) -> Backoff {
    let mut backoff = Backoff::new(wait, wait);
    backoff.jitter = 0.0;
    backoff
}

fn child(id: &str) -> ChildSpec {
    ChildSpec::new(id, parked()).backoff(every(Duration::from_millis(100)))
}

fn cache_and_api() -> SupervisorSpec {
    SupervisorSpec::root().strategy(Strategy::RestForOne).child(child("cache")).child(child("api"))
}

/// What the failure of a test says.
async fn failure_of(test: impl Future<Output = ()>) -> String {
    let mut test = pin!(test);
    let message =
        std::future::poll_fn(|cx| match contain(AssertUnwindSafe(|| test.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(None),
            Err(message) => Poll::Ready(Some(message)),
        });
    message.await.expect("the expectation is met, and should not be").as_str().to_owned()
}

#[tokio::test]
async fn a_group_restart_is_expected_in_one_line() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.fail("cache", "connection reset").await;
    tree.expect("stop api; start cache; start api").await;
    tree.expect_states("cache up; api up").await;
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn what_was_expected_is_shown_beside_what_happened() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.fail("cache", "connection reset").await;
    let message = failure_of(tree.expect("stop api; start api; start cache")).await;
    for part in [
        "tests.rs:",
        "something else than expected",
        "    stop api                        stop api#1 at 0 ms",
        " -> start api                       start cache#2 at 100 ms",
        " -> start cache                     (nothing)",
        "failed: connection reset",
        "the tree now:",
    ] {
        assert!(message.contains(part), "no `{part}` in:\n{message}");
    }
}

#[tokio::test]
async fn what_never_happens_is_given_up_when_patience_ends() {
    let patience = Duration::from_mins(1);
    let tree = TestTree::builder(cache_and_api()).patience(patience);
    let mut tree = tree.start().await.unwrap();
    let message = failure_of(tree.expect("start api")).await;
    assert!(message.contains("nothing happens for 60s"), "{message}");
    assert!(message.contains("-> start api                       (nothing)"), "{message}");
}

#[tokio::test]
async fn what_nobody_expected_is_found_by_the_next_expectation() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.fail("cache", "connection reset").await;
    tree.expect("stop api; start cache").await;
    tree.advance(Duration::from_secs(1)).await;
    let message = failure_of(tree.expect("")).await;
    assert!(message.contains("-> (nothing)                       start api#2"), "{message}");
}

#[tokio::test]
async fn other_kinds_count_where_an_expectation_names_them() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.panic("api", "out of cheese").await;
    tree.expect("exit api#1 panicked; decided api; start api#2; ready api").await;
    tree.complete("api").await;
    let message = failure_of(tree.expect("exit api failed")).await;
    assert!(message.contains("-> exit api failed"), "{message}");
    assert!(message.contains("exit api#2 succeeded"), "{message}");
}

#[tokio::test]
async fn a_child_that_hangs_is_aborted_and_one_that_stalls_is_not() {
    let grace = Grace::After(Duration::from_secs(3));
    let healthy =
        |id| child(id).grace(grace).health(Duration::from_secs(1), Duration::from_secs(5));
    let spec = SupervisorSpec::root().child(healthy("hung")).child(healthy("stalled"));
    let mut tree = TestTree::builder(spec).stand_in_for_all().start().await.unwrap();
    tree.expect_quiet_for(Duration::from_mins(1)).await;
    tree.stall("stalled");
    tree.expect("stale stalled; stop stalled; start stalled").await;
    tree.hang("hung");
    tree.expect("stop hung; abort hung; start hung").await;
    tree.expect_states("hung up; stalled up").await;
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn a_hung_child_may_go_on() {
    let tree = TestTree::start(SupervisorSpec::root().child(child("api"))).await.unwrap();
    tree.hang("api");
    tree.go_on("api");
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn time_passes_from_one_decision_to_the_next() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.fail("api", "no luck").await;
    let event = tree.next_decision().await;
    assert_eq!((event.kind.name(), event.uptime), ("starting", Duration::from_millis(100)));
    tree.expect("start api#2").await;
    tree.settle().await;
    assert_eq!(tree.state_of("api").await.lifecycle, Lifecycle::Up);
}

#[tokio::test]
async fn the_start_of_the_tree_can_be_looked_at_too() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.rewind();
    tree.expect("start root; start cache; start api").await;
    tree.expect("").await;
}

#[tokio::test]
async fn a_tree_that_is_not_quiet_is_shown() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    tree.fail("api", "no luck").await;
    let message = failure_of(tree.expect_quiet_for(Duration::from_secs(1))).await;
    assert!(message.contains("/root/api #2  starting"), "{message}");
    let message = failure_of(tree.expect_states("api down; cache up; ghost up")).await;
    assert!(message.contains("api is up, expected: down"), "{message}");
    assert!(message.contains("ghost is unknown, expected: up"), "{message}");
    assert!(!message.contains("cache is up"), "{message}");
}

#[tokio::test]
async fn a_child_that_is_added_takes_orders_too() {
    let mut tree = TestTree::start(SupervisorSpec::root()).await.unwrap();
    let job = ChildSpec::new("job", parked()).restart(Restart::Temporary);
    tree.add_child("root", job).await.unwrap();
    tree.complete("job").await;
    tree.expect("start job; exit job succeeded; removed job").await;
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn a_blocking_child_takes_orders_through_its_stand_in() {
    let spec = || {
        let compact = blocking_fn(|ctx| while ctx.sleep(Duration::from_millis(1)) {});
        SupervisorSpec::root().child(ChildSpec::new("compactor", compact))
    };
    let mut tree = TestTree::builder(spec()).stand_in_for("compactor").start().await.unwrap();
    tree.fail("compactor", "disk gone").await;
    tree.expect("start compactor#2").await;
    assert!(tree.end().await.is_clean());
    let tree = TestTree::start(spec()).await.unwrap();
    let message = failure_of(async { tree.hang("compactor") }).await;
    assert!(message.contains("A blocking child takes none"), "{message}");
}

#[tokio::test]
async fn a_task_that_was_spawned_past_its_context_is_an_orphan() {
    let leaky = service_fn(async |ctx: TaskContext| {
        drop(tokio::spawn(std::future::pending::<()>()));
        ctx.spawn(std::future::pending::<()>());
        ctx.stopped().await;
    });
    let tree = TestTree::start(SupervisorSpec::root().child(ChildSpec::new("leaky", leaky)));
    let tree = tree.await.unwrap();
    let message = failure_of(async { drop(tree.end().await) }).await;
    assert!(message.contains("1 more task(s) are alive"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stands_already_is_no_mistake() {
    let tree = TestTree::start(cache_and_api()).await.unwrap();
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn mistakes_in_a_test_are_named() {
    let mut tree = TestTree::start(cache_and_api()).await.unwrap();
    for (steps, why) in [
        ("start", "whom"),
        ("start api#x", "number of a run"),
        ("start api failed", "only `exit` has a third word"),
        ("exit api failed stop", "put `;` between"),
        ("start /api", "begins with `/root`"),
        ("stopped api", "nothing is called `stopped`; known: `start`, `stop`, `abort`, `exit`, "),
    ] {
        let message = failure_of(async { drop(tree.expect(steps)) }).await;
        assert!(message.contains(why) && message.contains(steps), "{message}");
    }
    let message = failure_of(async { tree.hang("ghost") }).await;
    assert!(message.contains("`/root/ghost` has no run"), "{message}");
    assert!(message.contains("/root/api #1"), "{message}");
    let unknown = TestTree::builder(cache_and_api()).stand_in_for("ghost").start();
    let message = Box::pin(failure_of(async { drop(unknown.await) })).await;
    assert!(message.contains("no task `/root/ghost`"), "{message}");
}

#[test]
fn a_runtime_whose_clock_cannot_be_stopped_is_refused() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let message = runtime.block_on(failure_of(async {
        drop(TestTree::start(SupervisorSpec::root()).await);
    }));
    assert!(message.contains("current-thread runtime"), "{message}");
}

#[tokio::test]
async fn settings_of_the_runtime_are_kept() {
    let builder = Supervisor::builder(cache_and_api()).last_exits(1);
    let mut tree = TestTree::builder(builder).start().await.unwrap();
    tree.fail("api", "one").await;
    tree.expect("start api").await;
    tree.fail("api", "two").await;
    assert_eq!(tree.state_of("api").await.last_exits.len(), 1);
}

fn orders() -> MemberFactory {
    member_fn(async |ctx: TaskContext, _: u64| ctx.stopped().await)
}

#[tokio::test]
async fn a_member_of_a_pool_takes_orders_too() {
    let spec = SupervisorSpec::root().child(SupervisorSpec::pool("orders").members(orders()));
    let mut tree = TestTree::start(spec).await.unwrap();
    let add = tree.handle().spawn_member("/root/orders", "ada", 1_u64, "t", "t");
    add.await.unwrap();
    tree.fail("orders/ada", "sold out").await;
    tree.expect("start orders/ada#1; exit orders/ada failed; start orders/ada#2").await;
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn the_path_of_a_pool_stands_in_for_all_its_members() {
    let compact = blocking_member_fn(|ctx, _: u64| while ctx.sleep(Duration::from_millis(1)) {});
    let pool = SupervisorSpec::pool("compactors").members(compact);
    let tree = TestTree::builder(SupervisorSpec::root().child(pool)).stand_in_for("compactors");
    let mut tree = tree.start().await.unwrap();
    let add = tree.handle().spawn_member("/root/compactors", "one", 1_u64, "t", "t");
    add.await.unwrap();
    tree.fail("compactors/one", "disk gone").await;
    tree.expect("start compactors/one#1; exit compactors/one failed; start compactors/one#2").await;
    assert!(tree.end().await.is_clean());
}

#[cfg(all(unix, feature = "config", feature = "ipc", feature = "audit", feature = "record"))]
#[tokio::test]
async fn a_tree_under_test_leaves_nothing_outside() {
    let folder = std::env::temp_dir().join(format!("test-tree-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let place = folder.display();
    let config: SupervisorConfig = format!(
        "ipc: {{ enabled: true, target_id: shop, path: {place}/shop.sock }}\n\
         observability: {{ audit: {{ path: {place}/audit.log }}, record: {{ folder: {place} }} }}"
    )
    .parse()
    .unwrap();
    let tree = || Supervisor::builder(cache_and_api()).config(config.clone());
    // Two at once, as tests are.
    let first = TestTree::builder(tree()).start().await.unwrap();
    let in_code = tree().ipc(IpcOptions::new("shop").path(folder.join("shop.sock")));
    let second = TestTree::builder(in_code).start().await.unwrap();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    assert!(second.end().await.is_clean());
    assert!(first.end().await.is_clean());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir(&folder).unwrap();
    // What is said about it still has to be right.
    let config: SupervisorConfig = "ipc: { enabled: true }".parse().unwrap();
    let nameless = Supervisor::builder(cache_and_api()).config(config);
    let error = TestTree::builder(nameless).start().await.expect_err("it has no id");
    assert!(error.to_string().contains("the target needs an id"), "{error}");
}
