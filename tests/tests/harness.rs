//! The harness for users' own trees, used as they would: trees made by hand and by attributes, with
//! the real children and with stand-ins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rust_supervisor::policy::decision::RestartDecision;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::prelude::*;
use rust_supervisor::report::RowEnd;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::test_support::TestTree;
use supervisor_tests::{BY, WHY, ms};

/// What the children of the tree below share.
#[derive(SharedState)]
struct Shop {
    orders: Arc<AtomicU32>,
}

#[child(backoff(initial = "100ms", max = "100ms", jitter = 0.0))]
async fn ledger(ctx: TaskContext, State(orders): State<Arc<AtomicU32>>) {
    while ctx.sleep(ms(1_000)).await {
        orders.fetch_add(1, Ordering::SeqCst);
    }
}

#[child(
    backoff(initial = "100ms", max = "100ms", jitter = 0.0),
    restart_limit(max = 1, within = "1m")
)]
async fn api(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(blocking)]
fn compactor(ctx: BlockingContext) {
    while ctx.sleep(ms(1)) {}
}

#[supervisor(strategy = rest_for_one)]
struct Payments {
    ledger: ledger,
    api: api,
}

#[supervisor]
struct App {
    payments: Payments,
    compactor: compactor,
}

fn shop() -> (Shop, Arc<AtomicU32>) {
    let orders = Arc::new(AtomicU32::new(0));
    (Shop { orders: Arc::clone(&orders) }, orders)
}

#[tokio::test]
async fn a_declared_tree_is_tested_with_its_real_children_and_one_stand_in() {
    let (shop, orders) = shop();
    let tree = TestTree::of(App::builder(shop)).stand_in_for("compactor");
    let (mut tree, app) = tree.start_typed().await.unwrap();
    tree.advance(ms(2_500)).await;
    assert_eq!(orders.load(Ordering::SeqCst), 2, "the real ledger works");
    tree.fail("payments/ledger", "no such account").await;
    tree.expect("stop payments/api; start payments/ledger; start payments/api").await;
    app.payments.api.pause((BY, WHY)).await.unwrap();
    tree.expect("stop payments/api; paused payments/api").await;
    tree.expect_states("payments/api paused; payments/ledger up; compactor up").await;
    drop(app);
    assert!(tree.end().await.is_clean());
}

#[tokio::test]
async fn a_declared_tree_is_tested_without_any_of_its_children() {
    let (shop, orders) = shop();
    let mut tree = TestTree::of(App::builder(shop)).stand_in_for_all().start().await.unwrap();
    tree.panic("payments/api", "index out of bounds").await;
    tree.expect("start payments/api#2").await;
    tree.panic("payments/api", "index out of bounds").await;
    tree.expect("exit payments/api panicked; decided payments/api").await;
    tree.expect_quiet_for(Duration::from_hours(1)).await;
    tree.expect_states("payments/api quarantined; payments/ledger up").await;
    let decision = tree.state_of("payments/api").await.last_decision.unwrap();
    assert!(matches!(decision, RestartDecision::Quarantine { .. }), "{decision}");
    assert_eq!(orders.load(Ordering::SeqCst), 0, "nobody has worked");
    tree.end().await;
}

#[tokio::test]
async fn the_report_says_who_had_to_be_aborted() {
    let (shop, _) = shop();
    let tree = TestTree::of(App::builder(shop)).stand_in_for_all().start().await.unwrap();
    tree.hang("payments/ledger");
    let report = tree.end().await;
    assert!(!report.is_clean());
    let rows: Vec<_> = report.rows.iter().map(|row| (row.path.name(), row.was_aborted)).collect();
    assert_eq!(rows, [("compactor", false), ("api", false), ("ledger", true), ("payments", false)]);
    assert!(report.rows.iter().all(|row| matches!(row.end, RowEnd::Ended(_))));
}

#[tokio::test]
async fn a_failure_keeps_its_class() {
    let (shop, _) = shop();
    let mut tree = TestTree::of(App::builder(shop)).stand_in_for_all().start().await.unwrap();
    let failure = TaskFailure::new(TaskFailureKind::FatalConfig, "no schema");
    tree.fail_with("payments/ledger", failure).await;
    tree.advance(Duration::from_secs(1)).await;
    tree.expect("").await;
    tree.expect_states("payments/ledger quarantined").await;
    tree.end().await;
}
