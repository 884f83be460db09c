//! What the code made by the macros calls. Not for use by hand: it changes without notice.

pub use std::clone::Clone;
pub use std::cmp::{Eq, PartialEq};
pub use std::fmt::{Debug, Formatter, Result as FmtResult};
pub use std::marker::PhantomData;
pub use std::option::Option::{None, Some};
pub use std::primitive::{bool, str, usize};
pub use std::time::Duration;

pub use crate::policy::PolicyPatch;
pub use crate::policy::backoff::BackoffPatch;
pub use crate::policy::dependency::{OnDependencyRestart, StartMode};
pub use crate::policy::failure::{Criticality, Failure, OnLimit, TaskFailureKind};
pub use crate::policy::health::HealthPatch;
pub use crate::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
pub use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
pub use crate::policy::role::Role;
pub use crate::policy::shutdown::Grace;
pub use crate::task::context::{BlockingContext, TaskContext};
pub use crate::task::factory::BoxFuture;
pub use crate::task::member::{Arguments, ArgumentsType};
pub use crate::task::result::TaskResult;
pub use crate::tree::args::{And, IsGiven, Needs, NoArgs, SpawnedWith};
pub use crate::tree::declared::{
    DeclaredChild, DeclaredSlot, DeclaredSupervisor, Node, SaidAtField,
};
pub use crate::tree::graph::item::Item;
pub use crate::tree::graph::key::Key;
pub use crate::tree::graph::raise::{check_field, check_field_called};
pub use crate::tree::graph::report::{Report, Wire, analyse, nodes_below, wires, wishes_below};
pub use crate::tree::handle::Handle;
pub use crate::tree::layers::RestartLimit;
pub use crate::tree::lent::{Lent, check_leases};
pub use crate::tree::parameter::{Extract, FromContext, Leads, Parameter, Run};
pub use crate::tree::runs::Runs;
pub use crate::tree::seat::{FromSeat, Seat, Seated};
pub use crate::tree::slot::Slot;
pub use crate::tree::state::Provide;
pub use crate::tree::supervised::{
    Group, HasMembers, IsMany, IsPool, RunsUnder, Starts, Supervised,
};

use std::any::Any;

use crate::policy::rules;
use crate::spec::group::MAX_COUNT;
use crate::task::exit::TaskFailure;
use crate::task::result::Outcome;
use crate::task::then::Then;

pub use self::outcome::*;

mod outcome;

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
    // seen by: cargo test -p supervisor-ui-tests --test ui -- what_is_wrong_does trybuild=constant_jitter
    if cfg!(plant_bug = "constants_unchecked") {
        return;
    }
    rules::check(&said);
}

/// The rule about `max_children` that the macros cannot see.
///
/// # Panics
///
/// While the program is compiled, when it is broken.
#[track_caller]
pub const fn check_max_children(max: u32) {
    assert!(max > 0, "`max_children` is 0: the pool could hold nobody");
}

/// The rule about `count` that the macros cannot see.
///
/// # Panics
///
/// While the program is compiled, when it is broken.
#[track_caller]
pub const fn check_count(count: u32) {
    assert!(0 < count && count <= MAX_COUNT, "`count` is from 1 to 65536");
}

/// The rule about those in a pool or a many that the macros cannot see.
///
/// # Panics
///
/// While the program is compiled, when it is broken.
#[track_caller]
pub const fn check_members<T: Supervised<Handle: FromSeat>>() {
    if let Node::Pool(members) | Node::Many(members) = T::NODE {
        assert!(
            !matches!(members.policy().significant, Some(true)),
            "those in a `Pool` or a `Many` are all alike, so none of them can be `significant`"
        );
    }
}

/// A run of an async child, or why there is none.
pub type Started = Result<BoxFuture, TaskFailure>;

/// What makes the runs of the `T` in a field.
pub const fn runs<T, S: 'static>() -> Runs<S>
where
    T: Supervised<Handle: Starts<T, S>>,
{
    <T::Handle as Starts<T, S>>::RUNS
}

/// What stands in the field `name` of the supervisor at `seat`.
pub fn part<H: FromSeat>(seat: &Seat, name: &str) -> H {
    H::from_seat(seat.at(name))
}

/// One parameter of a run.
///
/// # Errors
///
/// As [`Extract::extract`].
pub fn parameter<S, C, T: Extract<S, C>>(run: &Run<S, C>) -> Result<T, TaskFailure> {
    T::extract(run)
}

/// One parameter of a run that needs nothing of the application.
pub fn of_context<T: FromContext<C>, C, S>(run: &Run<S, C>) -> T {
    T::from_context(&run.context)
}

/// The future of one run. The only place where futures of children are boxed.
///
/// # Errors
///
/// None.
pub fn boxed<F, K>(future: F, reader: K) -> Result<BoxFuture, TaskFailure>
where
    F: Future + Send + 'static, // not `Send`? Write a blocking child with a `LocalSet` in it.
    K: Reads<F::Output, Said: Outcome>,
{
    Ok(Box::pin(Then::new(future, move |output| reader.read(output).into_task_result())))
}

/// What the field of a `C` gives to a run of it.
pub fn arguments<C, N, V>(value: V) -> Arguments
where
    C: Needs<N>,
    N: IsGiven<V>,
    V: Any + Send + Sync,
{
    Arguments::new(value)
}

/// What a child with this need is given.
pub const fn takes<N: SpawnedWith>() -> ArgumentsType {
    ArgumentsType::of::<N::Value>()
}

/// What a blocking run came to.
///
/// # Errors
///
/// None.
pub fn finished<O, K>(outcome: O, reader: K) -> Result<TaskResult, TaskFailure>
where
    K: Reads<O, Said: Outcome>,
{
    Ok(reader.read(outcome).into_task_result())
}

/// The class of an inner error.
pub fn kind_of<E: Failure>(error: &E) -> TaskFailureKind {
    error.kind()
}

/// What a parameter is a handle of.
pub const fn key_of<T: Leads>() -> Key {
    T::TO
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
    const KEY: Key = Key::new("", "", "", 0);
    const NODE: Node = Node::Child(&const { DeclaredChild::broken(Self::KEY) });
}

impl Needs<NoArgs> for Absent {}

impl<S: 'static> RunsUnder<S> for Absent {}

/// The handle of a supervisor that did not compile.
///
/// # Panics
///
/// Never in a program that compiles.
pub fn absent<T>() -> T {
    unreachable!("a supervisor with errors does not compile")
}
