use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, ms};
use tokio::time::sleep;

use crate::state;

/// `ledger` fails after 3 s, when `desk` is not ready yet, so that nothing is decided; then the
/// start of `desk` fails too, and its round takes the death of `ledger` in. That it had been ready
/// for so long was forgotten, and the next wait was the second in a row.
#[tokio::test(start_paused = true)]
async fn a_wait_begins_anew_after_a_long_run_though_a_round_takes_its_death_in() {
    let ledger = service_fn(async |ctx: TaskContext| {
        match ctx.generation().0 {
            1 => sleep(ms(10)).await,
            2 => sleep(ms(3_000)).await,
            3 => sleep(ms(20)).await,
            _ => std::future::pending().await,
        }
        Err::<(), _>("told to")
    });
    let desk = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 2 {
            sleep(ms(3_500)).await;
            return Err("told to");
        }
        ctx.ready();
        ctx.stopped().await;
        Ok(())
    });
    let mut backoff = Backoff::new(ms(2_000), ms(60_000)).reset_after(ms(1_000));
    backoff.jitter = 0.0;
    let tree = SupervisorSpec::root()
        .strategy(Strategy::OneForAll)
        .child(ChildSpec::new("ledger", ledger).backoff(backoff))
        .child(ChildSpec::new("desk", desk).readiness(Readiness::Explicit).backoff(Backoff::NONE));
    let handle = Supervisor::start(tree).await.unwrap();
    // The second begins at 2,010 and fails at 5,010; the third begins with `desk` at 5,510 and
    // fails at 5,530.
    sleep(ms(5_540)).await;
    assert_eq!(state(&handle, "/root/ledger").await.generation.0, 3);
    assert_eq!(state(&handle, "/root/ledger").await.due, Some(ms(7_530)));
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
