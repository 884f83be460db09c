use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{BY, Lives, WHY, end_clean, ms};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_resumed_child_runs_again() {
    let lives = Lives::default();
    let tree = SupervisorSpec::root().child(ChildSpec::new("a", lives.parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    handle.pause_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!((lives.total().begun, lives.total().over), (1, 1));
    let outcome = handle.resume_child("/root/a", BY, WHY).await.unwrap();
    assert_eq!((outcome.lifecycle, outcome.generation.0), (Some(Lifecycle::Up), 2));
    sleep(ms(1)).await;
    assert_eq!((lives.total().begun, lives.total().over), (2, 1));
    end_clean(&handle).await;
}
