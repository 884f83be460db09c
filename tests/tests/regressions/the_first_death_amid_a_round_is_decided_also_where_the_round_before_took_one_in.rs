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

/// Twice `desk` fails while `till` is not ready yet, and `ledger` after it: `desk` is decided about,
/// and its round takes the death of `ledger` in. The place of the first of these deaths was kept,
/// so that the second time `ledger` was decided about, and charged on a limit of its own.
#[tokio::test(start_paused = true)]
async fn the_first_death_amid_a_round_is_decided_also_where_the_round_before_took_one_in() {
    let fails_after = |first: u64, next: u64| {
        service_fn(move |ctx: TaskContext| async move {
            match ctx.generation().0 {
                1 if first > 0 => sleep(ms(first)).await,
                2 | 3 => sleep(ms(next)).await,
                _ => {
                    ctx.stopped().await;
                    return Ok(());
                }
            }
            Err("told to")
        })
    };
    let till = service_fn(async |ctx: TaskContext| {
        sleep(ms(50)).await;
        ctx.ready();
        ctx.stopped().await;
    });
    let child = |id: &str, task| ChildSpec::new(id, task).backoff(Backoff::NONE);
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(child("desk", fails_after(100, 10)))
        .child(child("ledger", fails_after(0, 20)).restart_limit(0, ms(60_000)))
        .child(child("till", till).readiness(Readiness::Explicit));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(500)).await;
    assert_eq!(state(&handle, "/root/desk").await.generation.0, 4);
    assert_eq!(state(&handle, "/root/ledger").await.lifecycle, Lifecycle::Up);
    assert_eq!(state(&handle, "/root/ledger").await.generation.0, 4);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
