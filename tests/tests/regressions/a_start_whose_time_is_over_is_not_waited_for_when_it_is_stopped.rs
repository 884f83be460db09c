use rust_supervisor::policy::dependency::StartMode;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, every, ms};
use tokio::time::sleep;

use crate::state;

/// `ledger` is not ready in time and takes long to go, and `desk` fails meanwhile. When somebody
/// stops `ledger` its start is nobody's concern any more; but what follows from the end of `desk`
/// waited until `ledger` was gone.
#[tokio::test(start_paused = true)]
async fn a_start_whose_time_is_over_is_not_waited_for_when_it_is_stopped() {
    let ledger = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            ctx.ready();
            ctx.stopped().await;
            return;
        }
        std::future::pending::<()>().await;
    });
    let desk = service_fn(async |ctx: TaskContext| {
        match ctx.generation().0 {
            1 => sleep(ms(10)).await,
            2 => sleep(ms(300)).await,
            _ => std::future::pending().await,
        }
        Err::<(), _>("told to")
    });
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .start(StartMode::Parallel)
        .child(
            ChildSpec::new("ledger", ledger)
                .readiness(Readiness::Explicit)
                .start_timeout(ms(200))
                .grace(Grace::After(ms(5_000))),
        )
        .child(ChildSpec::new("desk", desk).backoff(every(ms(1))));
    let handle = Supervisor::start(tree).await.unwrap();
    // Both begin again at 11 ms; `ledger` is late at 211, and `desk` fails at 311.
    sleep(ms(320)).await;
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Stopping);
    assert_eq!(state(&handle, "/root/desk").await.lifecycle, Lifecycle::Down);
    let stops = handle.clone();
    let stopped = tokio::spawn(async move { stops.stop_child("/root/ledger", BY, WHY).await });
    sleep(ms(1)).await;
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Stopping);
    assert_eq!(state(&handle, "/root/desk").await.lifecycle, Lifecycle::Restarting);
    stopped.await.unwrap().unwrap();
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
