use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use supervisor_tests::{BY, Lives, WHY, end_clean};

#[tokio::test(start_paused = true)]
async fn a_removed_child_stays_removed_over_a_restart_of_its_supervisor() {
    let lives = Lives::default();
    let inner = SupervisorSpec::new("inner")
        .child(ChildSpec::new("a", lives.parked()))
        .child(ChildSpec::new("b", lives.parked()));
    let handle = Supervisor::start(SupervisorSpec::root().child(inner)).await.unwrap();
    handle.remove_child("/root/inner/a", BY, WHY).await.unwrap();
    handle.restart_child("/root/inner", BY, WHY).await.unwrap();

    assert_eq!(lives.of("/root/inner/a").begun, 1);
    assert_eq!(lives.of("/root/inner/b").begun, 2);
    let state = handle.current_state().await.unwrap();
    assert!(state.get("/root/inner/a").is_none(), "{state}");
    end_clean(&handle).await;
}
