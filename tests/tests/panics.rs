//! A panic is contained wherever user code runs, and what happened is said.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::policy::failure::TaskFailureKind;
use rust_supervisor::policy::restart::{Readiness, Restart};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::state::Lifecycle;
use rust_supervisor::task::context::{BlockingContext, TaskContext};
use rust_supervisor::task::exit::{Exit, TaskFailure};
use rust_supervisor::task::factory::{TaskFactory, blocking_fn, service_fn};
use rust_supervisor::task::result::TaskResult;
use supervisor_tests::{BY, Lives, WHY, alive_tasks, drain, end_clean, every, ms, until};

/// Panics when it is dropped, unless something panics already.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic_any(self.0);
        }
    }
}

/// An error with no good word for anybody.
struct Nasty {
    says: fn(&mut fmt::Formatter<'_>) -> fmt::Result,
    #[expect(dead_code, reason = "dropped")]
    bomb: Option<Bomb>,
}

impl fmt::Debug for Nasty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.says)(f)
    }
}

impl fmt::Display for Nasty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.says)(f)
    }
}

impl Error for Nasty {}

/// A future that ends as told and panics when it is dropped.
struct Falls {
    end: Option<fn() -> TaskResult>,
    _bomb: Bomb,
}

impl Future for Falls {
    type Output = TaskResult;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<TaskResult> {
        self.end.map_or(Poll::Pending, |end| Poll::Ready(end()))
    }
}

fn falls(end: Option<fn() -> TaskResult>) -> TaskFactory {
    TaskFactory::new(move |_| Ok(Box::pin(Falls { end, _bomb: Bomb("in its destructor") })))
}

/// What `panic!` does, with a type that a child may return.
fn blow_up(message: &str) {
    panic!("{message}")
}

/// A tree with a child that is to notice nothing, and the count of its runs.
async fn with_a_good_child() -> (SupervisorHandle, Lives) {
    let lives = Lives::default();
    let tree = SupervisorSpec::root().child(ChildSpec::new("good", lives.parked()));
    (Supervisor::start(tree).await.unwrap(), lives)
}

async fn good_noticed_nothing(handle: SupervisorHandle, lives: &Lives) {
    assert_eq!((lives.of("/root/good").begun, lives.of("/root/good").over), (1, 0));
    end_clean(&handle).await;
}

#[tokio::test(start_paused = true)]
async fn the_supervisor_survives_a_panic_anywhere_in_a_run_and_says_what_happened() {
    let cases: Vec<(&str, TaskFactory, &str)> = vec![
        (
            "poll",
            service_fn(async |_: TaskContext| {
                tokio::task::yield_now().await;
                blow_up("in the poll");
            }),
            "panicked: in the poll",
        ),
        (
            "poll-with-format",
            service_fn(async |ctx: TaskContext| blow_up(&format!("run {}", ctx.generation()))),
            "panicked: run #1",
        ),
        (
            "local-destructor",
            service_fn(async |_: TaskContext| {
                let _bomb = Bomb("in a local's destructor");
                tokio::task::yield_now().await;
            }),
            "panicked: in a local's destructor",
        ),
        (
            "destructor-after-success",
            falls(Some(|| TaskResult::Succeeded)),
            "panicked: in its destructor",
        ),
        (
            "destructor-after-error",
            falls(Some(|| {
                TaskResult::Failed(TaskFailure::new(
                    TaskFailureKind::default(),
                    "the first trouble",
                ))
            })),
            "panicked: in its destructor",
        ),
        (
            "poll-then-destructor",
            falls(Some(|| panic!("what came first"))),
            "panicked: what came first",
        ),
        (
            "payload",
            service_fn(async |_: TaskContext| -> Result<(), &str> {
                panic_any(Bomb("in the payload"))
            }),
            "panicked: (a panic without a message)",
        ),
        (
            "display",
            service_fn(async |_: TaskContext| {
                Err::<(), _>(Nasty { says: |_| panic!("no words"), bomb: None })
            }),
            "failed: (the error panicked when it was printed: no words)",
        ),
        (
            "error-destructor",
            service_fn(async |_: TaskContext| {
                let bomb = Some(Bomb("in the error"));
                Err::<(), _>(Nasty { says: |f| f.write_str("a bad end"), bomb })
            }),
            "failed: a bad end",
        ),
        (
            "thread",
            blocking_fn(|_: BlockingContext| blow_up("on a thread")),
            "panicked: on a thread",
        ),
    ];
    for (name, task, expected) in cases {
        let base = alive_tasks();
        let (handle, lives) = with_a_good_child().await;
        let mut events = handle.subscribe_events();
        let path = format!("/root/{name}");
        let child = ChildSpec::new(name, task).backoff(every(ms(1_000_000)));
        handle.add_child("/root", child, BY, WHY).await.unwrap();
        let mut seen = Vec::new();
        until("it has ended", || {
            seen.extend(drain(&mut events));
            seen.iter().any(|event| event.kind.name() == "decided")
        })
        .await;

        let said: Vec<_> = seen.iter().map(ToString::to_string).collect();
        let ended = format!("{path} #1  ended: {expected}");
        assert!(said.iter().any(|line| line.ends_with(&ended)), "{name}: {said:#?}");
        let state = handle.state_of(&path).await.unwrap();
        assert_eq!(state.lifecycle, Lifecycle::Restarting, "{name}");
        assert_eq!(state.last_exit().unwrap().to_string(), expected);
        drop(format!("{state:?}"));
        // What it left behind is dropped with it.
        handle.remove_child(&path, BY, WHY).await.unwrap();
        drop((seen, state, events));
        good_noticed_nothing(handle, &lives).await;
        until("all tasks are gone", || alive_tasks() == base).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_destructor_of_an_aborted_run_is_not_hidden() {
    let (handle, lives) = with_a_good_child().await;
    let child = ChildSpec::new("falls", falls(None)).grace(Grace::After(ms(10)));
    handle.add_child("/root", child, BY, WHY).await.unwrap();
    let outcome = handle.stop_child("/root/falls", BY, WHY).await.unwrap();
    assert_eq!(outcome.lifecycle, Some(Lifecycle::Down));
    let state = handle.state_of("/root/falls").await.unwrap();
    assert_eq!(state.last_exit().unwrap().to_string(), "panicked: in its destructor");
    good_noticed_nothing(handle, &lives).await;
}

#[tokio::test(start_paused = true)]
async fn a_factory_that_panics_or_fails_is_a_failed_start() {
    let (handle, lives) = with_a_good_child().await;
    let panics = service_fn(|ctx: TaskContext| {
        assert!(ctx.is_stopping(), "cannot make it");
        async {}
    });
    let fails =
        TaskFactory::new(|_| Err(TaskFailure::new(TaskFailureKind::default(), "no such thing")));
    for (task, expected) in [(panics, "panicked: cannot make it"), (fails, "failed: no such thing")]
    {
        let error =
            handle.add_child("/root", ChildSpec::new("bad", task), BY, WHY).await.unwrap_err();
        let SupervisorError::StartFailed { path, cause } = &error else { panic!("{error:?}") };
        assert_eq!((path.as_str(), &*cause.to_string()), ("/root/bad", expected));
        assert!(handle.state_of("/root/bad").await.is_err(), "nothing is kept of it");
    }
    good_noticed_nothing(handle, &lives).await;
}

// Not under the paused clock, which does not wait for threads.
#[tokio::test]
async fn what_a_factory_has_captured_may_panic_when_the_tree_drops_it() {
    let (handle, lives) = with_a_good_child().await;
    for restart in [Restart::Temporary, Restart::Permanent] {
        let bomb = Bomb("in the factory's destructor");
        let task = service_fn(move |ctx: TaskContext| {
            let _ = &bomb;
            async move { ctx.stopped().await }
        });
        let child = ChildSpec::new("bad", task).restart(restart);
        handle.add_child("/root", child, BY, WHY).await.unwrap();
        handle.remove_child("/root/bad", BY, WHY).await.unwrap();
        let bomb = Bomb("in the work's destructor");
        let work = blocking_fn(move |_: BlockingContext| {
            let _ = &bomb;
        });
        let child = ChildSpec::new("worse", work).restart(Restart::Temporary);
        handle.add_child("/root", child, BY, WHY).await.unwrap();
        while handle.state_of("/root/worse").await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
    good_noticed_nothing(handle, &lives).await;
}

#[tokio::test(start_paused = true)]
async fn the_message_of_a_panic_ends_in_the_error_of_a_tree_that_does_not_start() {
    let lives = Lives::default();
    let bad = service_fn(|ctx: TaskContext| {
        assert!(ctx.is_stopping(), "cannot make it");
        async {}
    });
    let tree = SupervisorSpec::root()
        .child(ChildSpec::new("good", lives.parked()))
        .child(SupervisorSpec::new("inner").child(ChildSpec::new("bad", bad)));
    let error = Supervisor::start(tree).await.unwrap_err();
    let SupervisorError::TreeStart { child, cause } = &error else { panic!("{error:?}") };
    assert_eq!(child.as_str(), "/root/inner/bad");
    assert!(matches!(&cause.0, Exit::Panicked(message) if message.as_str() == "cannot make it"));
    assert_eq!((lives.total().begun, lives.total().over), (1, 1));
}

/// A waker that cannot be woken.
struct Unwakeable;

impl Wake for Unwakeable {
    fn wake(self: Arc<Self>) {
        blow_up("the waker");
    }
}

#[tokio::test]
async fn a_waker_that_panics_does_not_take_the_tree_with_it() {
    let polled = service_fn(|ctx: TaskContext| async move {
        let waker = Waker::from(Arc::new(Unwakeable));
        let (asks, token) = (ctx.clone(), ctx.stop_token());
        let mut stopped = Box::pin(async move { asks.stopped().await });
        let mut cancelled = Box::pin(token.cancelled_owned());
        assert!(stopped.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(cancelled.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        ctx.ready();
        std::future::pending::<()>().await;
    });
    let (handle, lives) = with_a_good_child().await;
    let polled = ChildSpec::new("polled", polled).grace(Grace::After(ms(5)));
    let polled = polled.readiness(Readiness::Explicit);
    handle.add_child("/root", polled, BY, WHY).await.unwrap();
    handle.stop_child("/root/polled", BY, WHY).await.unwrap();
    good_noticed_nothing(handle, &lives).await;
}
