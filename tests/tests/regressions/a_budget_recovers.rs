use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, end_clean, ms};
use tokio::time::sleep;

use crate::state;

#[tokio::test(start_paused = true)]
async fn a_budget_recovers() {
    // Fails each second, so that never more than three restarts lie within its window.
    let flaky = service_fn(
        async |ctx: TaskContext| {
            if ctx.sleep(ms(1_000)).await { Err("time is up") } else { Ok(()) }
        },
    );
    let child = ChildSpec::new("a", flaky).backoff(Backoff::NONE).restart_limit(3, ms(2_999));
    let tree = SupervisorSpec::root().intensity(3, ms(2_999)).child(child);
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(100_500)).await;
    let child = state(&handle, "/root/a").await;
    assert_eq!((child.lifecycle, child.restarts), (Lifecycle::Up, 100));
    assert_eq!(child.limits[0].used, 3);
    assert_eq!(state(&handle, "/root").await.intensity.map(|spent| spent.used), Some(3));
    // What was restarted is forgotten when it is older than the window.
    handle.stop_child("/root/a", BY, WHY).await.unwrap();
    sleep(ms(3_000)).await;
    assert_eq!(state(&handle, "/root/a").await.limits[0].used, 0);
    assert_eq!(state(&handle, "/root").await.intensity.map(|spent| spent.used), Some(0));
    end_clean(&handle).await;
}
