use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, every, ms, stubborn};
use tokio::time::sleep;

/// Ready the first time; later it hangs, and does not listen.
fn hangs_later() -> rust_supervisor::task::factory::TaskFactory {
    service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            ctx.ready();
            return Err("once");
        }
        std::future::pending::<()>().await;
        Ok(())
    })
}

/// The start phase of `late` is over while the shutdown waits for `deaf`, and its run has to be
/// aborted. Its row said only that it had timed out, and so a shutdown could call itself clean.
#[tokio::test(start_paused = true)]
async fn an_abort_in_a_start_phase_is_in_the_report() {
    let late = ChildSpec::new("late", hangs_later())
        .readiness(Readiness::Explicit)
        .backoff(every(ms(10)))
        .start_timeout(ms(100))
        .grace(Grace::After(ms(50)));
    let deaf = ChildSpec::new("deaf", stubborn()).grace(Grace::After(ms(500)));
    let tree = SupervisorSpec::root().child(late).child(deaf);
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(50)).await;
    let report = handle.shutdown_tree(BY, WHY).await.unwrap();
    let row = report.rows.iter().find(|row| row.path.as_str() == "/root/late").unwrap();
    assert!(row.was_aborted && !row.is_clean(), "{report}");
}
