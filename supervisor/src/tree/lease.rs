//! What cannot be cloned: a value of the application state that one run at a time has to itself.

use std::any::type_name;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use thiserror::Error;

use super::lent::Lent;
use super::parameter::{Extract, Run, RunContext};
use super::state::Provide;
use crate::id::{ChildPath, Generation};
use crate::policy::failure::{Failure, TaskFailureKind};
use crate::task::cell::lock;
use crate::task::exit::TaskFailure;

/// A parameter of a child: a value of the application state that only this run has, such as the
/// receiving end of a channel.
///
/// The state holds it as a [`Lendable`]. It goes back there when the lease is dropped, which is at
/// the end of the run however it ends: by itself, by a panic, or aborted. So the next run finds it
/// as this one left it. That no two runs of a child overlap is what makes this sound.
///
/// One child has it at a time. That two children of a tree take the same is a mistake that does not
/// build, where the tree names its `state`, and that does not build either where a tree without one
/// is started; it shows in `cargo build`, and the first also in `cargo check`. Where the state's
/// [`Provide`] does not say its [`PLACE`](Provide::PLACE), the second child fails to start, with
/// [`fatal_bug`](TaskFailureKind::FatalBug) and a message that names both.
///
/// ```
/// use rust_supervisor::prelude::*;
/// use tokio::sync::mpsc;
///
/// #[derive(SharedState)]
/// struct AppState {
///     jobs: Lendable<mpsc::Receiver<u32>>,
/// }
///
/// #[child]
/// async fn worker(ctx: TaskContext, mut jobs: Lease<mpsc::Receiver<u32>>) {
///     while let Some(Some(job)) = ctx.until_stopped(jobs.recv()).await {
///         println!("job {job}"); // a panic here loses this job, and not the channel
///     }
/// }
///
/// #[supervisor(state = AppState)]
/// struct App {
///     worker: worker,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// let (sender, receiver) = mpsc::channel(8);
/// let app = App::start(AppState { jobs: Lendable::new(receiver) }).await?;
/// sender.send(1).await.expect("the state keeps the receiver");
/// # app.shutdown(("doc", "end of the example")).await?;
/// # Ok(())
/// # }
/// ```
///
/// A unit test calls the function with `Lease::from(receiver)`.
#[must_use = "the value goes back when the lease is dropped"]
pub struct Lease<T> {
    value: Option<T>,
    /// `None` where it goes back to nobody.
    home: Option<Arc<Mutex<Place<T>>>>,
}

/// A value of the application state that is lent to one run at a time, as a [`Lease`].
///
/// Clones stand for the same value.
pub struct Lendable<T> {
    place: Arc<Mutex<Place<T>>>,
}

enum Place<T> {
    Here(T),
    Lent(Option<Holder>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Holder {
    path: ChildPath,
    generation: Generation,
}

impl<T> Lendable<T> {
    /// Puts the value where it can be lent.
    pub fn new(value: T) -> Self {
        Self { place: Arc::new(Mutex::new(Place::Here(value))) }
    }

    /// Lends the value to the program itself, or `None` while somebody has it.
    pub fn lend(&self) -> Option<Lease<T>> {
        self.lend_to(None).ok()
    }

    fn lend_to(&self, holder: Option<Holder>) -> Result<Lease<T>, Option<Holder>> {
        let mut place = lock(&self.place);
        match std::mem::replace(&mut *place, Place::Lent(holder)) {
            Place::Here(value) => {
                Ok(Lease { value: Some(value), home: Some(Arc::clone(&self.place)) })
            }
            Place::Lent(earlier) => {
                // Whoever asked is not the one who has it.
                *place = Place::Lent(earlier.clone());
                Err(earlier)
            }
        }
    }
}

impl<T> Clone for Lendable<T> {
    fn clone(&self) -> Self {
        Self { place: Arc::clone(&self.place) }
    }
}

impl<T> From<T> for Lendable<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Debug for Lendable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = match &*lock(&self.place) {
            Place::Here(_) => None,
            Place::Lent(holder) => Some(holder.clone()),
        };
        f.debug_struct("Lendable").field("lent_to", &holder).finish_non_exhaustive()
    }
}

impl<T> Deref for Lease<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("only Drop takes the value out")
    }
}

impl<T> DerefMut for Lease<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect("only Drop takes the value out")
    }
}

/// A lease that goes back to nobody, for a test that calls a child's function.
impl<T> From<T> for Lease<T> {
    fn from(value: T) -> Self {
        Self { value: Some(value), home: None }
    }
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        if cfg!(plant_bug = "lease_kept_after_a_panic") && std::thread::panicking() {
            return;
        }
        if let (Some(value), Some(home)) = (self.value.take(), &self.home) {
            *lock(home) = Place::Here(value);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&**self).finish()
    }
}

/// A run cannot have what another one has.
#[derive(Clone, Debug, Error)]
#[error("`{taker}` cannot take `Lease<{what}>`: {}", self.why())]
struct LeaseError {
    what: &'static str,
    taker: ChildPath,
    holder: Option<Holder>,
}

impl LeaseError {
    fn why(&self) -> String {
        match &self.holder {
            Some(holder) if holder.path == self.taker => format!(
                "its run {} has ended and still holds it; keep the lease where it ends with the \
                 run, in the function or in what `ctx.spawn` spawns",
                holder.generation.0
            ),
            Some(holder) => format!(
                "`{}` holds it, and one child at a time has what is lent; take it in one of the \
                 two",
                holder.path
            ),
            None => "the program itself holds it, having called `lend`".to_owned(),
        }
    }
}

impl Failure for LeaseError {
    fn kind(&self) -> TaskFailureKind {
        TaskFailureKind::FatalBug
    }
}

impl<S, C, T> Extract<S, C> for Lease<T>
where
    S: Provide<Lendable<T>>,
    C: RunContext,
{
    const LENT: Lent = Lent::of(S::PLACE);

    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        let (path, generation) = (run.context.path().clone(), run.context.generation());
        let taker = path.clone();
        let lendable: Lendable<T> = S::provide(&run.state);
        lendable.lend_to(Some(Holder { path, generation })).map_err(|holder| {
            TaskFailure::from(LeaseError { what: type_name::<T>(), taker, holder })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::id::ChildId;

    fn holder(name: &str, generation: u64) -> Holder {
        let path = ChildPath::root().join(&ChildId::new(name).unwrap());
        Holder { path, generation: Generation(generation) }
    }

    #[test]
    fn what_is_lent_comes_back_as_it_was_left_also_in_a_panic() {
        let numbers = Lendable::new(vec![1]);
        let mut lease = numbers.lend().unwrap();
        lease.push(2);
        drop(lease);

        let panic = catch_unwind(AssertUnwindSafe(|| {
            numbers.lend().unwrap().push(3);
            let _lease = numbers.lend().unwrap();
            panic!("with the lease in hand");
        }));

        panic.unwrap_err();
        assert_eq!(*numbers.lend().unwrap(), [1, 2, 3]);
    }

    #[test]
    fn one_has_it_at_a_time_and_the_other_is_told_who() {
        let numbers = Lendable::from(1);
        let lease = numbers.lend_to(Some(holder("a", 3))).unwrap();

        assert_eq!(numbers.lend_to(Some(holder("b", 1))).unwrap_err(), Some(holder("a", 3)));
        assert!(numbers.lend().is_none());

        drop(lease);
        assert_eq!(*numbers.lend_to(Some(holder("b", 1))).unwrap(), 1);
    }
}
