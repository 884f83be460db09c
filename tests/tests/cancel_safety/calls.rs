//! One call of every async function of the handles of a running tree.

use std::future::Future;
use std::pin::Pin;

use rust_supervisor::policy::restart::Readiness;
use rust_supervisor::prelude::*;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::TaskFactory;
use supervisor_tests::{BY, Lives, WHY, ms};

use crate::stage::{App, Subject};

/// What a call leaves when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It asks, and changes nothing.
    None,
    /// Polled once, all of it.
    AtOnce,
    /// Nothing until it has read something, then all of it.
    OnceRead,
}

type Make = fn(Subject, Lives) -> Pin<Box<dyn Future<Output = ()>>>;

pub(crate) struct Call {
    /// The function, by its type and name.
    pub(crate) function: &'static str,
    /// How it is called, where that is done in more than one way.
    pub(crate) how: &'static str,
    pub(crate) effect: Effect,
    /// Whether it is a call on what only the starter of the tree has.
    pub(crate) is_of_the_app: bool,
    pub(crate) make: Make,
}

/// Rows of a function, how it is called, what it leaves, and the call.
macro_rules! calls {
    ($($effect:ident $function:literal $(($how:literal))?
        |$subject:ident, $lives:ident| $call:expr;)*) => {
        vec![$(Call {
            function: $function,
            how: concat!($($how)?),
            effect: Effect::$effect,
            is_of_the_app: false,
            make: |$subject, $lives| Box::pin(async move {
                let _lives = &$lives;
                let _what_it_comes_to = $call.await;
            }),
        }),*]
    };
}

/// Those that a child can make, too, by what its context gives it.
#[rustfmt::skip]
fn calls_of_handles() -> Vec<Call> {
    calls! {
        AtOnce "SupervisorHandle::add_child" |on, lives|
            on.handle.add_child("/root", ChildSpec::new("new", lives.parked()), BY, WHY);
        AtOnce "SupervisorHandle::add_child" ("slow") |on, lives|
            on.handle.add_child("/root/inner", slow(&lives), BY, WHY);
        AtOnce "SupervisorHandle::add_child" ("that fails") |on, lives|
            on.handle.add_child("/root", failing(&lives), BY, WHY);
        AtOnce "SupervisorHandle::add_child" ("a tree") |on, lives|
            on.handle.add_child("/root", SupervisorSpec::new("new").child(slow(&lives)), BY, WHY);
        AtOnce "SupervisorHandle::spawn_member" |on, lives|
            on.handle.spawn_member("/root/sessions", "eve", 1_u64, BY, WHY);
        AtOnce "SupervisorHandle::spawn_next_member" |on, lives|
            on.handle.spawn_next_member("/root/sessions", 1_u64, BY, WHY);
        OnceRead "SupervisorHandle::add_by_manifest" |on, lives|
            on.handle.add_by_manifest(MANIFEST, BY, WHY);
        AtOnce "SupervisorHandle::start_child" ("down") |on, lives|
            on.handle.start_child("/root/down", BY, WHY);
        AtOnce "SupervisorHandle::start_child" ("up") |on, lives|
            on.handle.start_child("/root/up", BY, WHY);
        AtOnce "SupervisorHandle::stop_child" ("up") |on, lives|
            on.handle.stop_child("/root/up", BY, WHY);
        AtOnce "SupervisorHandle::stop_child" ("slow") |on, lives|
            on.handle.stop_child("/root/slow", BY, WHY);
        AtOnce "SupervisorHandle::stop_child" ("flaky") |on, lives|
            on.handle.stop_child("/root/flaky", BY, WHY);
        AtOnce "SupervisorHandle::stop_child" ("inner") |on, lives|
            on.handle.stop_child("/root/inner", BY, WHY);
        AtOnce "SupervisorHandle::restart_child" ("up") |on, lives|
            on.handle.restart_child("/root/up", BY, WHY);
        AtOnce "SupervisorHandle::restart_child" ("slow") |on, lives|
            on.handle.restart_child("/root/slow", BY, WHY);
        AtOnce "SupervisorHandle::restart_child" ("late") |on, lives|
            on.handle.restart_child("/root/late", BY, WHY);
        AtOnce "SupervisorHandle::restart_child" ("inner") |on, lives|
            on.handle.restart_child("/root/inner", BY, WHY);
        AtOnce "SupervisorHandle::delete_child" |on, lives|
            on.handle.delete_child("/root/down", BY, WHY);
        AtOnce "SupervisorHandle::remove_child" ("up") |on, lives|
            on.handle.remove_child("/root/up", BY, WHY);
        AtOnce "SupervisorHandle::remove_child" ("slow") |on, lives|
            on.handle.remove_child("/root/slow", BY, WHY);
        AtOnce "SupervisorHandle::remove_child" ("inner") |on, lives|
            on.handle.remove_child("/root/inner", BY, WHY);
        AtOnce "SupervisorHandle::pause_child" ("slow") |on, lives|
            on.handle.pause_child("/root/slow", BY, WHY);
        AtOnce "SupervisorHandle::pause_child" ("inner") |on, lives|
            on.handle.pause_child("/root/inner", BY, WHY);
        AtOnce "SupervisorHandle::resume_child" ("broken") |on, lives|
            on.handle.resume_child("/root/broken", BY, WHY);
        AtOnce "SupervisorHandle::resume_child" ("inner") |on, lives|
            on.handle.resume_child("/root/inner", BY, WHY);
        AtOnce "SupervisorHandle::quarantine_child" |on, lives|
            on.handle.quarantine_child("/root/slow", BY, WHY);
        AtOnce "SupervisorHandle::reset_budget" |on, lives|
            on.handle.reset_budget("/root/broken", BY, WHY);
        AtOnce "SupervisorHandle::shutdown_tree" |on, lives| on.handle.shutdown_tree(BY, WHY);
        AtOnce "SupervisorHandle::shutdown_now" |on, lives| on.handle.shutdown_now(BY, WHY);
        AtOnce "SupervisorHandle::reload" |on, lives| on.handle.reload(BY, WHY);
        None "SupervisorHandle::join" |on, lives| on.handle.join();
        None "SupervisorHandle::current_state" |on, lives| on.handle.current_state();
        None "SupervisorHandle::state_of" |on, lives| on.handle.state_of("/root/up");
        None "SupervisorHandle::why" |on, lives| on.handle.why("/root/broken");
        None "SupervisorHandle::readiness" |on, lives| on.handle.readiness();
        None "SupervisorHandle::liveness" |on, lives| on.handle.liveness();
        None "SupervisorHandle::wait_until_ready" ("late") |on, lives|
            on.handle.wait_until_ready("/root/late");
        None "SupervisorHandle::wait_until_ready" ("flaky") |on, lives|
            on.handle.wait_until_ready("/root/flaky");
        None "SupervisorHandle::wait_until_ready" ("inner") |on, lives|
            on.handle.wait_until_ready("/root/inner");
        None "SupervisorHandle::wait_until_settled" |on, lives| on.handle.wait_until_settled();
        None "SupervisorHandle::run_until_signal" |on, lives| on.handle.run_until_signal();
        None "EventStream::next" |on, lives| async {
            let mut events = on.handle.subscribe_events();
            while events.next().await.is_some() {}
            Some(events)
        };
        AtOnce "Pool::spawn" |on, lives| on.sessions.spawn("eve", 1);
        AtOnce "Pool::spawn" ("taken") |on, lives| on.sessions.spawn("ada", 1);
        AtOnce "Pool::spawn_next" |on, lives| on.sessions.spawn_next(1);
        None "Pool::get" |on, lives| on.sessions.get("ada");
        None "Pool::members" |on, lives| on.sessions.members();
        None "Pool::len" |on, lives| on.sessions.len();
        None "Pool::is_empty" |on, lives| on.sessions.is_empty();
        AtOnce "Handle::restart" |on, lives| on.up.restart(by(BY).because(WHY));
        AtOnce "Handle::stop" |on, lives| on.up.stop(by(BY).because(WHY));
        AtOnce "Handle::start" |on, lives| on.up.start(by(BY).because(WHY));
        AtOnce "Handle::remove" |on, lives| on.up.remove(by(BY).because(WHY));
        AtOnce "Handle::pause" |on, lives| on.up.pause(by(BY).because(WHY));
        AtOnce "Handle::resume" |on, lives| on.up.resume(by(BY).because(WHY));
        AtOnce "Handle::quarantine" |on, lives| on.up.quarantine(by(BY).because(WHY));
        AtOnce "Handle::reset_budget" |on, lives| on.up.reset_budget(by(BY).because(WHY));
        None "Handle::state" |on, lives| on.up.state();
        None "Handle::why" |on, lives| on.up.why();
        None "Handle::wait_until_ready" |on, lives| on.up.wait_until_ready();
    }
}

#[rustfmt::skip]
fn calls_of_the_app() -> Vec<Call> {
    let mut calls = calls! {
        AtOnce "SupervisionTree::shutdown" |on, lives|
            on.app.as_ref().expect("from outside").shutdown(by(BY).because(WHY));
        AtOnce "SupervisionTree::restart" |on, lives|
            on.app.as_ref().expect("from outside").restart(App::INNER, by(BY).because(WHY));
        None "SupervisionTree::run_until_signal" |on, lives|
            on.app.as_ref().expect("from outside").run_until_signal();
    };
    for call in &mut calls {
        call.is_of_the_app = true;
    }
    calls
}

/// All of them.
pub(crate) fn calls() -> Vec<Call> {
    let mut calls = calls_of_handles();
    calls.extend(calls_of_the_app());
    calls
}

const MANIFEST: &str = "{ pool: /root/sessions, id: bob, args: 7 }";

/// A child that takes a while to be ready.
fn slow(lives: &Lives) -> ChildSpec {
    let task = lives.child(async |ctx: TaskContext| {
        if ctx.sleep(ms(12)).await {
            ctx.ready();
            ctx.stopped().await;
        }
        Ok(())
    });
    ChildSpec::new("new", task).readiness(Readiness::Explicit)
}

/// A child that takes a while to fail to start.
fn failing(lives: &Lives) -> ChildSpec {
    let task: TaskFactory = lives.child(async |ctx: TaskContext| {
        let _in_time = ctx.sleep(ms(5)).await;
        Err("no luck")
    });
    ChildSpec::new("new", task).readiness(Readiness::Explicit)
}
