use rust_supervisor::policy::restart::Strategy;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{end_clean, every, failing, ms, parked};
use tokio::time::sleep;

use crate::state;

#[tokio::test(start_paused = true)]
async fn failing_children_do_not_use_up_their_siblings_own_limits() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        let tree = SupervisorSpec::root()
            .strategy(strategy)
            .intensity(u32::MAX, ms(1))
            .child(
                ChildSpec::new("bad", failing())
                    .backoff(every(ms(10)))
                    .restart_limit(9, ms(60_000)),
            )
            .child(ChildSpec::new("good", parked()).restart_limit(1, ms(60_000)));
        let handle = Supervisor::start(tree).await.unwrap();
        sleep(ms(5_000)).await;
        let (bad, good) = (state(&handle, "/root/bad").await, state(&handle, "/root/good").await);
        assert_eq!(bad.lifecycle, Lifecycle::Quarantined, "{strategy}");
        assert_eq!((good.lifecycle, good.limits[0].used), (Lifecycle::Up, 0), "{strategy}");
        end_clean(&handle).await;
    }
}
