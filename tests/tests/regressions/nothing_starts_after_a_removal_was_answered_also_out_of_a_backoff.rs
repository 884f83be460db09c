use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{BY, Lives, WHY, end_clean, every, ms};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn nothing_starts_after_a_removal_was_answered_also_out_of_a_backoff() {
    let lives = Lives::default();
    let flaky = lives.child(async |_| Err("no luck"));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("flaky", flaky).backoff(every(ms(50))))
        .child(ChildSpec::new("steady", lives.parked()));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(handle.state_of("/root/flaky").await.unwrap().lifecycle, Lifecycle::Restarting);

    for name in ["/root/flaky", "/root/steady"] {
        let outcome = handle.remove_child(name, BY, WHY).await.unwrap();
        assert_eq!(outcome.lifecycle, None);
        let count = lives.of(name);
        assert_eq!(count.begun, count.over, "{name}");
        sleep(ms(100_000)).await;
        assert_eq!(lives.of(name), count, "{name}");
        let gone = handle.state_of(name).await;
        assert!(matches!(gone, Err(SupervisorError::UnknownPath { .. })), "{gone:?}");
    }
    end_clean(&handle).await;
}
