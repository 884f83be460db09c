use rust_supervisor::policy::decision::Rule;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass};
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{every, ms};
use tokio::time::sleep;

use crate::state;

#[tokio::test(start_paused = true)]
async fn a_class_is_decided_by_type() {
    // The texts say the opposite of the types.
    let fails = |kind, text: &'static str| {
        service_fn(move |_: TaskContext| {
            std::future::ready(Err::<(), _>(TaskFailure::new(kind, text)))
        })
    };
    let once = |id: &str, kind, text| {
        ChildSpec::new(id, fails(kind, text))
            .backoff(every(ms(1_000)))
            .on_failure(FailureClass::Timeout, ClassPatch::NONE.restart_limit(0, ms(1)))
    };
    let tree = SupervisorSpec::root()
        .child(once("a", TaskFailureKind::Recoverable, "fatal_bug: timeout: panicked"))
        .child(once("b", TaskFailureKind::FatalBug, "temporary, recoverable"))
        .child(once("c", TaskFailureKind::Timeout, "recoverable"));
    let handle = Supervisor::start(tree).await.unwrap();
    sleep(ms(1)).await;
    let rule = async |path: &str| state(&handle, path).await.last_decision.unwrap().rule();
    assert_eq!(rule("/root/a").await, Rule::Permanent);
    assert_eq!(rule("/root/b").await, Rule::FatalFailure);
    assert_eq!(rule("/root/c").await, Rule::ClassLimit(FailureClass::Timeout));
}
