use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use supervisor_tests::{Lives, alive_tasks, failing, ms, until};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_leaves_no_task_behind() {
    let base = alive_tasks();
    let lives = Lives::default();
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("flaky", failing()).restart_limit(1, ms(1_000)))
        .child(SupervisorSpec::new("inner").child(ChildSpec::new("b", lives.parked())));
    let handle = Supervisor::start(tree).await.unwrap();
    let second = handle.clone();
    drop(handle);
    sleep(ms(10_000)).await;
    assert_eq!(lives.total().over, 0, "a handle is left");
    let mut events = second.subscribe_events();
    drop(second);
    while events.next().await.is_some() {}
    until("all tasks are gone", || alive_tasks() == base).await;
    assert_eq!((lives.total().begun, lives.total().over), (2, 2));
}
