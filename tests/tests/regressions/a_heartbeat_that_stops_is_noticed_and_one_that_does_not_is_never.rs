use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::Exit;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{end_clean, ms};
use tokio::time::sleep;

use crate::state;

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_stops_is_noticed_and_one_that_does_not_is_never() {
    let beats = |times: u32| {
        service_fn(move |ctx: TaskContext| async move {
            for _ in 0..times {
                ctx.heartbeat();
                if !ctx.sleep(ms(500)).await {
                    return;
                }
            }
            ctx.stopped().await;
        })
    };
    let child = |id: &str, times| ChildSpec::new(id, beats(times)).health(ms(500), ms(2_000));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(child("stops", 3))
        .child(child("goes_on", u32::MAX));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(3_600_000)).await;
    let stops = state(&handle, "/root/stops").await;
    let exits = &stops.last_exits;
    assert!(stops.restarts > 100, "{stops:?}");
    assert!(exits.iter().all(|exit| matches!(exit.exit, Exit::TimedOut(_))), "{exits:?}");
    assert_eq!(state(&handle, "/root/goes_on").await.generation.0, 1);
    end_clean(&handle).await;
}
