//! The first tree.

use std::time::Duration;

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::Strategy;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;

#[tokio::test(start_paused = true)]
async fn smoke() {
    let flaky = service_fn(async |ctx: TaskContext| {
        if !ctx.sleep(Duration::from_secs(1)).await {
            return Ok(());
        }
        if ctx.generation().0 < 3 {
            Err("lost my voice")
        } else {
            ctx.stopped().await;
            Ok(())
        }
    });
    let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let tree = SupervisorSpec::root()
        .strategy(Strategy::RestForOne)
        .child(
            ChildSpec::new("flaky", flaky)
                .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(1))),
        )
        .child(ChildSpec::new("b", parked()))
        .child(SupervisorSpec::new("inner").child(ChildSpec::new("c", parked())));
    let handle = Supervisor::start(tree).await.unwrap();
    let mut events = handle.subscribe_events();
    println!("{}", handle.current_state().await.unwrap());
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("{}", handle.current_state().await.unwrap());
    println!("{:?}", handle.stop_child("/root/iner", "x", "y").await);
    let report = handle.shutdown_tree("me", "done").await.unwrap();
    while let Some(event) = events.next().await {
        println!("{event}");
    }
    println!("{report}");
}
