use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use tokio::sync::Notify;

use super::BATCH;
use crate::control::handle::SupervisorHandle;
use crate::policy::dependency::StartMode;
use crate::policy::restart::Restart;
use crate::runtime::supervisor::Supervisor;
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;

/// More than are announced at once, so that the first of the others ends before its turn has come.
const PARKED: usize = BATCH + 12;
const BRIEF: usize = 60;

#[tokio::test]
async fn a_run_that_ends_before_it_is_announced_was_ready_all_the_same() {
    let parked = service_fn(async |ctx: TaskContext| ctx.stopped().await);
    let brief = service_fn(async |_: TaskContext| Err::<(), _>("at once"));
    let tree = SupervisorSpec::root().start(StartMode::Parallel);
    let tree = (0..PARKED + BRIEF).fold(tree, |tree, n| {
        let task = if n < PARKED { &parked } else { &brief };
        tree.child(ChildSpec::new(format!("c{n}"), task.clone()).restart(Restart::Temporary))
    });
    let handle = Supervisor::start(tree).await.expect("a run that fails was started");
    handle.wait_until_settled().await.expect("it lives");
    let events = handle.journal();
    let count = |name| events.iter().filter(|event| event.kind.name() == name).count();
    // With the tree itself.
    assert_eq!((count("ready"), count("exited")), (PARKED + BRIEF + 1, BRIEF));
    handle.shutdown_tree("test", "done").await.expect("it lives");
}

/// Looks into the journal when it is woken: at the moment of the answer.
struct Look {
    handle: SupervisorHandle,
    seen: Mutex<Vec<&'static str>>,
}

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        let names = self.handle.journal().iter().map(|event| event.kind.name()).collect();
        *self.seen.lock().expect("nobody panics with it") = names;
    }
}

#[tokio::test]
async fn who_asks_is_answered_when_what_was_decided_before_can_be_found() {
    let (end, ask) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let its = Arc::clone(&end);
    let brief = service_fn(move |_: TaskContext| {
        let its = Arc::clone(&its);
        async move { its.notified().await }
    });
    let brief = ChildSpec::new("brief", brief).restart(Restart::Temporary);
    let handle = Supervisor::start(SupervisorSpec::root().child(brief)).await.expect("it starts");
    handle.wait_until_settled().await.expect("it lives");
    let look = Arc::new(Look { handle: handle.clone(), seen: Mutex::default() });
    let (its, asker, waker) = (Arc::clone(&ask), handle.clone(), Waker::from(Arc::clone(&look)));
    let asks = tokio::spawn(async move {
        its.notified().await;
        let mut state = Box::pin(asker.state_of("/root"));
        assert!(state.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        tokio::task::yield_now().await;
        state.await.expect("it lives");
    });
    tokio::task::yield_now().await;
    // One after the other, and both before the supervisor has its turn.
    end.notify_one();
    ask.notify_one();
    asks.await.expect("it was answered");
    let seen = look.seen.lock().expect("nobody panics with it").clone();
    assert!(seen.contains(&"exited"), "{seen:?}");
    handle.shutdown_tree("test", "done").await.expect("it lives");
}
