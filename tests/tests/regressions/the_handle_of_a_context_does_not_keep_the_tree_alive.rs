use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, Lives, WHY, ms, parked, until};
use tokio::sync::oneshot;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn the_handle_of_a_context_does_not_keep_the_tree_alive() {
    let lives = Lives::default();
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let talks = service_fn(move |ctx: TaskContext| {
        tell.lock().unwrap().take().unwrap().send(ctx.supervisor()).unwrap();
        async move { ctx.stopped().await }
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("talks", talks));
    let handle = Supervisor::start(tree).await.unwrap();
    let weak = told.await.unwrap();
    drop(handle);
    until("the tree has ended", || lives.total().over == 1).await;
    let joined = weak.join().await;
    assert!(joined.is_ok() || matches!(joined, Err(SupervisorError::ShuttingDown)));
    sleep(ms(1)).await;
    assert!(weak.join().await.unwrap().is_clean());
    for late in [
        weak.start_child("/root/a", BY, WHY).await,
        weak.restart_child("/root/a", BY, WHY).await,
        weak.add_child("/root", ChildSpec::new("late", parked()), BY, WHY).await,
        weak.wait_until_ready("/root/a").await,
    ] {
        assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
    }
}
