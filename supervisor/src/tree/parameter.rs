//! What a child's function may take, recognised by trait.

use std::sync::Arc;

use super::args::NoArgs;
use super::graph::key::Key;
use super::graph::wiring::Link;
use super::handle::Handle;
use super::lease::Lease;
use super::lent::Lent;
use super::many::Many;
use super::pool::Pool;
use super::seat::{FromSeat, Seat};
use super::state::{Provide, State};
use super::supervised::{Member, Supervised};
#[cfg(feature = "config")]
use crate::config::settings::ReadSettings;
use crate::control::handle::SupervisorHandle;
use crate::id::{ChildId, ChildPath, Generation};
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::TaskFailure;
use crate::task::member::Arguments;

/// Everything at hand when the parameters of one run are made: the state of the application, the
/// run's own context, and what the child was given.
#[derive(Debug)]
pub struct Run<S, C> {
    pub(crate) state: Arc<S>,
    pub(crate) context: C,
    arguments: Option<Arguments>,
    links: Arc<[Link]>,
}

impl<S, C> Run<S, C> {
    pub(crate) fn new(
        state: Arc<S>,
        context: C,
        arguments: Option<Arguments>,
        links: &Arc<[Link]>,
    ) -> Self {
        Self { state, context, arguments, links: Arc::clone(links) }
    }

    /// What this very child was given.
    pub(crate) fn arguments(&self) -> Option<&Arguments> {
        self.arguments.as_ref()
    }
}

impl<S, C: RunContext> Run<S, C> {
    /// The place that the compiler found for the key with this id, which keeps no tree alive. In a
    /// tree that requires it of the one around it, and runs alone, it leads nowhere: then
    /// everything answers that the tree is over.
    pub(crate) fn seat(&self, id: u64, name: &str) -> Seat {
        let path = self.context.path();
        if let Some(path) = self.links.iter().find_map(|link| link.leads(id, path)) {
            return Seat { handle: self.context.supervisor(), path };
        }
        let above = path.parent().unwrap_or_else(ChildPath::root);
        let path = ChildId::new(name).map_or_else(|_| above.clone(), |id| above.join(&id));
        Seat { handle: SupervisorHandle::of_no_tree(), path }
    }
}

/// A parameter that leads to something else in the tree.
#[diagnostic::on_unimplemented(
    message = "`{Self}` leads to nothing in a tree",
    label = "not the handle of a child, of a pool or of a many"
)]
pub trait Leads {
    /// To what.
    const TO: Key;
}

impl<T> Parameter for Handle<T> {
    type Needs = NoArgs;
}

impl<T> Parameter for Pool<T> {
    type Needs = NoArgs;
}

impl<T> Parameter for Many<T> {
    type Needs = NoArgs;
}

impl<T: Supervised> Leads for Handle<T> {
    const TO: Key = T::KEY;
}

impl<S, C: RunContext, T: Supervised> Extract<S, C> for Handle<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        Ok(Self::from_seat(run.seat(const { T::KEY.id() }, const { T::KEY.name() })))
    }
}

impl<T: Member> Leads for Pool<T> {
    const TO: Key = <Self as Supervised>::KEY;
}

impl<S, C: RunContext, T: Member> Extract<S, C> for Pool<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        let id = const { <Self as Supervised>::KEY.id() };
        Ok(Self::from_seat(run.seat(id, const { T::KEY.name() })))
    }
}

impl<T: Member> Leads for Many<T> {
    const TO: Key = <Self as Supervised>::KEY;
}

impl<S, C: RunContext, T: Member> Extract<S, C> for Many<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        let id = const { <Self as Supervised>::KEY.id() };
        Ok(Self::from_seat(run.seat(id, const { T::KEY.name() })))
    }
}

/// The side of a run that faces its supervisor: an async one has a [`TaskContext`], a blocking one
/// a [`BlockingContext`].
pub trait RunContext {
    /// Where the child stands in the tree.
    fn path(&self) -> &ChildPath;
    /// Which run of the child it is.
    fn generation(&self) -> Generation;
    /// The tree, which it does not keep alive.
    fn supervisor(&self) -> SupervisorHandle;
    /// The child's settings as they were read, if it has some.
    #[cfg(feature = "config")]
    #[doc(hidden)]
    fn read_settings(&self) -> Option<&ReadSettings>;
}

impl RunContext for TaskContext {
    fn path(&self) -> &ChildPath {
        self.path()
    }

    fn generation(&self) -> Generation {
        self.generation()
    }

    fn supervisor(&self) -> SupervisorHandle {
        self.supervisor()
    }

    #[cfg(feature = "config")]
    fn read_settings(&self) -> Option<&ReadSettings> {
        self.settings.as_ref()
    }
}

impl RunContext for BlockingContext {
    fn path(&self) -> &ChildPath {
        self.path()
    }

    fn generation(&self) -> Generation {
        self.generation()
    }

    fn supervisor(&self) -> SupervisorHandle {
        self.supervisor()
    }

    #[cfg(feature = "config")]
    fn read_settings(&self) -> Option<&ReadSettings> {
        self.settings.as_ref()
    }
}

/// What a child with the context `C` may take, whatever the state of the application.
#[diagnostic::on_unimplemented(
    message = "a child cannot take a `{Self}`",
    label = "not something a supervisor can hand to it",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, `Args<T>` and `Lease<T>`, in any order",
    note = "for a value of your own, put it into the application state and take it as `State<…>`",
    note = "another name for one of these (`type Db = State<…>`) is not seen through: write it out"
)]
pub trait FromContext<C> {
    /// Makes the parameter for one run.
    fn from_context(context: &C) -> Self;
}

impl FromContext<Self> for TaskContext {
    fn from_context(context: &Self) -> Self {
        context.clone()
    }
}

impl FromContext<Self> for BlockingContext {
    fn from_context(context: &Self) -> Self {
        context.clone()
    }
}

/// A parameter that needs something of the application, of the child's place, or of its field.
#[diagnostic::on_unimplemented(
    message = "a child cannot take a `{Self}`",
    label = "not something a supervisor can hand to it",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, `Args<T>` and `Lease<T>`, in any order",
    note = "for a value of your own, put it into the application state and take it as `State<…>`"
)]
pub trait Parameter {
    /// What the field of the child has to give for it: [`NoArgs`] if nothing.
    type Needs;
}

impl<T> Parameter for State<T> {
    type Needs = NoArgs;
}

impl<T> Parameter for Lease<T> {
    type Needs = NoArgs;
}

/// A parameter of a child with the context `C` in an application whose state is `S`.
#[diagnostic::on_unimplemented(
    message = "a child that runs with a `{C}` cannot take a `{Self}` out of the state `{S}`",
    label = "needed by a child of this tree",
    note = "an async child takes `TaskContext`, a blocking one `BlockingContext`, both take \
            `State<T>`, `Args<T>` and `Lease<T>` of this crate, in any order"
)]
pub trait Extract<S, C>: Sized {
    /// What of the state it has to itself.
    const LENT: Lent = Lent::NOTHING;

    /// Makes the parameter for one run.
    ///
    /// # Errors
    ///
    /// Where it cannot be had: then the run has failed to start.
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure>;
}

impl<S: Provide<T>, C, T> Extract<S, C> for State<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        Ok(Self(S::provide(&run.state)))
    }
}
