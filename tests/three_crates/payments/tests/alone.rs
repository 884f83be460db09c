//! A library tests its subtree alone: no application, and nothing that it requires.

use payments::{Diary, Payments};
use rust_supervisor::prelude::*;

#[tokio::test(start_paused = true)]
async fn the_subtree_starts_under_any_state_that_has_what_its_children_need() {
    let diary = Diary::default();
    let payments = Payments::start(diary.clone()).await.expect("it starts");
    payments.handle().wait_until_settled().await.expect("it settles");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(diary.read(), ["ledger", "scorer"]);
    let report = payments.shutdown(("test", "done")).await.expect("it ends");
    assert!(report.is_clean());
}

#[tokio::test]
async fn a_child_is_tested_without_a_tree() {
    let diary = Diary::default();
    let (ctx, run) = TaskContext::for_test();
    run.stop();
    payments::ledger(ctx, State(diary.clone())).await;
    assert_eq!(diary.read(), ["ledger"]);
}

/// In the place of the storage of the application.
#[child(readiness(explicit))]
async fn stub(ctx: TaskContext) {
    ctx.ready();
    ctx.stopped().await;
}

/// A host with stubs: what the subtree requires is required of whoever is around this one.
#[supervisor(requires(payments::storage::pool))]
struct Host {
    stub: stub,
    payments: Payments,
}

#[tokio::test(start_paused = true)]
async fn the_subtree_starts_below_a_host_of_the_test() {
    let host = Host::start(Diary::default()).await.expect("it starts");
    assert_eq!(host.payments.ledger.path().as_str(), "/root/payments/ledger");
    host.payments.ledger.restart(("test", "to see it")).await.expect("it restarts");
    assert!(host.shutdown(("test", "done")).await.expect("it ends").is_clean());
}
