use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{BY, WHY, ms, parked, stubborn};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_query_during_a_shutdown_is_answered_at_once() {
    let tree = SupervisorSpec::root()
        .shutdown_budget(ms(1_000_000))
        .child(ChildSpec::new("deaf", stubborn()).grace(Grace::After(ms(60_000))))
        .child(ChildSpec::new("good", parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    let asked = handle.clone();
    let shutdown = tokio::spawn(async move { asked.shutdown_tree(BY, WHY).await });
    sleep(ms(1)).await;
    let asked_at = tokio::time::Instant::now();

    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/deaf").unwrap().lifecycle, Lifecycle::Stopping);
    assert_eq!(state.get("/root/good").unwrap().lifecycle, Lifecycle::Down);
    assert_eq!(handle.state_of("/root").await.unwrap().lifecycle, Lifecycle::Stopping);
    let late = handle.add_child("/root", ChildSpec::new("late", parked()), BY, WHY).await;
    assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");
    let late = handle.wait_until_ready("/root/good").await;
    assert!(matches!(late, Err(SupervisorError::ShuttingDown)), "{late:?}");

    assert_eq!(asked_at.elapsed(), ms(0));
    assert!(!shutdown.is_finished());
    assert_eq!(shutdown.await.unwrap().unwrap().exit_code(), 2);
}
