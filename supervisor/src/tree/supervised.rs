//! What can stand in a field, as traits: what the expansion of the attributes implements, and what
//! the compiler says where it is not.

use super::declared::Node;
use super::graph::key::Key;
use super::handle::Handle;
use super::parameter::Run;
use super::runs::Runs;
use super::seat::FromSeat;
use crate::task::context::TaskContext;
use crate::task::exit::TaskFailure;
use crate::task::factory::BoxFuture;
use crate::task::member::ArgumentsType;

/// The type of a field: a child, or another supervisor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be supervised",
    label = "neither a child nor a supervisor",
    note = "the type of a field is the name of a `#[child]` function or of a `#[supervisor]` struct"
)]
pub trait Supervised: Sized + 'static {
    /// What a running tree has in the place of the field.
    type Handle: FromSeat;
    /// What it is. Apart from what was written, so that a dependency can be named by what depends on
    /// it.
    const KEY: Key;
    /// What was written about it.
    const NODE: Node;
}

/// A child: it can be a member of a pool, or one of many.
///
/// Not a supertrait of anything, or a bound on what is none would be a second mistake.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be in a `Pool` or a `Many`",
    label = "no `#[child]` function",
    note = "only a child can be, by the name of its function; a supervisor cannot"
)]
pub trait Member: Supervised {}

impl<T: Supervised<Handle: OfChild<T>>> Member for T {}

/// The handle of the child `T`. No child has to say that it is one: its handle does.
pub trait OfChild<T> {}

impl<T> OfChild<T> for Handle<T> {}

/// A pool or a many.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `Pool<…>` and no `Many<…>`, so it has no `intensity` or `meltdown` here",
    label = "neither a `Pool` nor a `Many`",
    note = "a supervisor says its own in `#[supervisor(…)]`"
)]
pub trait Group: Supervised {}

/// A pool.
#[diagnostic::on_unimplemented(
    message = "`max_children` and `from_config` are for a `Pool<…>`, and `{Self}` is none",
    label = "not a `Pool`"
)]
pub trait IsPool: Supervised {}

/// What a pool has. Apart from what it is, so that what is none is said once.
#[diagnostic::on_unimplemented(
    message = "`max_children` and `from_config` are for a `Pool<…>`, and `{Self}` is none",
    label = "not a `Pool`"
)]
pub trait HasMembers {
    /// The child that each of them is.
    type Member;
}

/// Nothing does, without the feature.
#[cfg(not(feature = "config"))]
#[diagnostic::on_unimplemented(
    message = "`from_config` needs the feature `config` of `rust-tokio-supervisor`",
    label = "cannot be read from a configuration"
)]
pub trait ReadsConfig {}

/// A many.
#[diagnostic::on_unimplemented(
    message = "`count` is for a `Many<…>`, and `{Self}` is none",
    label = "not a `Many`"
)]
pub trait IsMany<N>: Supervised {}

/// A child or supervisor that finds all it needs in an application state of type `S`.
///
/// Not a subtrait of [`Supervised`], or a bound on what is none would be a second mistake.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run in an application whose state is `{S}`",
    label = "does not run with the state `{S}`"
)]
pub trait RunsUnder<S: 'static> {
    /// What makes its runs.
    const RUNS: Runs<S> = Runs::Async(Self::run);

    /// What it is given, as a member of a group.
    const TAKES: ArgumentsType = ArgumentsType::of::<()>();

    /// Starts a run of an async child, which says no more than this: a function costs the compiler
    /// less than a constant with a closure. What says its `RUNS` has none, and what did not compile
    /// waits for ever.
    ///
    /// # Errors
    ///
    /// Where a parameter cannot be had.
    fn run(_: &Run<S, TaskContext>) -> Result<BoxFuture, TaskFailure> {
        Ok(Box::pin(std::future::pending()))
    }
}

/// What stands in a field and has this handle runs under the state `S`. Asked of the handle, so that
/// what has none is not asked.
pub trait Starts<T, S: 'static> {
    /// What makes its runs.
    const RUNS: Runs<S>;
}

impl<H, T: RunsUnder<S>, S: 'static> Starts<T, S> for H {
    const RUNS: Runs<S> = T::RUNS;
}
