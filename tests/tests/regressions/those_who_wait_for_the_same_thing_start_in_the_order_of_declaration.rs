use std::sync::{Arc, Mutex};

use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::restart::Restart;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskFactory, service_fn};
use supervisor_tests::{BY, WHY, ms, parked};
use tokio::time::sleep;

/// `guest` is added where a temporary child was, before `clerk` in memory and after it in the
/// tree. Both wait for `bank`, and the place in memory decided who was first.
#[tokio::test(start_paused = true)]
async fn those_who_wait_for_the_same_thing_start_in_the_order_of_declaration() {
    let started = Arc::<Mutex<Vec<String>>>::default();
    let says_so = |lasts: u64| -> TaskFactory {
        let started = Arc::clone(&started);
        service_fn(move |ctx: TaskContext| {
            let started = Arc::clone(&started);
            async move {
                started.lock().unwrap().push(ctx.path().to_string());
                if ctx.generation().0 == 1 {
                    sleep(ms(lasts)).await;
                    return Err("told to");
                }
                ctx.stopped().await;
                Ok(())
            }
        })
    };
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("bank", parked()))
        .child(ChildSpec::new("visitor", service_fn(async |_| ())).restart(Restart::Temporary))
        .child(ChildSpec::new("clerk", says_so(100)).depends_on("bank").backoff(Backoff::NONE));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(50)).await;
    handle.stop_child("/root/bank", BY, WHY).await.unwrap();
    sleep(ms(100)).await;
    let guest = ChildSpec::new("guest", says_so(100_000)).depends_on("bank");
    handle.add_child("/root", guest, BY, WHY).await.unwrap();
    assert_eq!(*started.lock().unwrap(), ["/root/clerk"]);
    handle.start_child("/root/bank", BY, WHY).await.unwrap();
    sleep(ms(10)).await;
    assert_eq!(*started.lock().unwrap(), ["/root/clerk", "/root/clerk", "/root/guest"]);
    handle.shutdown_tree(BY, WHY).await.unwrap();
}
