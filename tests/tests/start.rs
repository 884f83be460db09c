//! What `Supervisor::start` refuses, and how it says so.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::failure::Criticality;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass};
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::prelude::TaskResult;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::exit::TaskFailure;
use rust_supervisor::task::factory::{blocking_fn, service_fn};
use supervisor_tests::{Lives, alive_tasks, end_clean, ms, parked, poll_once, until};

fn small() -> SupervisorSpec {
    SupervisorSpec::root().child(ChildSpec::new("a", parked()))
}

#[test]
fn a_start_outside_a_runtime_is_an_error_that_says_what_to_do() {
    let mut start = std::pin::pin!(Supervisor::start(small()));
    let std::task::Poll::Ready(answer) = poll_once(start.as_mut()) else { panic!("it waits") };
    let error = answer.unwrap_err();
    assert!(matches!(error, SupervisorError::NoRuntime));
    assert!(format!("{error:?}").contains("#[tokio::main]"), "{error:?}");
}

#[test]
fn a_runtime_without_a_timer_is_an_error_that_says_what_to_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(Supervisor::start(small())).unwrap_err();
    assert!(matches!(error, SupervisorError::NoTimer));
    assert!(error.to_string().contains("enable_time"), "{error}");
}

#[test]
fn a_runtime_with_a_timer_and_nothing_else_is_enough() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let handle = Supervisor::start(small()).await.unwrap();
        end_clean(&handle).await;
    });
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_tree_is_said_at_once() {
    let mut wild = Backoff::new(ms(2_000), ms(1_000));
    wild.jitter = 1.5;
    wild.factor = 0.5;
    let tree = SupervisorSpec::root()
        .intensity(5, Duration::ZERO)
        .shutdown_budget(Duration::ZERO)
        .child(ChildSpec::new("a", parked()))
        .child(ChildSpec::new("a", parked()).restart_limit(3, Duration::ZERO))
        .child(ChildSpec::new("has space", parked()))
        .child(ChildSpec::new("wild", parked()).backoff(wild))
        .child(
            SupervisorSpec::new("inner")
                .child(ChildSpec::new("hasty", parked()).grace(Grace::After(Duration::ZERO)))
                .child(ChildSpec::new("once", parked()).restart(Restart::Temporary).significant())
                .child(ChildSpec::new("late", parked()).start_timeout(Duration::ZERO))
                .child(ChildSpec::new("gone", parked()).abort_wait(Duration::ZERO))
                .child(ChildSpec::new("probed", parked()).probe_after(Duration::ZERO))
                .child(
                    ChildSpec::new("vital", parked())
                        .criticality(Criticality::Critical)
                        .probe_after(ms(1)),
                ),
        );
    let error = Supervisor::start(tree).await.unwrap_err();
    let SupervisorError::Spec(errors) = &error else { panic!("{error:?}") };
    assert!(errors.violations().iter().all(|violation| violation.path().starts_with("/root")));
    assert_eq!(
        error.to_string(),
        "the tree cannot be started, 14 things are wrong with it:
  `/root`: `intensity` allows 5 restarts within no time at all; give it a window (`within`)
  `/root`: `shutdown budget` is zero; nothing can be done in no time
  `/root/a`: this id is declared twice; siblings need ids of their own
  `/root/a`: `restart_limit` allows 3 restarts within no time at all; give it a window (`within`)
  `/root/has space`: ' ' cannot stand in a child's id: use letters, digits, `_`, `-` or `.`
  `/root/wild`: backoff `initial` (2s) is above `max` (1s)
  `/root/wild`: backoff `factor` is 0.5; it is at least 1, or the wait would shrink
  `/root/wild`: backoff `jitter` is 1.5; it is a share of the wait, between 0 and 1
  `/root/inner/hasty`: `grace` is below 1ms (0s); a run that is asked to stop needs time to do so
  `/root/inner/once`: it is significant, but its supervisor's `auto_shutdown` is `never`
  `/root/inner/late`: `start_timeout` is zero; nothing can be done in no time
  `/root/inner/gone`: `abort_wait` is below 1ms (0s); a run that is aborted needs time to go
  `/root/inner/probed`: `probe_after` is zero; nothing can be done in no time
  `/root/inner/vital`: `probe_after` means nothing here: its `on_limit` is `escalate`, and only what is quarantined is started as a trial"
    );
}

#[test]
fn what_means_nothing_for_a_temporary_child_is_refused() {
    let once = |id: &str| ChildSpec::new(id, parked()).restart(Restart::Temporary);
    let patient = ClassPatch::NONE.restart_limit(3, ms(1_000));
    let tree = SupervisorSpec::root()
        .child(once("waits").backoff(Backoff::new(ms(1), ms(2))))
        .child(once("counts").restart_limit(3, ms(1_000)))
        .child(once("tells_apart").on_failure(FailureClass::Timeout, patient))
        .child(once("is_probed").probe_after(ms(1_000)));
    let error = tree.validate().unwrap_err().to_string();
    for (id, key) in [
        ("waits", "backoff"),
        ("counts", "restart_limit"),
        ("tells_apart", "on_failure"),
        ("is_probed", "probe_after"),
    ] {
        let expected = format!(
            "`/root/{id}`: `{key}` means nothing here: the child is temporary and never restarted"
        );
        assert!(error.contains(&expected), "no `{expected}` in\n{error}");
    }
    // As a default it is for those for whom it means something.
    let mut by_default = PolicyPatch::NONE;
    by_default.backoff = Backoff::new(ms(1), ms(2)).into();
    assert!(SupervisorSpec::root().defaults(by_default).child(once("a")).validate().is_ok());
}

#[tokio::test]
async fn a_limit_of_zero_needs_no_window_and_any_other_does() {
    let nothing_at_all = small().intensity(0, Duration::ZERO);
    end_clean(&Supervisor::start(nothing_at_all).await.unwrap()).await;
    let error = Supervisor::start(small().intensity(1, Duration::ZERO)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the tree cannot be started: `/root`: `intensity` allows 1 restarts within no time at all; \
         give it a window (`within`)"
    );
}

#[tokio::test(start_paused = true)]
async fn a_tree_that_does_not_start_names_the_child_and_the_cause() {
    #[derive(Debug)]
    struct Refused(std::io::Error);
    impl std::fmt::Display for Refused {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot reach the bank")
        }
    }
    impl std::error::Error for Refused {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let base = alive_tasks();
    let lives = Lives::default();
    let bad = service_fn(async |_: TaskContext| {
        let refused = Refused(std::io::Error::other("connection refused"));
        Err::<(), _>(TaskFailure::new(TaskFailureKind::ExternalDependency, refused))
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("first", lives.parked()))
        .child(
            SupervisorSpec::new("payments")
                .child(ChildSpec::new("second", lives.parked()))
                .child(ChildSpec::new("ledger", bad).readiness(Readiness::Explicit))
                .child(ChildSpec::new("never", lives.parked())),
        )
        .child(ChildSpec::new("never", lives.parked()));
    let error = Supervisor::start(tree).await.unwrap_err();
    // What `fn main` prints when it returns it.
    assert_eq!(
        format!("{error:?}"),
        "the tree did not start, because `/root/payments/ledger` failed to start\n  \
         because: failed: cannot reach the bank: connection refused"
    );
    assert_eq!((lives.total().begun, lives.total().over), (2, 2));
    until("all tasks are gone", || alive_tasks() == base).await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_never_says_that_it_is_ready_times_out() {
    let lives = Lives::default();
    let tree = SupervisorSpec::root().child(
        ChildSpec::new("mute", lives.parked())
            .readiness(Readiness::Explicit)
            .start_timeout(ms(700)),
    );
    let began = tokio::time::Instant::now();
    let error = Supervisor::start(tree).await.unwrap_err();
    assert_eq!(began.elapsed(), ms(700));
    assert!(format!("{error:?}").contains("because: timed out: it was not ready"), "{error:?}");
    assert_eq!((lives.total().begun, lives.total().over), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn children_start_in_their_order_and_each_waits_for_the_one_before() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let says = |name: &'static str, wait: u64| {
        let order = Arc::clone(&order);
        service_fn(move |ctx: TaskContext| {
            let order = Arc::clone(&order);
            async move {
                order.lock().unwrap().push(format!("{name} begins"));
                if ctx.sleep(ms(wait)).await {
                    order.lock().unwrap().push(format!("{name} ready"));
                    ctx.ready();
                }
                ctx.stopped().await;
                order.lock().unwrap().push(format!("{name} ends"));
            }
        })
    };
    let child = |name, wait| ChildSpec::new(name, says(name, wait)).readiness(Readiness::Explicit);
    let tree = SupervisorSpec::root()
        .child(child("a", 100))
        .child(SupervisorSpec::new("inner").child(child("b", 50)))
        .child(child("c", 1));
    let handle = Supervisor::start(tree).await.unwrap();
    assert_eq!(handle.current_state().await.unwrap().uptime, ms(151));
    end_clean(&handle).await;
    assert_eq!(
        *order.lock().unwrap(),
        [
            "a begins", "a ready", "b begins", "b ready", "c begins", "c ready", "c ends",
            "b ends", "a ends"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_has_nothing_to_do_is_no_error() {
    let idle = service_fn(async |_: TaskContext| TaskResult::Ignored);
    let tree =
        small().child(ChildSpec::new("idle", idle.clone()).readiness(Readiness::Explicit)).child(
            ChildSpec::new("gone", idle).readiness(Readiness::Explicit).restart(Restart::Temporary),
        );
    let handle = Supervisor::start(tree).await.unwrap();
    let state = handle.current_state().await.unwrap();
    assert_eq!(state.get("/root/idle").unwrap().lifecycle, Lifecycle::Down);
    assert!(state.get("/root/gone").is_none());
    end_clean(&handle).await;
}

#[tokio::test]
async fn a_blocking_child_runs_on_a_thread_with_its_name_inside_the_runtime() {
    let (tell, told) = std::sync::mpsc::channel();
    let child = blocking_fn(move |ctx: BlockingContext| {
        let name = std::thread::current().name().map(str::to_owned);
        // Tokio is there for those who need it.
        drop(tokio::spawn(async {}));
        ctx.ready();
        tell.send((name, ctx.path().to_string(), ctx.generation().0)).unwrap();
        while ctx.sleep(Duration::from_secs(1_000)) {}
        assert!(ctx.is_stopping() && ctx.stop_token().is_cancelled());
    });
    let child = ChildSpec::new("compactor", child).readiness(Readiness::Explicit);
    let handle = Supervisor::start(SupervisorSpec::root().child(child)).await.unwrap();
    let seen = told.recv().unwrap();
    assert_eq!(seen, (Some("compactor".to_owned()), "/root/compactor".to_owned(), 1));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn a_wide_tree_and_a_deep_one_start_and_end() {
    let lives = Lives::default();
    let spec = ChildSpec::new("c", lives.parked());
    let mut wide = SupervisorSpec::root();
    for n in 0..3_000 {
        wide = wide.child(spec.with_id(format!("c{n}")));
    }
    let handle = Supervisor::start(wide).await.unwrap();
    assert_eq!(handle.current_state().await.unwrap().children.len(), 3_001);
    end_clean(&handle).await;

    let mut deep = SupervisorSpec::new("s").child(spec);
    for _ in 0..62 {
        deep = SupervisorSpec::new("s").child(deep);
    }
    let handle = Supervisor::start(SupervisorSpec::root().child(deep.clone())).await.unwrap();
    end_clean(&handle).await;
    assert_eq!((lives.total().begun, lives.total().over), (3_001, 3_001));
    let too_deep = SupervisorSpec::root().child(SupervisorSpec::new("s").child(deep));
    let error = Supervisor::start(too_deep).await.unwrap_err();
    assert!(error.to_string().contains("nested more than 64 deep"), "{error}");
}
