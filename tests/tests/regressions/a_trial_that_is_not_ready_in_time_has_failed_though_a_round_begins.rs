use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::result::TaskResult;
use supervisor_tests::{BY, WHY, every, ms};
use tokio::time::sleep;

use crate::state;

/// `ledger` is tried again and not ready in time; while it is being stopped for that, a sibling
/// fails. The round of that one started `ledger` as if nothing had been tried.
#[tokio::test(start_paused = true)]
async fn a_trial_that_is_not_ready_in_time_has_failed_though_a_round_begins() {
    let hangs = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            ctx.ready();
            sleep(ms(10)).await;
            return TaskResult::Failed(TaskFailure::new(TaskFailureKind::FatalBug, "no"));
        }
        std::future::pending().await
    });
    let fails_once = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            sleep(ms(1_300)).await;
            return Err("once");
        }
        ctx.stopped().await;
        Ok(())
    });
    let ledger = ChildSpec::new("ledger", hangs)
        .readiness(Readiness::Explicit)
        .start_timeout(ms(200))
        .grace(Grace::After(ms(500)))
        .backoff(every(ms(1)))
        .probe_after(ms(1_000));
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(ledger)
        .child(ChildSpec::new("desk", fails_once).backoff(every(ms(1))));
    let handle = Supervisor::start(tree).await.unwrap();
    // Quarantined at 10 ms, tried at 1,010, too late at 1,210, aborted at 1,710.
    sleep(ms(1_250)).await;
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Stopping);
    sleep(ms(550)).await;
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Quarantined);
    assert_eq!(state(&handle, "/root/desk").await.generation.0, 2);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
