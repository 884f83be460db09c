//! Every order in which a run, its helpers and whoever asks it to stop can do things.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use loom::thread;

use super::cell::{Reports, RunCell};
use super::context::TaskContext;
use super::result::TaskResult;
use super::run::{HelperFuture, MainPlace};
use crate::control::handle::SupervisorHandle;
use crate::core::input::RunEnd;
use crate::core::key::RunKey;
use crate::core::time::Uptime;
use crate::id::ChildPath;
use crate::observe::span::RunSpan;

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Waits in this thread, and says whether that was over at once, and who is told otherwise.
fn wait(ctx: &TaskContext) -> (bool, Arc<Count>) {
    let told = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&told));
    let mut stopped = Box::pin(ctx.stopped());
    let is_over = stopped.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(());
    // It goes on waiting, as a task that sleeps does.
    std::mem::forget(stopped);
    (is_over, told)
}

#[test]
fn whoever_waits_is_told_however_it_falls_together() {
    loom::model(|| {
        let (ctx, run) = TaskContext::for_test();
        let stop = thread::spawn(move || run.stop());
        let (is_over, told) = wait(&ctx);
        stop.join().expect("it is asked to stop");
        assert!(is_over || told.so_far() == 1, "it waits for ever");
    });
}

#[test]
fn two_who_wait_are_told_and_one_that_has_gone_takes_nothing_from_the_other() {
    loom::model(|| {
        let (ctx, run) = TaskContext::for_test();
        let stop = thread::spawn(move || run.stop());
        let other = ctx.clone();
        let gone = thread::spawn(move || {
            let mut stopped = Box::pin(other.stopped());
            drop(stopped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        });
        let (is_over, told) = wait(&ctx);
        stop.join().expect("it is asked to stop");
        gone.join().expect("it is gone");
        assert!(is_over || told.so_far() == 1, "it waits for ever");
    });
}

#[test]
fn a_token_that_is_made_while_the_run_is_asked_to_stop_says_so() {
    loom::model(|| {
        let (ctx, run) = TaskContext::for_test();
        let stop = thread::spawn(move || run.stop());
        let token = ctx.stop_token();
        stop.join().expect("it is asked to stop");
        assert!(token.is_cancelled(), "it is never told");
    });
}

#[derive(Default)]
struct Ends(AtomicUsize);

impl Reports for Arc<Ends> {
    fn ready(&self, _: RunKey) {}

    fn uptime(&self) -> Uptime {
        Uptime::ZERO
    }

    fn ended(&self, _: RunKey, _: RunEnd) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn helper_panicked(&self, _: RunKey) {}

    fn handle(&self) -> SupervisorHandle {
        SupervisorHandle::of_no_tree()
    }
}

#[test]
fn whoever_is_the_last_to_go_reports_the_end_once() {
    loom::model(|| {
        let ends = Arc::new(Ends::default());
        let reports = Arc::new(Box::new(Arc::clone(&ends)) as Box<dyn Reports>);
        let cell = RunCell::new(RunKey::for_test(), ChildPath::root(), reports, RunSpan::NONE);
        let helpers = [(); 2].map(|()| HelperFuture::for_loom(&cell));
        let mut main = MainPlace::new(Arc::clone(&cell));
        let helpers = helpers.map(|helper| thread::spawn(move || drop(helper)));
        main.give_up(RunEnd::Returned(TaskResult::Succeeded));
        for helper in helpers {
            helper.join().expect("it is gone");
        }
        assert_eq!(ends.0.load(Ordering::SeqCst), 1);
    });
}
