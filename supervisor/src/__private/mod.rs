//! What the code made by the macros calls. Not for use by hand: it changes without notice.

pub use std::clone::Clone;
pub use std::cmp::{Eq, PartialEq};
pub use std::fmt::{Debug, Formatter, Result as FmtResult};
pub use std::primitive::bool;
pub use std::time::Duration;

pub use crate::policy::PolicyPatch;
pub use crate::policy::backoff::BackoffPatch;
pub use crate::policy::failure::{Criticality, OnLimit};
pub use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
pub use crate::policy::shutdown::Grace;
pub use crate::task::context::{BlockingContext, TaskContext};
pub use crate::task::factory::BoxFuture;
pub use crate::task::result::TaskResult;
pub use crate::tree::declared::{
    DeclaredChild, DeclaredSlot, DeclaredSupervisor, FromSeat, Node, Runs, RunsUnder, Seat, Seated,
    Supervised,
};
pub use crate::tree::handle::Handle;
pub use crate::tree::parameter::{Extract, Parameter, Run};
pub use crate::tree::slot::Slot;
pub use crate::tree::state::Provide;

use crate::task::result::Outcome;

/// What a running tree has in the place of a field of this type.
pub type HandleOf<T> = <T as Supervised>::Handle;

/// The place of a `T` in the supervisor `P`.
pub const fn slot<P, T>(name: &'static str) -> Slot<P, T> {
    Slot::new(name)
}

/// The rules about values that the macros cannot see, because the compiler evaluates them.
///
/// # Panics
///
/// While the program is compiled, when one of them is broken.
#[track_caller]
pub const fn check(said: PolicyPatch) {
    let BackoffPatch { initial, max, factor, jitter, .. } = said.backoff;
    if let (Some(initial), Some(max)) = (initial, max) {
        assert!(initial.as_nanos() <= max.as_nanos(), "backoff `initial` is above `max`");
    }
    if let Some(factor) = factor {
        assert!(
            factor >= 1.0 && factor.is_finite(),
            "backoff `factor` is at least 1, or the wait would shrink"
        );
    }
    if let Some(jitter) = jitter {
        assert!(
            jitter >= 0.0 && jitter <= 1.0,
            "backoff `jitter` is a share of the wait, between 0 and 1"
        );
    }
    if let Some(limit) = said.restart_limit {
        assert!(
            limit.max == 0 || !limit.within.is_zero(),
            "`restart_limit` has a window of no time at all"
        );
    }
    if let Some(timeout) = said.start_timeout {
        assert!(!timeout.is_zero(), "`start_timeout` is zero; nothing can be done in no time");
    }
    if let Some(wait) = said.probe_after {
        assert!(!wait.is_zero(), "`probe_after` is zero; nothing can be done in no time");
    }
    if let Some(Grace::After(grace)) = said.shutdown.grace {
        assert!(
            grace.as_nanos() >= 1_000_000,
            "`grace` is at least 1ms: a run that is asked to stop needs time to do so"
        );
    }
}

/// The handle of the child `name` of the supervisor at `seat`.
pub fn child<T: Supervised>(seat: &Seat, name: &str) -> T::Handle {
    T::Handle::from_seat(seat.at(name))
}

/// One parameter of a run.
pub fn parameter<S, C, T: Extract<S, C>>(run: &Run<S, C>) -> T {
    T::extract(run)
}

/// The future of one run. The only place where futures of children are boxed.
pub fn boxed<F>(future: F) -> BoxFuture
where
    F: Future<Output: Outcome> + Send + 'static,
{
    Box::pin(async move { future.await.into_task_result() })
}

/// Hands on what a function returned. It stands where the type is written, for messages about it.
pub fn returned<T>(value: T) -> T {
    value
}

/// What a blocking run came to.
pub fn finished<O: Outcome>(outcome: O) -> TaskResult {
    outcome.into_task_result()
}

/// Holds for what a child with the context `C` may take.
pub const fn is_parameter<T: Parameter<C>, C>() {}

/// A value of the application state, for one run.
pub fn share<T: Clone>(value: &T) -> T {
    value.clone()
}

/// What stands for a field that `cfg` takes out.
#[derive(Debug)]
pub enum Absent {}

impl Supervised for Absent {
    type Handle = Handle<Self>;
    const NODE: Node = Node::Child(&const { DeclaredChild::new(PolicyPatch::NONE) });
}

impl<S: 'static> RunsUnder<S> for Absent {
    const RUNS: Runs<S> = Runs::Async(never);
}

/// The run of what is only there so that one error does not lead to others.
pub fn never<S>(_: &Run<S, TaskContext>) -> BoxFuture {
    Box::pin(std::future::pending())
}

/// The handle of a supervisor that did not compile.
///
/// # Panics
///
/// Never in a program that compiles.
pub fn absent<T>() -> T {
    unreachable!("a supervisor with errors does not compile")
}
