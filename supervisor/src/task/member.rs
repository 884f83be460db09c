//! What makes a child of its arguments: the members of a pool, and children that are many of one.

use std::any::{Any, TypeId, type_name};
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use thiserror::Error;

use super::context::{BlockingContext, TaskContext};
use super::exit::contain;
use super::factory::{Shielded, TaskFactory, blocking_fn, service_fn};
use super::result::Outcome;
#[cfg(feature = "config")]
use crate::config::settings::ReadSettings;

/// What one child was given, whatever its type. Every run of the child is given a clone of it.
///
/// Cheap to clone itself.
#[derive(Clone)]
pub struct Arguments {
    value: Arc<Shell>,
    type_name: Cow<'static, str>,
}

impl Arguments {
    /// Takes `value`, of any type.
    pub fn new<A: Any + Send + Sync>(value: A) -> Self {
        Self { value: Arc::new(Shell(Some(Box::new(value)))), type_name: type_name::<A>().into() }
    }

    /// What stands for arguments of a type of this name, where nothing runs.
    #[cfg(feature = "record")]
    pub(crate) fn stand_in(type_name: String) -> Self {
        Self { value: Arc::new(Shell(None)), type_name: type_name.into() }
    }

    /// The name of their type.
    #[cfg(feature = "record")]
    pub(crate) fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The value, if it is an `A`.
    pub fn get<A: Any>(&self) -> Option<&A> {
        self.value.0.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Arguments").field(&self.type_name).finish()
    }
}

/// A type that arguments can be of.
#[derive(Clone, Copy, Debug)]
pub struct ArgumentsType {
    id: fn() -> TypeId,
    name: fn() -> &'static str,
}

impl ArgumentsType {
    /// The type `A`.
    pub const fn of<A: Any>() -> Self {
        Self { id: TypeId::of::<A>, name: type_name::<A> }
    }
}

/// A value of the user's, whose destructor may panic: it is dropped wherever the last one is who
/// knows it, the driver included.
struct Shell(Option<Box<dyn Any + Send + Sync>>);

impl Drop for Shell {
    fn drop(&mut self) {
        let value = self.0.take();
        // Nobody is left whom it concerns: no run with it is alive.
        drop(contain(|| drop(value)));
    }
}

/// The arguments are of another type than the one that the members take.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("its members take a `{expected}`, and were to be given a `{found}`")]
pub struct WrongArguments {
    /// The type that they take.
    pub expected: Cow<'static, str>,
    /// The type of what was to be given.
    pub found: Cow<'static, str>,
}

/// Makes a child of its arguments: what the members of a pool, or the children of a many, have in
/// common.
///
/// Made by [`member_fn`] and [`blocking_member_fn`]. Cheap to clone.
#[derive(Clone)]
pub struct MemberFactory {
    /// `None` where nothing runs: then names have to do.
    takes: Option<ArgumentsType>,
    type_name: Cow<'static, str>,
    is_blocking: bool,
    make: Arc<dyn Fn(Arguments) -> TaskFactory + Send + Sync>,
    /// For each run of each of them.
    #[cfg(feature = "config")]
    settings: Option<ReadSettings>,
}

impl MemberFactory {
    /// `make` is only called with arguments of the type that it `takes`.
    pub(crate) fn new(
        takes: ArgumentsType,
        is_blocking: bool,
        make: impl Fn(Arguments) -> TaskFactory + Send + Sync + 'static,
    ) -> Self {
        let type_name = (takes.name)().into();
        Self {
            takes: Some(takes),
            type_name,
            is_blocking,
            make: Arc::new(make),
            #[cfg(feature = "config")]
            settings: None,
        }
    }

    /// What stands for members that take a type of this name, where nothing runs.
    #[cfg(any(feature = "config", feature = "record"))]
    pub(crate) fn stand_in(type_name: String, task: TaskFactory) -> Self {
        let is_blocking = task.is_blocking();
        let make = Arc::new(move |_| task.clone());
        Self {
            takes: None,
            type_name: type_name.into(),
            is_blocking,
            make,
            #[cfg(feature = "config")]
            settings: None,
        }
    }

    /// The same, with `settings` for each run.
    #[cfg(feature = "config")]
    pub(crate) fn with_settings(self, settings: ReadSettings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// The same, whose tasks are what `dress` makes of them.
    #[cfg(feature = "test-support")]
    pub(crate) fn dressed(
        self,
        is_blocking: bool,
        dress: impl Fn(&Arguments, &TaskFactory) -> TaskFactory + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::clone(&self.make);
        let make = Arc::new(move |arguments: Arguments| {
            let task = make(arguments.clone());
            dress(&arguments, &task)
        });
        Self { is_blocking, make, ..self }
    }

    /// The same, with the settings of `other`.
    pub(crate) fn with_settings_of(self, other: &Self) -> Self {
        #[cfg(feature = "config")]
        // seen by: cargo test -p supervisor-tests --test config_members
        if !cfg!(plant_bug = "settings_of_members_kept") {
            return Self { settings: other.settings.clone(), ..self };
        }
        let _ = other;
        self
    }

    /// The name of the type that they take.
    #[cfg(any(feature = "config", feature = "record"))]
    pub(crate) fn type_name(&self) -> &str {
        &self.type_name
    }

    /// What runs the member with these arguments.
    ///
    /// # Errors
    ///
    /// [`WrongArguments`] when they are of another type than the members take.
    pub fn task(&self, arguments: Arguments) -> Result<TaskFactory, WrongArguments> {
        let fits = match self.takes {
            Some(takes) => {
                let value = arguments.value.0.as_deref();
                value.is_some_and(|value| value.type_id() == (takes.id)())
            }
            None => arguments.type_name == self.type_name,
        };
        if fits {
            let task = (self.make)(arguments);
            #[cfg(feature = "config")]
            let task = match &self.settings {
                Some(settings) => task.with_settings(settings.clone()),
                None => task,
            };
            return Ok(task);
        }
        Err(WrongArguments { expected: self.type_name.clone(), found: arguments.type_name })
    }

    /// Whether the runs of the members have a thread of their own.
    pub fn is_blocking(&self) -> bool {
        self.is_blocking
    }
}

impl fmt::Debug for MemberFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberFactory").field("takes", &self.type_name).finish_non_exhaustive()
    }
}

/// Members that are async: `make` is called for each run, with the context of the run and a clone
/// of what the member was given.
///
/// ```
/// use rust_supervisor::spec::supervisor::SupervisorSpec;
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::member::member_fn;
///
/// let session = member_fn(async |ctx: TaskContext, user: u64| {
///     println!("the session of {user}");
///     ctx.stopped().await;
/// });
/// let sessions = SupervisorSpec::pool("sessions").members(session).max_children(1_000);
/// assert!(SupervisorSpec::root().child(sessions).validate().is_ok());
/// ```
pub fn member_fn<A, M, F>(make: M) -> MemberFactory
where
    A: Any + Clone + Send + Sync,
    M: Fn(TaskContext, A) -> F + Send + Sync + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let make = Arc::new(Shielded::new(make));
    MemberFactory::new(ArgumentsType::of::<A>(), false, move |arguments| {
        let make = Arc::clone(&make);
        service_fn(move |context| make.get()(context, given(&arguments)))
    })
}

/// Members that each have a thread of their own; see [`blocking_fn`].
pub fn blocking_member_fn<A, W, O>(work: W) -> MemberFactory
where
    A: Any + Clone + Send + Sync,
    W: Fn(BlockingContext, A) -> O + Send + Sync + 'static,
    O: Outcome,
{
    let work = Arc::new(Shielded::new(work));
    MemberFactory::new(ArgumentsType::of::<A>(), true, move |arguments| {
        let work = Arc::clone(&work);
        blocking_fn(move |context| work.get()(context, given(&arguments)))
    })
}

/// A clone for one run.
pub(crate) fn given<A: Any + Clone>(arguments: &Arguments) -> A {
    let value = arguments.get::<A>();
    value.expect("nothing is made of arguments before their type is known").clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("not going quietly"));
        }
    }

    #[test]
    fn arguments_that_panic_when_they_are_dropped_harm_nobody() {
        drop(Arguments::new(Loud));
    }

    #[test]
    fn arguments_of_another_type_are_refused_by_name() {
        let members = member_fn(async |_: TaskContext, _: u64| ());
        assert!(members.task(Arguments::new(1_u64)).is_ok());
        let error = members.task(Arguments::new("1")).unwrap_err();
        assert_eq!(error.to_string(), "its members take a `u64`, and were to be given a `&str`");
    }
}
