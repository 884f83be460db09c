//! What a child is given: by the field it stands in, by its index in a many, by whoever spawns it.

use std::any::Any;

use super::parameter::{Extract, Parameter, Run};
use super::supervised::Supervised;
use crate::task::exit::TaskFailure;
use crate::task::member::given;

/// A parameter of a child: what this very child was given. Each run gets a clone, so a restart
/// gets it again.
///
/// Where it comes from depends on where the child stands: a field says `#[child(args = …)]`, which
/// is evaluated for every run; in a [`Many`](super::many::Many) it is the index, an `Args<usize>`;
/// a member of a [`Pool`](super::pool::Pool) is given it when it is spawned. A child takes at most
/// one.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn shard(ctx: TaskContext, Args(index): Args<usize>) {
///     println!("shard {index}");
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     #[child(args = 100)]
///     spare: shard,
///     #[child(count = 16)]
///     shards: Many<shard>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let app = App::start(()).await?;
/// assert_eq!(app.shards[3].path().as_str(), "/root/shards/3");
/// # app.shutdown(("doc", "end of the example")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Args<T>(pub T);

impl<T> Parameter for Args<T> {
    type Needs = Self;
}

impl<S, C, T: Any + Clone + Send + Sync> Extract<S, C> for Args<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        // What stands in a field has been compared with what its child needs by the compiler, and
        // what is spawned by its pool.
        let arguments = run.arguments().expect("no run is made without what its child needs");
        Ok(Self(given(arguments)))
    }
}

/// What stands in a field needs an `N`: [`NoArgs`], [`Count`] or `Args<T>`. Each type has one such
/// need.
///
/// A relation and not an associated type, which could not name a type that is less visible than the
/// child.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be supervised",
    label = "neither a child nor a supervisor",
    note = "the type of a field is the name of a `#[child]` function or of a `#[supervisor]` struct"
)]
pub trait Needs<N>: Supervised {}

/// What stands in a field and has this handle needs an `N`. Asked of the handle, so that what has
/// none is not asked.
pub trait Gives<T, N> {}

impl<H, T: Needs<N>, N> Gives<T, N> for H {}

/// Needs nothing to be said at its field.
#[derive(Clone, Copy, Debug)]
pub enum NoArgs {}

/// Needs `count = …` at its field.
#[derive(Clone, Copy, Debug)]
pub enum Count {}

/// What all parameters of a child need, put together.
#[diagnostic::on_unimplemented(
    message = "a child takes at most one `Args`: put all it is given into one type",
    label = "takes `Args` more than once"
)]
pub trait And<Others> {
    /// The need of both.
    type Both;
}

impl<Others> And<Others> for NoArgs {
    type Both = Others;
}

impl<T> And<NoArgs> for Args<T> {
    type Both = Self;
}

/// What needs nothing can stand in a field that gives nothing.
#[diagnostic::on_unimplemented(
    message = "what stands in this field needs `{Self}`, and the field does not give it",
    label = "is not given its `{Self}`",
    note = "a child that takes `Args<T>` is given it by its field: `#[child(args = …)]`",
    note = "a `Many<…>` is given its `Count`: `#[child(count = 16)]`"
)]
pub trait NeedsNothing {}

impl NeedsNothing for NoArgs {}

/// What can be given a `V` by its field.
#[diagnostic::on_unimplemented(
    message = "what stands in this field takes no `Args`, so it cannot be given `args`",
    label = "takes no `Args`",
    note = "`args` is for a child with a parameter `Args<T>`; the members of a `Pool` are given theirs \
            when they are spawned, those of a `Many` have their index"
)]
pub trait IsGiven<V> {}

impl<T: Any + Clone + Send + Sync> IsGiven<T> for Args<T> {}

/// What a member of a pool can be spawned with: the `T` of its `Args<T>`, or `()`.
pub trait SpawnedWith {
    /// Its type.
    type Value: Any + Clone + Send + Sync;
}

impl SpawnedWith for NoArgs {
    type Value = ();
}

impl<T: Any + Clone + Send + Sync> SpawnedWith for Args<T> {
    type Value = T;
}

/// What can be one of many: it takes its index, or nothing.
#[diagnostic::on_unimplemented(
    message = "one of many takes its index, an `Args<usize>`, or nothing, and this takes `{Self}`",
    label = "cannot be one of many"
)]
pub trait NeedsIndex {}

impl NeedsIndex for NoArgs {}

impl NeedsIndex for Args<usize> {}
