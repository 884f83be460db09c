use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, ms};
use tokio::time::sleep;

use crate::state;

/// `ledger` is on trial when the round of `desk` starts it again. Before `till` is ready both fail:
/// the next round, that of `desk`, took the death of `ledger` in and started it as if nothing had
/// been tried.
#[tokio::test(start_paused = true)]
async fn a_trial_that_fails_amid_a_round_has_failed_though_the_next_round_takes_the_deaths_in() {
    let desk = service_fn(async |ctx: TaskContext| {
        match ctx.generation().0 {
            1 => sleep(ms(1_200)).await,
            2 => sleep(ms(10)).await,
            _ => {
                ctx.stopped().await;
                return Ok(());
            }
        }
        Err("told to")
    });
    let ledger = service_fn(async |ctx: TaskContext| {
        match ctx.generation().0 {
            1 => sleep(ms(60)).await,
            3 => sleep(ms(20)).await,
            _ => {
                ctx.stopped().await;
                return Ok(());
            }
        }
        Err("told to")
    });
    let till = service_fn(async |ctx: TaskContext| {
        sleep(ms(50)).await;
        ctx.ready();
        ctx.stopped().await;
    });
    let child = |id: &str, task| ChildSpec::new(id, task).backoff(Backoff::NONE);
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(child("desk", desk))
        .child(child("ledger", ledger).restart_limit(0, ms(60_000)).probe_after(ms(1_000)))
        .child(child("till", till).readiness(Readiness::Explicit));
    let handle = Supervisor::start(tree).await.unwrap();
    // Quarantined at 60 ms, tried at 1,060; the rounds are at 1,200 and 1,250.
    sleep(ms(1_350)).await;
    assert_eq!(state(&handle, "/root/desk").await.generation.0, 3);
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Quarantined);
    assert_eq!(state(&handle, "/root/ledger").await.generation.0, 3);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
