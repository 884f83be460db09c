//! A service for `tests/signals.rs`, which is told how to behave and then sent signals.

use std::convert::Infallible;
use std::time::Duration;

use rust_supervisor::event::EventKind;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::prelude::{BlockingContext, ShutdownReport, SupervisorError, TaskContext};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::{blocking_fn, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ShutdownReport, SupervisorError> {
    let good = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let tree = SupervisorSpec::root().child(ChildSpec::new("good", good));
    let tree = match std::env::args().nth(1).as_deref() {
        Some("deaf") => {
            let deaf = service_fn(async |ctx: TaskContext| {
                ctx.stopped().await;
                println!("stopping");
                std::future::pending::<()>().await;
            });
            tree.child(ChildSpec::new("deaf", deaf).grace(Grace::Infinite))
                .shutdown_budget(Duration::from_hours(1))
        }
        Some("stuck") => {
            let stuck = blocking_fn(|_: BlockingContext| -> Infallible {
                loop {
                    std::thread::park();
                }
            });
            let short = Duration::from_millis(5);
            let stuck = ChildSpec::new("stuck", stuck).grace(Grace::After(short)).abort_wait(short);
            tree.child(stuck)
        }
        Some("busy") => return on_threads(tree),
        Some("melts") => {
            let flaky = service_fn(async |ctx: TaskContext| {
                let _: bool = ctx.sleep(Duration::from_millis(1)).await;
                Err::<(), _>("out of luck")
            });
            let nothing = Duration::from_mins(1);
            tree.intensity(0, nothing).child(ChildSpec::new("flaky", flaky))
        }
        Some("refuses") => {
            let refuses = service_fn(|ctx: TaskContext| {
                assert!(ctx.is_stopping(), "no thanks");
                async {}
            });
            tree.child(ChildSpec::new("refuses", refuses))
        }
        _ => tree,
    };
    let Some(file) = std::env::args().nth(2) else {
        let handle = Supervisor::start(tree).await?;
        println!("up");
        return handle.run_until_signal().await;
    };
    let mut tree = Supervisor::builder(tree).config_file(file);
    let mut events = tree.subscribe_events();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            if let EventKind::Reconfigured { .. } = event.kind {
                println!("{event}");
            }
        }
    });
    let handle = tree.start().await?;
    println!("up");
    handle.run_until_signal().await
}

/// Where a task that never yields leaves the others a thread. It also keeps the runtime from ever
/// being dropped.
fn on_threads(tree: SupervisorSpec) -> Result<ShutdownReport, SupervisorError> {
    let busy = service_fn(async |_: TaskContext| -> Infallible {
        loop {
            std::thread::park();
        }
    });
    let short = Duration::from_millis(5);
    let busy = ChildSpec::new("busy", busy).grace(Grace::After(short)).abort_wait(short);
    let runs = std::thread::spawn(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let handle = Supervisor::start(tree.child(busy)).await?;
            println!("up");
            handle.run_until_signal().await
        })
    });
    runs.join().expect("no panic")
}
