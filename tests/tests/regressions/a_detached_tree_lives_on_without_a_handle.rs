use rust_supervisor::report::RowEnd;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{BY, Lives, WHY, alive_tasks, ms, until};
use tokio::sync::oneshot;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_detached_tree_lives_on_without_a_handle() {
    let base = alive_tasks();
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
    handle.detach();
    drop(handle);
    sleep(ms(100_000)).await;
    assert_eq!(lives.total().over, 0);

    // The only way in that is left.
    let weak = told.await.unwrap();
    assert_eq!(weak.state_of("/root/a").await.unwrap().lifecycle, Lifecycle::Up);
    // The report, or that the end has begun: whichever it is by then.
    drop(weak.shutdown_tree(BY, WHY).await);
    until("all tasks are gone", || alive_tasks() == base).await;
    let report = weak.join().await.unwrap();
    assert!(report.rows.iter().all(|row| matches!(row.end, RowEnd::Ended(_))), "{report}");
}
