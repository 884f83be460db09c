//! What the attribute macros leave behind: static descriptions, with only what was written.

mod field;
pub(super) mod specs;

use std::panic::Location;
use std::time::Duration;

pub use self::field::{DeclaredSlot, SaidAtField};
use super::graph::item::Item;
use super::graph::key::Key;
use super::graph::report::Wire;
use super::seat::Seated;
#[cfg(feature = "config")]
use crate::config::settings::{DeclaredSettings, TakesSettings};
use crate::policy::dependency::StartMode;
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Meltdown, Restart, Strategy};
use crate::policy::{PolicyPatch, or};

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

    /// What the checks of the whole tree look at.
    pub(super) const fn item(self) -> &'static Item {
        match self {
            Self::Child(declared) | Self::Pool(declared) | Self::Many(declared) => &declared.item,
            Self::Supervisor(declared) => declared.item(),
        }
    }
}

/// What was written about a child where its function is.
///
/// What most children say is there as it was written, and only the rest as a patch: the compiler
/// goes through all of it, for each child.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredChild {
    /// What the checks of the whole tree look at.
    pub item: Item,
    /// The ends of its backoff, `(initial, max)`, in nanoseconds.
    pub backoff: Option<(u64, u64)>,
    /// How many restarts are tolerated within so many nanoseconds.
    pub restart_limit: Option<(u32, u64)>,
    /// Where it stands for a group: the `restart` of its members, which is not the group's own.
    pub restart_of_members: Option<Restart>,
    /// All that it says beside these and `restart`.
    pub policy: Option<&'static PolicyPatch>,
    /// Its policies follow from its types, so that they can be checked where those are known.
    pub is_of_its_types: bool,
    /// See [`DeclaredChild::settings`].
    #[cfg(feature = "config")]
    pub settings: Option<DeclaredSettings>,
    /// See [`ChildSpec::tags`](crate::spec::child::ChildSpec::tags).
    pub tags: &'static [&'static str],
}

impl DeclaredChild {
    /// A child that says nothing, without its key.
    pub(super) const NONE: Self = Self {
        item: Item::NONE,
        backoff: None,
        restart_limit: None,
        restart_of_members: None,
        policy: None,
        is_of_its_types: false,
        tags: &[],
        #[cfg(feature = "config")]
        settings: None,
    };

    /// A child that says no more than this, as most do: one call takes the compiler less than the
    /// fields one by one.
    pub const fn said(
        key: Key,
        restart: Option<Restart>,
        backoff: Option<(u64, u64)>,
        restart_limit: Option<(u32, u64)>,
        depends_on: &'static [Key],
    ) -> Self {
        let item = Item { key, restart, depends_on, ..Item::NONE };
        Self { item, backoff, restart_limit, ..Self::NONE }
    }

    /// See [`ChildSpec::tags`](crate::spec::child::ChildSpec::tags).
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// Its policies follow from its types, so that they can be checked where those are known.
    #[must_use]
    pub const fn of_its_types(mut self) -> Self {
        self.is_of_its_types = true;
        self
    }

    /// Its parameters are handles of these.
    #[must_use]
    pub const fn handles(mut self, handles: &'static [Key]) -> Self {
        self.item.handles = handles;
        self
    }

    /// It may stand in one struct more than once.
    #[must_use]
    pub const fn multiple(mut self) -> Self {
        self.item.is_multiple = true;
        self
    }

    /// One of its parameters is a `Lease`.
    #[must_use]
    pub const fn takes_lease(mut self) -> Self {
        self.item.takes_lease = true;
        self
    }

    /// What did not compile.
    pub const fn broken(key: Key) -> Self {
        Self { item: Item::broken(key), ..Self::NONE }
    }

    #[cfg(test)]
    pub(super) const fn of_item(item: Item) -> Self {
        Self { item, ..Self::NONE }
    }

    #[cfg(test)]
    pub(super) const fn of_policy(key: Key, policy: &'static PolicyPatch) -> Self {
        let item = Item { restart: policy.restart, ..Item::child(key) };
        Self { item, policy: Some(policy), ..Self::NONE }
    }

    /// The same for what stands in a field as a group of it.
    pub(super) const fn in_a_group(&self, key: Key) -> Self {
        let restart_of_members = self.item.restart;
        Self { item: Item::group(key, &self.item), restart_of_members, ..*self }
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

    /// The policies.
    pub const fn policy(&self) -> PolicyPatch {
        let mut policy = match self.policy {
            Some(policy) => *policy,
            None => PolicyPatch::NONE,
        };
        policy.restart = if cfg!(plant_bug = "restart_of_members_lost") {
            self.item.restart
        } else {
            or(self.item.restart, self.restart_of_members)
        };
        if let Some((initial, max)) = self.backoff {
            policy.backoff.initial = Some(Duration::from_nanos(initial));
            policy.backoff.max = Some(Duration::from_nanos(max));
        }
        if let Some((max, within)) = self.restart_limit {
            policy.restart_limit = Some(Limit::new(max, Duration::from_nanos(within)));
        }
        policy
    }

    pub(super) const fn at(&self) -> &'static Location<'static> {
        self.item.key.at()
    }
}

/// What was written about a supervisor where its struct is.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSupervisor {
    item: Item,
    slots: &'static [DeclaredSlot],
    strategy: Option<Strategy>,
    start: Option<StartMode>,
    intensity: Option<Limit>,
    meltdown: Option<Meltdown>,
    auto_shutdown: Option<AutoShutdown>,
    budget: Option<Duration>,
    policy: PolicyPatch,
    defaults: PolicyPatch,
    tags: &'static [&'static str],
    /// A function, because what is found out about a tree is found out of this.
    wires: fn() -> &'static [Wire],
}

impl DeclaredSupervisor {
    /// A supervisor of these children.
    pub const fn new(key: Key, slots: &'static [DeclaredSlot]) -> Self {
        Self {
            item: Item::supervisor(key, slots),
            slots,
            wires: || &[],
            strategy: None,
            start: None,
            intensity: None,
            meltdown: None,
            auto_shutdown: None,
            budget: None,
            policy: PolicyPatch::NONE,
            defaults: PolicyPatch::NONE,
            tags: &[],
        }
    }

    /// Who depends on whom below it is what the compiler found out about `T`.
    #[must_use]
    pub const fn wired_as<T: Seated>(mut self) -> Self {
        self.wires = || T::WIRES;
        self
    }

    /// It starts when these are ready.
    #[must_use]
    pub const fn depends_on(mut self, keys: &'static [Key]) -> Self {
        self.item.depends_on = keys;
        self
    }

    /// The supervisor above has these, for what stands in it.
    #[must_use]
    pub const fn requires(mut self, keys: &'static [Key]) -> Self {
        self.item.requires = keys;
        self
    }

    /// The policies of its own, as a child.
    #[must_use]
    pub const fn with_policy(mut self, policy: PolicyPatch) -> Self {
        self.item.restart = policy.restart;
        self.policy = policy;
        self
    }

    /// Policies for everything below.
    #[must_use]
    pub const fn with_defaults(mut self, defaults: PolicyPatch) -> Self {
        self.item.default_restart = defaults.restart;
        self.defaults = defaults;
        self
    }

    /// See [`SupervisorSpec::tags`](crate::spec::supervisor::SupervisorSpec::tags).
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// See [`SupervisorSpec::strategy`](crate::spec::supervisor::SupervisorSpec::strategy).
    #[must_use]
    pub const fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// See [`SupervisorSpec::start`](crate::spec::supervisor::SupervisorSpec::start).
    #[must_use]
    pub const fn start(mut self, start: StartMode) -> Self {
        self.item.is_parallel = matches!(start, StartMode::Parallel);
        self.start = Some(start);
        self
    }

    /// See [`SupervisorSpec::intensity`](crate::spec::supervisor::SupervisorSpec::intensity).
    #[must_use]
    pub const fn intensity(mut self, max: u32, within: Duration) -> Self {
        self.intensity = Some(Limit::new(max, within));
        self
    }

    /// See [`SupervisorSpec::meltdown`](crate::spec::supervisor::SupervisorSpec::meltdown).
    #[must_use]
    pub const fn meltdown(mut self, meltdown: Meltdown) -> Self {
        self.meltdown = Some(meltdown);
        self
    }

    /// See [`SupervisorSpec::auto_shutdown`](crate::spec::supervisor::SupervisorSpec::auto_shutdown).
    #[must_use]
    pub const fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = Some(auto_shutdown);
        self
    }

    /// See [`SupervisorSpec::shutdown_budget`](crate::spec::supervisor::SupervisorSpec::shutdown_budget).
    #[must_use]
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    pub(super) fn wires(&self) -> &'static [Wire] {
        (self.wires)()
    }

    pub(super) const fn item(&self) -> &Item {
        &self.item
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
        self.item.key.at()
    }
}
