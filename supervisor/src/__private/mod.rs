//! What the code made by the macros calls. Not for use by hand: it changes without notice.

pub use std::clone::Clone;
pub use std::cmp::{Eq, PartialEq};
pub use std::fmt::{Debug, Formatter, Result as FmtResult};
pub use std::primitive::bool;
pub use std::time::Duration;

pub use crate::policy::PolicyPatch;
pub use crate::policy::backoff::BackoffPatch;
pub use crate::policy::failure::{Criticality, OnLimit};
pub use crate::policy::health::HealthPatch;
pub use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
pub use crate::policy::shutdown::Grace;
pub use crate::task::context::{BlockingContext, TaskContext};
pub use crate::task::factory::BoxFuture;
pub use crate::task::result::TaskResult;
pub use crate::tree::declared::{
    DeclaredChild, DeclaredSlot, DeclaredSupervisor, FromSeat, Node, Runs, RunsUnder, Seat, Seated,
    Supervised,
};
pub use crate::tree::graph::item::{Item, ItemSlot};
pub use crate::tree::graph::key::Key;
pub use crate::tree::graph::raise::{check_field, check_field_called};
pub use crate::tree::graph::resolve::{Report, Wire, analyse, nodes_below, wires, wishes_below};
pub use crate::tree::handle::Handle;
pub use crate::tree::parameter::{Extract, Parameter, Run};
pub use crate::tree::slot::Slot;
pub use crate::tree::state::Provide;

use std::error::Error;
use std::marker::PhantomData;

use crate::policy::failure::Failure;
use crate::task::exit::TaskFailure;
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
    let HealthPatch { heartbeat, stale_after } = said.health;
    if let Some(stale_after) = stale_after {
        assert!(!stale_after.is_zero(), "`stale_after` is zero; nothing can be done in no time");
        if let Some(heartbeat) = heartbeat {
            assert!(
                heartbeat.as_nanos() < stale_after.as_nanos(),
                "`heartbeat` is not below `stale_after`: a child that keeps its promise would be \
                 stopped all the same"
            );
        }
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
    if let Some(wait) = said.shutdown.abort_wait {
        assert!(
            wait.as_nanos() >= 1_000_000,
            "`abort_wait` is at least 1ms: a run that is aborted needs time to go"
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
pub fn boxed<F, K>(future: F, _: K) -> BoxFuture
where
    F: Future + Send + 'static,
    K: Reads<F::Output, Said: Outcome>,
{
    Box::pin(async move { K::read(future.await).into_task_result() })
}

/// Hands on what a function returned. It stands where the type is written, for messages about it.
pub fn returned<T>(value: T) -> T {
    value
}

/// What a blocking run came to.
pub fn finished<O, K: Reads<O, Said: Outcome>>(outcome: O, _: K) -> TaskResult {
    K::read(outcome).into_task_result()
}

/// Stands for the type of what a child returns, to be asked what can be made of it.
#[derive(Debug)]
pub struct Tag<T>(PhantomData<fn() -> T>);

/// The tag of what `future` comes to.
pub fn tag_of_output<F: Future>(_: &F) -> Tag<F::Output> {
    Tag(PhantomData)
}

/// The tag of `value`.
pub fn tag_of<T>(_: &T) -> Tag<T> {
    Tag(PhantomData)
}

/// Reads what a child returned.
pub trait Reads<T> {
    /// What it amounts to.
    type Said;
    /// Reads it.
    fn read(value: T) -> Self::Said;
}

/// Takes it as it is.
#[derive(Clone, Copy, Debug)]
pub struct AsItIs;

impl<T> Reads<T> for AsItIs {
    type Said = T;

    fn read(value: T) -> T {
        value
    }
}

/// Asks the error for its class.
#[derive(Clone, Copy, Debug)]
pub struct WithClass;

impl<T, E> Reads<Result<T, E>> for WithClass
where
    E: Failure + Into<Box<dyn Error + Send + Sync + 'static>>,
{
    type Said = Result<T, TaskFailure>;

    fn read(value: Result<T, E>) -> Self::Said {
        value.map_err(TaskFailure::from)
    }
}

/// Picks the reader for an error that has a class.
///
/// `(&tag).pick()` finds this one where its bounds hold, and one reference further on
/// [`PickAsItIs`], which holds for everything: so an error without a class is no mistake.
pub trait PickWithClass {
    /// The reader.
    fn pick(&self) -> WithClass;
}

impl<T, E> PickWithClass for Tag<Result<T, E>>
where
    E: Failure + Into<Box<dyn Error + Send + Sync + 'static>>,
{
    fn pick(&self) -> WithClass {
        WithClass
    }
}

/// Picks the reader for everything else.
pub trait PickAsItIs {
    /// The reader.
    fn pick(&self) -> AsItIs;
}

impl<T> PickAsItIs for &Tag<T> {
    fn pick(&self) -> AsItIs {
        AsItIs
    }
}

/// What a parameter of a child with the context `C` is a handle of.
pub const fn handle_of<T: Parameter<C>, C>() -> Option<Key> {
    T::HANDLE
}

/// A value of the application state, for one run.
pub fn share<T: Clone>(value: &T) -> T {
    value.clone()
}

/// What stands for a field that `cfg` takes out.
#[derive(Debug)]
pub enum Absent {}

impl Supervised for Absent {
    type Handle = Handle<Self>;
    const KEY: Key = Key::new("", "", "", "", 0);
    const NODE: Node = Node::Child(&const { DeclaredChild::new(PolicyPatch::NONE) });
    const ITEM: &'static Item = &const { Item::broken(Self::KEY) };
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
