//! What the attribute macros leave behind: static descriptions, and tables of functions that make
//! the runs. One generic function turns both into a spec, so that a child costs two small impls.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::parameter::Run;
#[cfg(feature = "config")]
use crate::config::settings::{DeclaredSettings, TakesSettings};
use crate::control::handle::SupervisorHandle;
use crate::id::{ChildId, ChildPath};
use crate::policy::PolicyPatch;
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Meltdown, Strategy};
use crate::spec::child::ChildSpec;
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::tags::Tags;
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::{Ask, TaskFailure};
use crate::task::factory::{BoxFuture, TaskFactory, blocking_fn};
use crate::task::result::TaskResult;

/// The type of a field: a child, or another supervisor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be supervised",
    label = "neither a child nor a supervisor",
    note = "the type of a field is the name of a `#[child]` function or of a `#[supervisor]` struct"
)]
pub trait Supervised: Sized + 'static {
    /// What a running tree has in the place of the field.
    type Handle: FromSeat;
    /// What was written about it.
    const NODE: Node;
}

/// A child or supervisor that finds all it needs in an application state of type `S`.
///
/// Not a subtrait of [`Supervised`], or a bound on what is none would be a second mistake.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run in an application whose state is `{S}`",
    label = "does not run with the state `{S}`"
)]
pub trait RunsUnder<S: 'static> {
    /// What makes its runs.
    const RUNS: Runs<S>;
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
    /// Its place.
    fn seat(&self) -> &Seat;
}

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

/// What was written about a child or a supervisor.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// About a child.
    Child(&'static DeclaredChild),
    /// About a supervisor.
    Supervisor(&'static DeclaredSupervisor),
}

/// What was written about a child where its function is.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredChild {
    policy: PolicyPatch,
    at: &'static Location<'static>,
    #[cfg(feature = "config")]
    settings: Option<DeclaredSettings>,
    tags: &'static [&'static str],
}

impl DeclaredChild {
    /// A child with these policies.
    #[track_caller]
    pub const fn new(policy: PolicyPatch) -> Self {
        Self {
            policy,
            at: Location::caller(),
            tags: &[],
            #[cfg(feature = "config")]
            settings: None,
        }
    }

    /// A child that takes settings.
    ///
    /// # Panics
    ///
    /// While the program is compiled, when it takes some already.
    #[cfg(feature = "config")]
    #[must_use]
    #[track_caller]
    pub const fn settings<P: TakesSettings>(mut self) -> Self {
        assert!(self.settings.is_none(), "a child has one `settings` section: take it once");
        self.settings = Some(P::SETTINGS);
        self
    }

    /// See [`ChildSpec::tags`].
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }
}

/// What was written about a supervisor where its struct is.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSupervisor {
    slots: &'static [DeclaredSlot],
    strategy: Option<Strategy>,
    intensity: Option<Limit>,
    meltdown: Option<Meltdown>,
    auto_shutdown: Option<AutoShutdown>,
    budget: Option<Duration>,
    policy: PolicyPatch,
    defaults: PolicyPatch,
    at: &'static Location<'static>,
    tags: &'static [&'static str],
}

impl DeclaredSupervisor {
    /// A supervisor of these children, itself with `policy` as a child, and with `defaults` for
    /// everything below.
    #[track_caller]
    pub const fn new(
        slots: &'static [DeclaredSlot],
        policy: PolicyPatch,
        defaults: PolicyPatch,
    ) -> Self {
        Self {
            slots,
            strategy: None,
            intensity: None,
            meltdown: None,
            auto_shutdown: None,
            budget: None,
            policy,
            defaults,
            at: Location::caller(),
            tags: &[],
        }
    }

    /// See [`SupervisorSpec::tags`].
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// See [`SupervisorSpec::strategy`].
    #[must_use]
    pub const fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// See [`SupervisorSpec::intensity`].
    #[must_use]
    pub const fn intensity(mut self, max: u32, within: Duration) -> Self {
        self.intensity = Some(Limit::new(max, within));
        self
    }

    /// See [`SupervisorSpec::meltdown`].
    #[must_use]
    pub const fn meltdown(mut self, meltdown: Meltdown) -> Self {
        self.meltdown = Some(meltdown);
        self
    }

    /// See [`SupervisorSpec::auto_shutdown`].
    #[must_use]
    pub const fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = Some(auto_shutdown);
        self
    }

    /// See [`SupervisorSpec::shutdown_budget`].
    #[must_use]
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    fn spec(&self, id: &str, policy: PolicyPatch) -> SupervisorSpec {
        let mut spec = SupervisorSpec::new(id).with_policy(policy).defaults(self.defaults);
        spec.strategy = self.strategy;
        spec.intensity = self.intensity;
        spec.meltdown = self.meltdown;
        spec.auto_shutdown = self.auto_shutdown;
        spec.budget = self.budget;
        spec.declared_at = self.at;
        spec.tags = Tags::new(self.tags.iter().copied());
        spec
    }
}

/// One field of a supervisor.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSlot {
    name: &'static str,
    node: Node,
    policy: PolicyPatch,
    tags: &'static [&'static str],
    ask: Option<Ask>,
}

impl DeclaredSlot {
    /// The field `name` that holds `T`, and the policies written at it.
    pub const fn new<T: Supervised>(name: &'static str, policy: PolicyPatch) -> Self {
        Self { name, node: T::NODE, policy, tags: &[], ask: None }
    }

    /// Tags in place of those of what stands in it.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// Who knows the class of its failures, where the child itself could not: a generic one does
    /// not know all of its types.
    #[must_use]
    pub const fn asking(mut self, ask: Option<Ask>) -> Self {
        self.ask = ask;
        self
    }
}

impl DeclaredSlot {
    /// The tags said at the field, or else those of what stands in it.
    fn tags_over(&self, weaker: &'static [&'static str]) -> Tags {
        let tags = if self.tags.is_empty() { weaker } else { self.tags };
        Tags::new(tags.iter().copied())
    }
}

/// What makes the runs of a child, or of everything below a supervisor in the order of its fields.
#[derive(Debug)]
pub enum Runs<S: 'static> {
    /// Of an async child.
    Async(fn(&Run<S, TaskContext>) -> Result<BoxFuture, TaskFailure>),
    /// Of a blocking child.
    Blocking(fn(&Run<S, BlockingContext>) -> Result<TaskResult, TaskFailure>),
    /// Of the children of a supervisor.
    Supervisor(&'static [Runs<S>]),
}

/// The spec of a whole tree.
pub(crate) fn root_spec<T, S>(state: &Arc<S>) -> SupervisorSpec
where
    T: Supervised + RunsUnder<S>,
    S: Send + Sync + 'static,
{
    match (T::NODE, T::RUNS) {
        (Node::Supervisor(declared), Runs::Supervisor(runs)) => {
            supervisor(declared, runs, "root", declared.policy, state)
        }
        _ => unreachable!("a tree is a supervisor, and both sides are made from one struct"),
    }
}

/// `policy` is all that was said about it as a child.
fn supervisor<S: Send + Sync + 'static>(
    declared: &DeclaredSupervisor,
    runs: &'static [Runs<S>],
    id: &str,
    policy: PolicyPatch,
    state: &Arc<S>,
) -> SupervisorSpec {
    let spec = declared.spec(id, policy);
    declared.slots.iter().zip(runs).fold(spec, |spec, (slot, runs)| match (slot.node, runs) {
        (Node::Supervisor(declared), Runs::Supervisor(runs)) => {
            let policy = slot.policy.overrule(declared.policy);
            let mut inner = supervisor(declared, runs, slot.name, policy, state);
            inner.tags = slot.tags_over(declared.tags);
            spec.child(inner)
        }
        (Node::Child(declared), runs) => {
            let mut child = ChildSpec::new(slot.name, factory(runs, state, slot.ask));
            child.declared_at = declared.at;
            #[cfg(feature = "config")]
            {
                child.settings = declared.settings;
            }
            let mut child = child.with_policy(slot.policy.overrule(declared.policy));
            child.tags = slot.tags_over(declared.tags);
            spec.child(child)
        }
        (Node::Supervisor(_), Runs::Async(_) | Runs::Blocking(_)) => {
            unreachable!("both sides are made from one struct")
        }
    })
}

fn factory<S: Send + Sync + 'static>(
    runs: &'static Runs<S>,
    state: &Arc<S>,
    ask: Option<Ask>,
) -> TaskFactory {
    let state = Arc::clone(state);
    match (runs, ask) {
        (&Runs::Async(make), None) => {
            TaskFactory::new(move |context| make(&Run::new(Arc::clone(&state), context)))
        }
        (&Runs::Async(make), Some(ask)) => TaskFactory::new(move |context| {
            let run = make(&Run::new(Arc::clone(&state), context))?;
            Ok(Box::pin(async move { run.await.or_ask(ask) }))
        }),
        (&Runs::Blocking(work), ask) => blocking_fn(move |context| {
            let result = work(&Run::new(Arc::clone(&state), context));
            let result = result.unwrap_or_else(TaskResult::Failed);
            match ask {
                Some(ask) => result.or_ask(ask),
                None => result,
            }
        }),
        (Runs::Supervisor(_), _) => unreachable!("both sides are made from one function"),
    }
}
