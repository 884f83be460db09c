//! What is measured, and how: one program for all systems.
//!
//! A system says in [`System`] how it starts children, restarts and stops them; everything else,
//! the work of a child, the clock, the order of steps and the condition under which a step is
//! over, is here and the same for all.

mod disturbance;
mod figure;
mod measure;
mod plan;
mod row;

pub use disturbance::Watch;
pub use figure::{Figure, Samples, short};
pub use measure::{main, metrics};
pub use plan::{Kind, Next, Place, Plan};
pub use row::Row;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future on the heap.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a child says when it fails.
#[derive(Debug)]
pub struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("told to fail")
    }
}

impl std::error::Error for Failed {}

/// Why a system has no figure here.
#[derive(Debug)]
pub struct Cannot(pub String);

/// Says why a system has no figure here.
pub fn cannot<T>(why: impl Into<String>) -> Result<T, Cannot> {
    Err(Cannot(why.into()))
}

/// How the children belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One supervisor; who fails is started again, without a wait and without a limit.
    OneForOne,
    /// One supervisor; when one fails all are stopped and started again, one after the other where
    /// the system keeps an order.
    OneForAll,
    /// The same, and all are started at the same time.
    OneForAllParallel,
    /// Children that are stopped at the same time, and that can be added and removed.
    Pool,
}

/// What a subscriber has seen when the events have ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// Events it was given.
    pub received: u64,
    /// Events it has missed.
    pub missed: u64,
}

/// One system under measurement.
pub trait System: Sized + Send + Sync + 'static {
    /// Its name in the table.
    const NAME: &'static str;

    /// Starts `plan.children()` children with the indices from 0 on. May return before all run.
    fn start(plan: Arc<Plan>, shape: Shape) -> impl Future<Output = Result<Self, Cannot>> + Send;

    /// Stops everything and returns when it is over.
    fn shutdown(self) -> impl Future<Output = ()> + Send;

    /// Adds a child under this index, and returns when that is acknowledged.
    fn add(
        &self,
        _plan: Arc<Plan>,
        _index: usize,
    ) -> impl Future<Output = Result<(), Cannot>> + Send {
        async { cannot("children cannot be added one by one") }
    }

    /// Stops and removes the child with this index, and returns when that is acknowledged.
    fn remove(&self, _index: usize) -> impl Future<Output = Result<(), Cannot>> + Send {
        async { cannot("children cannot be removed one by one") }
    }

    /// Reads the state of all children, and returns how many there are in it.
    fn current_state(&self) -> impl Future<Output = Result<usize, Cannot>> + Send {
        async { cannot("no state of all children can be read") }
    }

    /// A reader of the events, which ends when the events do.
    fn subscribe(&self) -> Result<BoxFuture<Seen>, Cannot> {
        cannot("publishes no events")
    }
}
