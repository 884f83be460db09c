//! What the attribute macros leave behind: static descriptions, and tables of functions that make
//! the runs. One generic function turns both into a spec, so that a child costs two small impls.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "config")]
use super::args::SpawnedWith;
use super::args::{Needs, NeedsNothing};
use super::graph::item::Item;
use super::graph::key::Key;
use super::graph::resolve::Wire;
use super::graph::wiring::{Link, Needs as Wired, Wiring};
use super::parameter::Run;
#[cfg(feature = "config")]
use crate::config::args::{ArgsType, DeclaredArgs};
#[cfg(feature = "config")]
use crate::config::settings::{DeclaredSettings, TakesSettings};
use crate::control::handle::SupervisorHandle;
use crate::id::{ChildId, ChildPath};
use crate::policy::PolicyPatch;
use crate::policy::dependency::StartMode;
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Meltdown, Strategy};
#[cfg(feature = "config")]
use crate::spec::AtField;
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::dependency::Dependency;
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::tags::Tags;
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::{Ask, TaskFailure};
use crate::task::factory::{BoxFuture, TaskFactory, blocking_fn};
use crate::task::member::{Arguments, ArgumentsType, MemberFactory};
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
    /// What it is.
    const KEY: Key;
    /// What was written about it.
    const NODE: Node;
    /// What it needs, for the checks of the whole tree. Apart from the key, so that a dependency
    /// can be named by what depends on it.
    const ITEM: &'static Item = &Item::child(Self::KEY);
}

/// A child that can be a member of a pool, or one of many.
///
/// Not a supertrait of anything, or a bound on what is none would be a second mistake.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be in a `Pool` or a `Many`",
    label = "no `#[child]` function",
    note = "only a child can be, by the name of its function; a supervisor cannot"
)]
pub trait Member: Supervised {
    /// What it is given.
    const TAKES: ArgumentsType = ArgumentsType::of::<()>();
}

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
    /// Who depends on whom below it.
    const WIRES: &'static [Wire];
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
    /// About the members of a pool.
    Pool(&'static DeclaredChild),
    /// About those of a many.
    Many(&'static DeclaredChild),
}

impl Node {
    /// What was written about a child, as about the members of a group of it.
    pub(super) const fn of_members(self) -> &'static DeclaredChild {
        match self {
            Self::Child(declared) | Self::Pool(declared) | Self::Many(declared) => declared,
            Self::Supervisor(_) => panic!("the macros make members of children alone"),
        }
    }
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

    /// The policies.
    pub const fn policy(&self) -> &PolicyPatch {
        &self.policy
    }

    pub(super) const fn at(&self) -> &'static Location<'static> {
        self.at
    }
}

/// What was written about a supervisor where its struct is.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSupervisor {
    slots: &'static [DeclaredSlot],
    strategy: Option<Strategy>,
    start: Option<StartMode>,
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
            start: None,
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

    /// See [`SupervisorSpec::start`].
    #[must_use]
    pub const fn start(mut self, start: StartMode) -> Self {
        self.start = Some(start);
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

    pub(super) const fn slots(&self) -> &'static [DeclaredSlot] {
        self.slots
    }

    pub(super) const fn policy(&self) -> &PolicyPatch {
        &self.policy
    }

    pub(super) const fn defaults(&self) -> &PolicyPatch {
        &self.defaults
    }

    pub(super) const fn shutdown_budget(&self) -> Option<Duration> {
        self.budget
    }

    /// Whose end counts for its own.
    pub(super) const fn counts_for(&self) -> AutoShutdown {
        match self.auto_shutdown {
            Some(auto_shutdown) => auto_shutdown,
            None => AutoShutdown::Never,
        }
    }

    pub(super) const fn at(&self) -> &'static Location<'static> {
        self.at
    }

    fn spec(&self, id: &str, policy: &PolicyPatch) -> SupervisorSpec {
        let mut spec = SupervisorSpec::new(id).with_policy(*policy).defaults(self.defaults);
        spec.strategy = self.strategy;
        spec.start = self.start;
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
    max_children: Option<u32>,
    count: Option<u32>,
    intensity: Option<Limit>,
    meltdown: Option<Meltdown>,
    tags: &'static [&'static str],
    ask: Option<Ask>,
    /// Where the field says it, if it says anything.
    at: Option<&'static Location<'static>>,
    #[cfg(feature = "config")]
    args: Option<DeclaredArgs>,
}

impl DeclaredSlot {
    /// The field `name` that holds `T`, and the policies written at it.
    pub const fn new<T: Needs<N>, N: NeedsNothing>(
        name: &'static str,
        policy: PolicyPatch,
    ) -> Self {
        Self::of(name, T::NODE, &policy)
    }

    /// A field that says `args`. What they are is checked where they are made.
    pub const fn given<T: Supervised>(name: &'static str, policy: PolicyPatch) -> Self {
        Self::of(name, T::NODE, &policy)
    }

    /// A field that says something that only a pool or a many has.
    pub const fn group<T: Group + Needs<N>, N: NeedsNothing>(
        name: &'static str,
        policy: PolicyPatch,
    ) -> Self {
        Self::of(name, T::NODE, &policy)
    }

    /// A field that says something that only a pool has.
    pub const fn pool<T: IsPool>(name: &'static str, policy: PolicyPatch) -> Self {
        Self::of(name, T::NODE, &policy)
    }

    /// A field that says something that only a many has.
    pub const fn many<T: IsMany<N>, N>(name: &'static str, policy: PolicyPatch) -> Self {
        Self::of(name, T::NODE, &policy)
    }

    pub(super) const fn of(name: &'static str, node: Node, policy: &PolicyPatch) -> Self {
        let (max_children, count, intensity, meltdown) = (None, None, None, None);
        Self {
            name,
            node,
            policy: *policy,
            max_children,
            count,
            intensity,
            meltdown,
            tags: &[],
            ask: None,
            at: None,
            #[cfg(feature = "config")]
            args: None,
        }
    }

    /// What it says stands here.
    #[must_use]
    #[track_caller]
    pub const fn said_here(mut self) -> Self {
        self.at = Some(Location::caller());
        self
    }

    /// See [`SupervisorSpec::from_config`].
    #[cfg(feature = "config")]
    #[must_use]
    pub const fn from_config<T, N>(mut self) -> Self
    where
        T: HasMembers<Member: Needs<N>>,
        N: SpawnedWith<Value: ArgsType>,
    {
        self.args = Some(DeclaredArgs::of::<N::Value>());
        self
    }

    /// Only a message.
    #[cfg(not(feature = "config"))]
    #[must_use]
    pub const fn from_config<T: ReadsConfig, N>(self) -> Self {
        self
    }

    /// The field's part in what is said about what stands in it, over `before`.
    #[cfg(feature = "config")]
    fn at_field(&'static self, before: &'static PolicyPatch) -> Option<AtField> {
        let has_tags = !self.tags.is_empty();
        self.at.map(|at| AtField { said: &self.policy, before, has_tags, at })
    }

    /// See [`SupervisorSpec::max_children`].
    #[must_use]
    pub const fn max_children(mut self, max: u32) -> Self {
        self.max_children = Some(max);
        self
    }

    /// See [`SupervisorSpec::count`].
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
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
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn node(&self) -> Node {
        self.node
    }

    pub(super) const fn policy(&self) -> &PolicyPatch {
        &self.policy
    }

    /// The tags said at the field, or else those of what stands in it.
    fn tags_over(&self, weaker: &'static [&'static str]) -> Tags {
        let tags = if self.tags.is_empty() { weaker } else { self.tags };
        Tags::new(tags.iter().copied())
    }

    /// The pool or the many that stands in the field, of members like `declared`. It is the group
    /// that waits for what they need.
    fn group_spec(
        &'static self,
        mut group: SupervisorSpec,
        declared: &'static DeclaredChild,
        dependencies: Vec<Dependency>,
    ) -> SupervisorSpec {
        let mut policy = self.policy.overrule(declared.policy);
        let said = policy.on_dependency_restart.take();
        let of_role = || policy.role.and_then(|role| role.defaults().on_dependency_restart);
        let follows = said.or_else(|| of_role().filter(|_| !dependencies.is_empty()));
        group.declared_at = declared.at;
        #[cfg(feature = "config")]
        {
            group.at_field = self.at_field(&declared.policy);
            group.group.settings = declared.settings;
            group.group.args = self.args;
        }
        let group = group.member_policy(policy);
        let mut spec = group.member_tags_as(self.tags_over(declared.tags));
        spec.policy.on_dependency_restart = follows;
        spec.dependencies = dependencies;
        spec.group.max_children = self.max_children;
        spec.intensity = self.intensity;
        spec.meltdown = self.meltdown;
        spec
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
    /// Of a child whose field says what it is given.
    Given(fn(&S) -> Arguments, &'static Runs<S>),
    /// Of each member of a pool, or of a many.
    Members(&'static MemberRuns<S>),
}

/// What makes the runs of a member, and what it is given.
#[derive(Debug)]
pub struct MemberRuns<S: 'static> {
    runs: Runs<S>,
    takes: ArgumentsType,
}

impl<S: 'static> MemberRuns<S> {
    /// Of a `C` that is given what it `takes`.
    pub(crate) const fn new<C: RunsUnder<S>>(takes: ArgumentsType) -> Self {
        Self { runs: C::RUNS, takes }
    }

    fn factory(&'static self, state: &Arc<S>, ask: Option<Ask>, links: Arc<[Link]>) -> MemberFactory
    where
        S: Send + Sync,
    {
        let (runs, state) = (&self.runs, Arc::clone(state));
        let is_blocking = matches!(runs, Runs::Blocking(_));
        MemberFactory::new(self.takes, is_blocking, move |arguments| {
            factory(runs, &state, Gift::Same(arguments), ask, Arc::clone(&links))
        })
    }
}

/// The spec of a whole tree.
pub(crate) fn root_spec<T, S>(state: &Arc<S>) -> SupervisorSpec
where
    T: Seated + RunsUnder<S>,
    S: Send + Sync + 'static,
{
    match (T::NODE, T::RUNS) {
        (Node::Supervisor(declared), Runs::Supervisor(runs)) => {
            let mut wiring = Wiring::new(declared, T::WIRES);
            supervisor(declared, runs, "root", &declared.policy, state, &mut wiring)
        }
        _ => unreachable!("a tree is a supervisor, and both sides are made from one struct"),
    }
}

/// `policy` is all that was said about it as a child.
fn supervisor<S: Send + Sync + 'static>(
    declared: &DeclaredSupervisor,
    runs: &'static [Runs<S>],
    id: &str,
    policy: &PolicyPatch,
    state: &Arc<S>,
    wiring: &mut Wiring,
) -> SupervisorSpec {
    let spec = declared.spec(id, policy);
    declared.slots.iter().zip(runs).fold(spec, |spec, (slot, runs)| {
        let needs = wiring.next();
        let node = slot_spec(slot, runs, &needs, state, wiring);
        spec.child(node)
    })
}

/// What stands in a field, and all below it.
fn slot_spec<S: Send + Sync + 'static>(
    slot: &'static DeclaredSlot,
    runs: &'static Runs<S>,
    needs: &Wired,
    state: &Arc<S>,
    wiring: &mut Wiring,
) -> NodeSpec {
    let dependencies = needs.to_start.iter().map(|path| Dependency::from(path.as_str())).collect();
    match (slot.node, runs) {
        (Node::Supervisor(declared), Runs::Supervisor(runs)) => {
            let policy = slot.policy.overrule(declared.policy);
            let mut inner = supervisor(declared, runs, slot.name, &policy, state, wiring);
            inner.tags = slot.tags_over(declared.tags);
            inner.dependencies = dependencies;
            #[cfg(feature = "config")]
            {
                inner.at_field = slot.at_field(&declared.policy);
            }
            inner.into()
        }
        (Node::Child(declared), runs @ (Runs::Async(_) | Runs::Blocking(_) | Runs::Given(..))) => {
            let mut child = ChildSpec::new(
                slot.name,
                factory(runs, state, Gift::Nothing, slot.ask, Arc::clone(&needs.links)),
            );
            child.declared_at = declared.at;
            #[cfg(feature = "config")]
            {
                child.settings = declared.settings;
                child.at_field = slot.at_field(&declared.policy);
            }
            let mut child = child.with_policy(slot.policy.overrule(declared.policy));
            child.tags = slot.tags_over(declared.tags);
            child.dependencies = dependencies;
            child.into()
        }
        (Node::Pool(declared), Runs::Members(members)) => {
            let links = needs.links_of_members();
            let members = members.factory(state, slot.ask, links);
            let pool = SupervisorSpec::pool(slot.name).members(members);
            slot.group_spec(pool, declared, dependencies).into()
        }
        (Node::Many(declared), Runs::Members(members)) => {
            // That it says how many is checked where it is declared.
            let count = slot.count.unwrap_or_default();
            let links = needs.links_of_members();
            let members = members.factory(state, slot.ask, links);
            let many = SupervisorSpec::many(slot.name, count, members);
            slot.group_spec(many, declared, dependencies).into()
        }
        _ => unreachable!("both sides are made from one struct"),
    }
}

/// What the runs of a child are given.
enum Gift<S> {
    Nothing,
    Same(Arguments),
    /// Made anew for every run.
    Fresh(fn(&S) -> Arguments),
}

impl<S> Gift<S> {
    fn give(&self, state: &S) -> Option<Arguments> {
        match self {
            Self::Nothing => None,
            Self::Same(arguments) => Some(arguments.clone()),
            Self::Fresh(make) => Some(make(state)),
        }
    }
}

fn factory<S>(
    runs: &'static Runs<S>,
    state: &Arc<S>,
    gift: Gift<S>,
    ask: Option<Ask>,
    links: Arc<[Link]>,
) -> TaskFactory
where
    S: Send + Sync + 'static,
{
    let its = Arc::clone(state);
    match (runs, ask) {
        (&Runs::Async(make), None) => TaskFactory::new(move |context| {
            make(&Run::new(Arc::clone(&its), context, gift.give(&its), &links))
        }),
        (&Runs::Async(make), Some(ask)) => TaskFactory::new(move |context| {
            let run = make(&Run::new(Arc::clone(&its), context, gift.give(&its), &links))?;
            Ok(Box::pin(async move { run.await.or_ask(ask) }))
        }),
        (&Runs::Blocking(work), ask) => blocking_fn(move |context| {
            let result = work(&Run::new(Arc::clone(&its), context, gift.give(&its), &links));
            let result = result.unwrap_or_else(TaskResult::Failed);
            match ask {
                Some(ask) => result.or_ask(ask),
                None => result,
            }
        }),
        (Runs::Given(make, runs), ask) => factory(runs, state, Gift::Fresh(*make), ask, links),
        (Runs::Supervisor(_) | Runs::Members(_), _) => {
            unreachable!("both sides are made from one function")
        }
    }
}
