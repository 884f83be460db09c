//! The handle of many of one: declared children alike, each with its index.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Index;
use std::slice;
use std::sync::Arc;

use super::args::{Count, Needs, NeedsIndex};
use super::declared::Node;
use super::graph::key::Key;
use super::handle::Handle;
use super::runs::{MemberRuns, Runs};
use super::seat::{FromSeat, Seat};
use super::supervised::{Group, IsMany, Member, RunsUnder, Supervised};
use crate::control::handle::SupervisorHandle;
use crate::id::ChildPath;
use crate::task::member::ArgumentsType;

/// Many of `C`: declared children alike, with the ids `0`, `1`, `2` and so on.
///
/// As the type of a field it declares them; `#[child(count = 16)]` there says how many, and a
/// configuration may say otherwise. The policies of a child are those of each of them. A child that
/// takes an [`Args<usize>`](super::args::Args) is given its index. They come back when their
/// supervisor is restarted.
///
/// In a running tree it has their handles: `app.shards[3]`. Cheap to clone, equal by path.
///
/// ```
/// use rust_supervisor::prelude::*;
///
/// #[child]
/// async fn shard(ctx: TaskContext, Args(index): Args<usize>) {
///     println!("shard {index} of many");
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     #[child(count = 16)]
///     shards: Many<shard>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let app = App::start(()).await?;
/// app.shards[3].restart(by("doc").because("to show it")).await?;
/// assert_eq!(app.shards.len(), 16);
/// assert!(app.shards.get(16).is_none());
/// for shard in &app.shards {
///     shard.wait_until_ready().await?;
/// }
/// # app.shutdown(by("doc").because("end of the example")).await?;
/// # Ok(())
/// # }
/// ```
pub struct Many<C> {
    seat: Seat,
    children: Arc<[Handle<C>]>,
}

impl<C: 'static> Many<C> {
    /// Where they stand in the tree: the path of their supervisor.
    pub fn path(&self) -> &ChildPath {
        &self.seat.path
    }

    /// The tree they stand in.
    pub fn supervisor(&self) -> &SupervisorHandle {
        &self.seat.handle
    }

    /// The same with as many as there are now: those that a reload of the configuration has
    /// started since this was made are there, and those that it has stopped are not. `self` stays
    /// as it is.
    #[must_use]
    pub fn now(&self) -> Self {
        Self::from_seat(self.seat.clone())
    }

    /// How many there are: the `count` of the declaration when this was made. One that was removed
    /// since is counted.
    pub fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether there is none. A tree in which there is none does not start.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// The one with this index, from 0 to [`len`](Self::len) − 1.
    pub fn get(&self, index: usize) -> Option<&Handle<C>> {
        self.children.get(index)
    }

    /// All of them, in the order of their indices.
    pub fn iter(&self) -> slice::Iter<'_, Handle<C>> {
        self.children.iter()
    }
}

/// The one with this index.
///
/// # Panics
///
/// If there are not so many: `index` is from 0 to [`len`](Many::len) − 1, as it is of a slice. The
/// configuration may have said how many there are; [`get`](Many::get) does not panic.
impl<C: 'static> Index<usize> for Many<C> {
    type Output = Handle<C>;

    fn index(&self, index: usize) -> &Handle<C> {
        &self.children[index]
    }
}

impl<'a, C: 'static> IntoIterator for &'a Many<C> {
    type Item = &'a Handle<C>;
    type IntoIter = slice::Iter<'a, Handle<C>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<C: Member> Supervised for Many<C> {
    type Handle = Self;
    const KEY: Key = C::KEY.group("Many");
    const NODE: Node = Node::Many(&C::NODE.of_members().in_a_group(Self::KEY));
}

impl<C: Member> Needs<Count> for Many<C> {}

impl<C: Member> Group for Many<C> {}

impl<C: Member + Needs<N>, N: NeedsIndex> IsMany<N> for Many<C> {}

impl<S: 'static, C: Member + RunsUnder<S>> RunsUnder<S> for Many<C> {
    const RUNS: Runs<S> =
        Runs::Members(&const { MemberRuns::new::<C>(ArgumentsType::of::<usize>()) });
}

impl<C: 'static> FromSeat for Many<C> {
    fn from_seat(seat: Seat) -> Self {
        let count = seat.handle.count_of(&seat.path);
        let children = (0..count).map(|index| Handle::from_seat(seat.at(&index.to_string())));
        Self { children: children.collect(), seat }
    }
}

impl<C> Clone for Many<C> {
    fn clone(&self) -> Self {
        Self { seat: self.seat.clone(), children: Arc::clone(&self.children) }
    }
}

impl<C> fmt::Debug for Many<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many")
            .field("path", &self.seat.path)
            .field("len", &self.children.len())
            .finish()
    }
}

impl<C> PartialEq for Many<C> {
    fn eq(&self, other: &Self) -> bool {
        self.seat == other.seat
    }
}

impl<C> Eq for Many<C> {}

impl<C> Hash for Many<C> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.seat.hash(hasher);
    }
}
