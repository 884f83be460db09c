//! The panic hook, in a program of its own: it is put before the program's, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::Exit;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{end_clean, every, ms};

#[tokio::test(start_paused = true)]
async fn the_programs_hook_sees_each_panic_once_and_the_place_is_known() {
    let seen = Arc::new(AtomicU32::new(0));
    let counts = Arc::clone(&seen);
    std::panic::set_hook(Box::new(move |_| {
        counts.fetch_add(1, Ordering::SeqCst);
    }));
    for trees in 1..=3 {
        let bad = service_fn(async |_: TaskContext| -> () { panic!("again") });
        let child = ChildSpec::new("bad", bad).backoff(every(ms(60_000)));
        let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
        tokio::time::sleep(ms(1_000)).await;
        assert_eq!(seen.load(Ordering::SeqCst), trees, "each tree has one panic");
        let state = handle.state_of("/root/bad").await.unwrap();
        let Some(Exit::Panicked(message)) = state.last_exit() else { panic!("{state:?}") };
        assert!(message.location().unwrap().contains("panic_hook.rs:"), "{message:?}");
        end_clean(&handle).await;
    }
}
