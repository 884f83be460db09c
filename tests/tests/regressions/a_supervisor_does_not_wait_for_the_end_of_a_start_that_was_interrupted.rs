use rust_supervisor::policy::dependency::OnDependencyRestart;
use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, ms, parked};
use tokio::time::sleep;

use crate::state;

/// `pool` is stopped while `ledger`, which needs it, is in its start phase: so `ledger` ends, waits
/// again, and counts as started. Its supervisor noticed that only when `ledger` was gone, which
/// takes as long as its grace.
#[tokio::test(start_paused = true)]
async fn a_supervisor_does_not_wait_for_the_end_of_a_start_that_was_interrupted() {
    let never_ready = service_fn(async |_: TaskContext| std::future::pending::<()>().await);
    let soon = service_fn(async |ctx: TaskContext| {
        sleep(ms(200)).await;
        ctx.ready();
        ctx.stopped().await;
    });
    let ledger = ChildSpec::new("ledger", never_ready)
        .readiness(Readiness::Explicit)
        .grace(Grace::After(ms(5_000)))
        .depends_on("/root/pool")
        .on_dependency_restart(OnDependencyRestart::Restart);
    let desk = ChildSpec::new("desk", soon).readiness(Readiness::Explicit);
    let bank = SupervisorSpec::new("bank").child(ledger).child(desk);
    let tree = SupervisorSpec::root().child(ChildSpec::new("pool", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.stop_child("/root/pool", BY, WHY).await.unwrap();
    let adds = handle.clone();
    let added = tokio::spawn(async move { adds.add_child("/root", bank, BY, WHY).await });
    sleep(ms(100)).await;
    handle.start_child("/root/pool", BY, WHY).await.unwrap();
    sleep(ms(200)).await;
    assert_eq!(state(&handle, "/root/bank/ledger").await.lifecycle, Lifecycle::Starting);
    assert_eq!(state(&handle, "/root/bank").await.lifecycle, Lifecycle::Starting);
    handle.stop_child("/root/pool", BY, WHY).await.unwrap();
    assert_eq!(state(&handle, "/root/bank/ledger").await.lifecycle, Lifecycle::Stopping);
    assert_eq!(state(&handle, "/root/bank").await.lifecycle, Lifecycle::Up);
    added.await.unwrap().unwrap();
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
