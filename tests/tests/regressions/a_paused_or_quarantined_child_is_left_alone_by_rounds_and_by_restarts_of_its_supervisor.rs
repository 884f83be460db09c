use rust_supervisor::policy::restart::Strategy;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{BY, WHY, every, failing, ms, parked};
use tokio::time::sleep;

use crate::state;

#[tokio::test(start_paused = true)]
async fn a_paused_or_quarantined_child_is_left_alone_by_rounds_and_by_restarts_of_its_supervisor() {
    let inner = SupervisorSpec::new("in")
        .strategy(Strategy::OneForAll)
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("paused", parked()))
        .child(ChildSpec::new("out", parked()))
        .child(ChildSpec::new("spent", failing()).restart_limit(0, ms(1)))
        .child(ChildSpec::new("flaky", failing()).backoff(every(ms(100))));
    let handle = Supervisor::start(SupervisorSpec::root().child(inner)).await.unwrap();
    handle.pause_child("/root/in/paused", BY, WHY).await.unwrap();
    handle.quarantine_child("/root/in/out", BY, WHY).await.unwrap();
    sleep(ms(1)).await;
    let is_kept = async |name: &str, kept: Lifecycle| {
        let path = format!("/root/in/{name}");
        let child = state(&handle, &path).await;
        assert_eq!(child.lifecycle, kept, "{name}");
        child.generation.0
    };
    let (paused, out) = (Lifecycle::Paused, Lifecycle::Quarantined);
    let before = [is_kept("paused", paused).await, is_kept("out", out).await];
    let spent = is_kept("spent", out).await;
    // Many rounds, and then a restart from above.
    sleep(ms(2_000)).await;
    assert!(state(&handle, "/root/in/flaky").await.restarts > 5);
    assert_eq!([is_kept("paused", paused).await, is_kept("out", out).await], before);
    assert_eq!(is_kept("spent", out).await, spent);
    handle.restart_child("/root/in", BY, WHY).await.unwrap();
    sleep(ms(1_000)).await;
    assert_eq!([is_kept("paused", paused).await, is_kept("out", out).await], before);
    assert_eq!(is_kept("spent", out).await, spent);
}
