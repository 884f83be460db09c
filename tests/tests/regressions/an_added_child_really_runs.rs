use std::sync::Arc;

use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, WHY, end_clean};
use tokio::sync::oneshot;

#[tokio::test(start_paused = true)]
async fn an_added_child_really_runs() {
    let handle = Supervisor::start(SupervisorSpec::root()).await.unwrap();
    let (tell, told) = oneshot::channel();
    let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
    let child = service_fn(move |ctx: TaskContext| {
        let tell = tell.lock().unwrap().take();
        async move {
            tell.unwrap().send(ctx.path().clone()).unwrap();
            ctx.stopped().await;
        }
    });
    let outcome = handle.add_child("/root", ChildSpec::new("new", child), BY, WHY).await.unwrap();
    assert_eq!(outcome.lifecycle, Some(Lifecycle::Up));
    assert_eq!(told.await.unwrap().as_str(), "/root/new");
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/new").unwrap().lifecycle, Lifecycle::Up);
    end_clean(&handle).await;
}
