use rust_supervisor::policy::decision::Rule;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass};
use rust_supervisor::policy::restart::Restart;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::service_fn;
use supervisor_tests::{drain, failing, ms};
use tokio::time::sleep;

use crate::state;

#[tokio::test(start_paused = true)]
async fn a_denied_restart_is_visible_with_its_reason() {
    let wrong = || {
        let failure = || TaskFailure::new(TaskFailureKind::FatalConfig, "no schema");
        service_fn(move |_: TaskContext| std::future::ready(Err::<(), _>(failure())))
    };
    let of_class = ClassPatch::NONE.restart_limit(0, ms(1));
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("fatal", wrong()))
        .child(ChildSpec::new("spent", failing()).restart_limit(0, ms(1)))
        .child(ChildSpec::new("class", failing()).on_failure(FailureClass::Recoverable, of_class))
        .child(ChildSpec::new("done", service_fn(async |_| ())).restart(Restart::Transient));
    let mut builder = Supervisor::builder(tree);
    let mut events = builder.subscribe_events();
    let handle = builder.start().await.unwrap();
    sleep(ms(1)).await;
    let current = handle.current_state().await.unwrap().to_string();
    let log: Vec<_> = drain(&mut events).iter().map(ToString::to_string).collect();
    let log = log.join("\n");
    for (id, rule, words) in [
        ("fatal", Rule::FatalFailure, "quarantine (the failure is fatal)"),
        ("spent", Rule::RestartLimit, "quarantine (its restart limit is spent)"),
        (
            "class",
            Rule::ClassLimit(FailureClass::Recoverable),
            "quarantine (its restart limit for `recoverable` is spent)",
        ),
        ("done", Rule::TransientNormal, "do not restart (it is transient and ended normally)"),
    ] {
        let path = format!("/root/{id}");
        let decision = state(&handle, &path).await.last_decision.unwrap();
        assert_eq!((decision.rule(), &*decision.to_string()), (rule, words), "{id}");
        assert!(log.contains(words), "{words}:\n{log}");
        assert!(id == "done" || current.contains(&rule.to_string()), "{rule}:\n{current}");
    }
}
