use std::future::pending;

use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, ms};
use tokio::time::{sleep, timeout};

use crate::state;

/// `shop` gives up, and stops `desk` and `till`, who do not listen and have two seconds each. Amid
/// that it is asked to stop: its own grace never began, so whoever stopped it, or the tree, waited
/// for longer than it may take.
#[tokio::test(start_paused = true)]
async fn a_supervisor_that_gives_up_is_cut_short_by_its_grace_when_it_is_to_be_stopped() {
    let broken = service_fn(async |_: TaskContext| {
        sleep(ms(10)).await;
        if true { Err("told to") } else { Ok(()) }
    });
    let deaf = || service_fn(async |_: TaskContext| pending::<()>().await);
    let child = |id: &str| ChildSpec::new(id, deaf()).grace(Grace::After(ms(2_000)));
    let shop = SupervisorSpec::new("shop")
        .intensity(0, ms(1_000))
        .grace(Grace::After(ms(2_500)))
        .child(ChildSpec::new("ledger", broken))
        .child(child("desk"))
        .child(child("till"));
    let handle = Supervisor::start(SupervisorSpec::root().child(shop)).await.unwrap();
    // It gives up at 10 ms; without anybody else it is gone at 4,010.
    sleep(ms(1_000)).await;
    assert_eq!(state(&handle, "/root/shop").await.lifecycle, Lifecycle::Stopping);
    let stopped = timeout(ms(2_501), handle.stop_child("/root/shop", BY, WHY)).await;
    stopped.expect("its grace is over").unwrap();
    assert_eq!(state(&handle, "/root/shop").await.lifecycle, Lifecycle::Down);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
