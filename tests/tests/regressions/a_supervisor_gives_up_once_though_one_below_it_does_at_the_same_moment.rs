use rust_supervisor::event::EventKind;
use rust_supervisor::policy::restart::{Readiness, Strategy};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use rust_supervisor::task::result::TaskResult;
use supervisor_tests::{BY, WHY, drain, ms};
use tokio::time::sleep;

use crate::state;

/// `ledger` and `clerk` fail before `drawer` says that it has nothing to do, so that nothing is
/// decided. Then `till` gives up for `clerk`, and `desk` for `ledger`; and the end of `till` was
/// decided about by a supervisor that was ending already, which gave up a second time.
#[tokio::test(start_paused = true)]
async fn a_supervisor_gives_up_once_though_one_below_it_does_at_the_same_moment() {
    let fails_once = |after: u64| -> TaskFactory {
        service_fn(move |ctx: TaskContext| async move {
            if ctx.generation().0 == 1 {
                sleep(ms(after)).await;
                return Err("told to");
            }
            ctx.stopped().await;
            Ok(())
        })
    };
    let drawer = service_fn(async |ctx: TaskContext| {
        if ctx.generation().0 == 1 {
            sleep(ms(50)).await;
            return TaskResult::Ignored;
        }
        ctx.ready();
        ctx.stopped().await;
        TaskResult::Succeeded
    });
    let till = SupervisorSpec::new("till")
        .intensity(0, ms(1_000))
        .child(ChildSpec::new("clerk", fails_once(10)))
        .child(ChildSpec::new("drawer", drawer).readiness(Readiness::Explicit));
    let desk = SupervisorSpec::new("desk")
        .strategy(Strategy::OneForAll)
        .intensity(0, ms(1_000))
        .child(ChildSpec::new("ledger", fails_once(5)))
        .child(till);
    let mut builder = Supervisor::builder(SupervisorSpec::root().child(desk));
    let mut events = builder.subscribe_events();
    let handle = builder.start().await.unwrap();
    sleep(ms(500)).await;
    let events = drain(&mut events);
    let given_up: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Meltdown { .. }))
        .map(|event| event.path.as_str())
        .collect();
    assert_eq!(given_up, ["/root/desk/till", "/root/desk"]);
    assert_eq!(state(&handle, "/root/desk").await.lifecycle, Lifecycle::Up);
    assert_eq!(state(&handle, "/root/desk").await.generation.0, 2);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
