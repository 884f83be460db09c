use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::parked;
use tokio::sync::oneshot;

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_the_tree_does_not_wait_for_its_own_end() {
    let (tell, told) = oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let ender = service_fn(move |ctx: TaskContext| {
        let tell = tell.lock().unwrap().take().unwrap();
        async move {
            let answer = ctx.supervisor().shutdown_tree("ender", "it is time").await;
            let again = ctx.supervisor().wait_until_ready("/root/slow").await;
            tell.send((answer, again)).unwrap();
        }
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("slow", parked()))
        .child(ChildSpec::new("ender", ender).grace(Grace::Infinite));
    let handle = Supervisor::start(tree).await.unwrap();
    let report = handle.join().await.unwrap();
    assert!(report.is_clean(), "{report}");
    let (answer, again) = told.await.unwrap();
    assert!(matches!(answer, Err(SupervisorError::ShuttingDown)), "{answer:?}");
    // It is up still: its turn to be stopped has not come.
    assert_eq!(again.unwrap().lifecycle, Some(Lifecycle::Up));
}
