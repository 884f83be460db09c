use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, end_clean, ms};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn add_child_answers_when_the_child_is_ready_and_not_before() {
    let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
    let is_ready = Arc::new(AtomicBool::new(false));
    let says = Arc::clone(&is_ready);
    let slow = service_fn(move |ctx: TaskContext| {
        let says = Arc::clone(&says);
        async move {
            sleep(ms(500)).await;
            says.store(true, Ordering::SeqCst);
            ctx.ready();
            ctx.stopped().await;
        }
    });
    let slow = ChildSpec::new("slow", slow).readiness(Readiness::Explicit);
    handle.add_child("/root", slow, BY, WHY).await.unwrap();
    assert!(is_ready.load(Ordering::SeqCst));
    end_clean(&handle).await;
}
