use super::BATCH;
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
