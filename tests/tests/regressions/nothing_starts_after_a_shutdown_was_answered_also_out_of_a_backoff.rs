use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use supervisor_tests::{Lives, end_clean, every, ms};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn nothing_starts_after_a_shutdown_was_answered_also_out_of_a_backoff() {
    let lives = Lives::default();
    let flaky = lives.child(async |_| Err("no luck"));
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("waits", flaky.clone()).backoff(every(ms(50))))
        .child(ChildSpec::new("spins", flaky.clone()).backoff(Backoff::NONE))
        .child(
            SupervisorSpec::new("inner")
                .intensity(u32::MAX, ms(1))
                .child(ChildSpec::new("waits", flaky).backoff(every(ms(70)))),
        );
    let handle = Supervisor::start(tree).await.unwrap();
    // The one that spins never lets the paused clock move by itself.
    tokio::time::advance(ms(60)).await;
    let waiting = handle.state_of("/root/waits").await.unwrap();
    assert_eq!(waiting.lifecycle, Lifecycle::Restarting);
    end_clean(&handle).await;
    let before = lives.total();
    assert_eq!(before.begun, before.over);
    sleep(ms(100_000)).await;
    assert_eq!(lives.total(), before);
}
