use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{Lives, end_clean, every, ms};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_factory_that_panics_kills_nothing_else() {
    let lives = Lives::default();
    let calls = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&calls);
    let bad = service_fn(move |ctx: TaskContext| {
        let call = seen.fetch_add(1, Ordering::SeqCst);
        assert!(call.is_multiple_of(2), "cannot make number {call}");
        async move {
            let _: bool = ctx.sleep(ms(10)).await;
        }
    });
    let tree = SupervisorSpec::root()
        .intensity(u32::MAX, ms(1))
        .child(ChildSpec::new("good", lives.parked()))
        .child(ChildSpec::new("bad", bad).backoff(every(ms(10))));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1_000)).await;
    assert!(calls.load(Ordering::SeqCst) > 20);
    assert_eq!(lives.of("/root/good").begun, 1);
    let bad = handle.state_of("/root/bad").await.unwrap();
    assert!(bad.last_exits.iter().any(|record| record.exit.word() == "panicked"), "{bad:?}");
    end_clean(&handle).await;
}
