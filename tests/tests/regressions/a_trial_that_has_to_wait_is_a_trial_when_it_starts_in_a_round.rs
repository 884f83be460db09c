use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::result::TaskResult;
use supervisor_tests::{BY, WHY, every, ms, parked};
use tokio::time::sleep;

use crate::state;

/// `ledger` is to be tried again, has to wait for `pool`, and is taken along by a group restart
/// meanwhile. When it failed then, it was charged and restarted like any other.
#[tokio::test(start_paused = true)]
async fn a_trial_that_has_to_wait_is_a_trial_when_it_starts_in_a_round() {
    let failing = service_fn(async |ctx: TaskContext| {
        let is_first = ctx.generation().0 == 1;
        if is_first {
            ctx.ready();
            sleep(ms(10)).await;
        }
        let kind = if is_first { TaskFailureKind::FatalBug } else { TaskFailureKind::Recoverable };
        TaskResult::Failed(TaskFailure::new(kind, "no"))
    });
    let fails_once = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            sleep(ms(3_000)).await;
            return Err("once");
        }
        ctx.stopped().await;
        Ok(())
    });
    let ledger = ChildSpec::new("ledger", failing)
        .readiness(Readiness::Explicit)
        .depends_on("/root/pool")
        .backoff(every(ms(1)))
        .probe_after(ms(1_000));
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(ChildSpec::new("pool", parked()))
        .child(ledger)
        .child(ChildSpec::new("desk", fails_once).backoff(every(ms(1))));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(100)).await;
    handle.stop_child("/root/pool", BY, WHY).await.unwrap();
    sleep(ms(2_000)).await;
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Waiting);
    sleep(ms(1_500)).await;
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Quarantined);
    assert_eq!(state(&handle, "/root/desk").await.generation.0, 2);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
