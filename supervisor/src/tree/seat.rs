//! The place of a handle in a running tree.

use std::fmt;
use std::hash::{Hash, Hasher};

use super::graph::report::Wire;
use super::supervised::Supervised;
use crate::control::handle::SupervisorHandle;
use crate::id::{ChildId, ChildPath};

/// A place in a running tree.
#[derive(Clone)]
pub struct Seat {
    pub(crate) handle: SupervisorHandle,
    pub(crate) path: ChildPath,
}

/// By path.
impl PartialEq for Seat {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Seat {}

impl Hash for Seat {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.path.hash(hasher);
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Supervisor").field(&self.path).finish()
    }
}

impl Seat {
    pub(crate) fn root(handle: SupervisorHandle) -> Self {
        Self { handle, path: ChildPath::root() }
    }

    /// The place of the child `name` of this supervisor.
    pub(crate) fn at(&self, name: &str) -> Self {
        let id = ChildId::new(name).expect("the name of a field is an id");
        Self { handle: self.handle.clone(), path: self.path.join(&id) }
    }
}

/// A handle, made from the place it is the handle of.
pub trait FromSeat: Sized + 'static {
    /// Makes the handle.
    fn from_seat(seat: Seat) -> Self;
}

/// A supervisor's handle: it knows its place.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no supervision tree",
    label = "not a `#[supervisor]` struct"
)]
pub trait Seated: Supervised<Handle = Self> {
    /// Who depends on whom below it, as far as no supervisor below it knows that.
    const WIRES: &'static [Wire];
    /// Its place.
    fn seat(&self) -> &Seat;
}
