//! What the attribute macros leave behind of the fields of a supervisor.

use std::panic::Location;
use std::time::Duration;

use super::Node;
#[cfg(feature = "config")]
use crate::config::args::{ArgsType, DeclaredArgs};
use crate::policy::PolicyPatch;
use crate::policy::intensity::Limit;
use crate::policy::restart::Meltdown;
use crate::task::exit::Ask;
#[cfg(feature = "config")]
use crate::tree::args::SpawnedWith;
use crate::tree::args::{Gives, Needs, NeedsNothing};
use crate::tree::graph::item::Item;
use crate::tree::graph::key::Key;
use crate::tree::seat::FromSeat;
#[cfg(feature = "config")]
use crate::tree::supervised::HasMembers;
#[cfg(not(feature = "config"))]
use crate::tree::supervised::ReadsConfig;
use crate::tree::supervised::{Group, IsMany, IsPool, Supervised};

/// One field of a supervisor.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredSlot {
    pub(in crate::tree) name: &'static str,
    pub(in crate::tree) node: Node,
    pub(in crate::tree) item: &'static Item,
    /// Over what the child itself says. Apart, because most fields say nothing, and the compiler
    /// goes through all that stands here for each of them.
    pub(in crate::tree) said: &'static SaidAtField,
    #[cfg(feature = "config")]
    pub(in crate::tree) args: Option<DeclaredArgs>,
}

/// What a field says about what stands in it.
#[derive(Clone, Copy, Debug)]
pub struct SaidAtField {
    pub(in crate::tree) depends_on: Option<&'static [Key]>,
    /// Names of fields of the same struct.
    pub(in crate::tree) after: &'static [&'static str],
    pub(in crate::tree) policy: PolicyPatch,
    pub(in crate::tree) says_policy: bool,
    pub(in crate::tree) max_children: Option<u32>,
    pub(in crate::tree) count: Option<u32>,
    pub(in crate::tree) intensity: Option<Limit>,
    pub(in crate::tree) meltdown: Option<Meltdown>,
    pub(in crate::tree) tags: &'static [&'static str],
    pub(in crate::tree) ask: Option<Ask>,
    /// Where the field says it, if it says anything.
    pub(in crate::tree) at: Option<&'static Location<'static>>,
}

/// What most fields say.
static NOTHING: SaidAtField = SaidAtField::NONE;

impl DeclaredSlot {
    /// The field `name` that holds `T`.
    pub const fn new<T: Supervised<Handle: Gives<T, N>>, N: NeedsNothing>(
        name: &'static str,
    ) -> Self {
        Self::of(name, T::NODE)
    }

    /// A field that says `args`. What they are is checked where they are made.
    pub const fn given<T: Supervised<Handle: FromSeat>>(name: &'static str) -> Self {
        Self::of(name, T::NODE)
    }

    /// A field that says something that only a pool or a many has.
    pub const fn group<T: Group + Needs<N>, N: NeedsNothing>(name: &'static str) -> Self {
        Self::of(name, T::NODE)
    }

    /// A field that says something that only a pool has.
    pub const fn pool<T: IsPool>(name: &'static str) -> Self {
        Self::of(name, T::NODE)
    }

    /// A field whose pool has members that a configuration names; see
    /// [`SupervisorSpec::from_config`](crate::spec::supervisor::SupervisorSpec::from_config).
    #[cfg(feature = "config")]
    pub const fn configured<T, N>(name: &'static str) -> Self
    where
        T: Supervised + HasMembers<Member: Needs<N>>,
        N: SpawnedWith<Value: ArgsType>,
    {
        let mut slot = Self::of(name, T::NODE);
        slot.args = Some(DeclaredArgs::of::<N::Value>());
        slot
    }

    /// Only a message.
    #[cfg(not(feature = "config"))]
    pub const fn configured<T: Supervised + ReadsConfig, N>(name: &'static str) -> Self {
        Self::of(name, T::NODE)
    }

    /// A field that says something that only a many has.
    pub const fn many<T: IsMany<N>, N>(name: &'static str) -> Self {
        Self::of(name, T::NODE)
    }

    pub(in crate::tree) const fn of(name: &'static str, node: Node) -> Self {
        Self {
            name,
            node,
            item: node.item(),
            said: &NOTHING,
            #[cfg(feature = "config")]
            args: None,
        }
    }

    /// And says this.
    #[must_use]
    pub const fn saying(mut self, said: &'static SaidAtField) -> Self {
        self.said = said;
        self
    }
}

impl SaidAtField {
    /// Nothing.
    pub const NONE: Self = Self {
        depends_on: None,
        after: &[],
        policy: PolicyPatch::NONE,
        says_policy: false,
        max_children: None,
        count: None,
        intensity: None,
        meltdown: None,
        tags: &[],
        ask: None,
        at: None,
    };

    /// Nothing yet, by the attribute that stands here.
    #[must_use]
    #[track_caller]
    pub const fn here() -> Self {
        Self { at: Some(Location::caller()), ..Self::NONE }
    }

    /// What stands here starts when these are ready, whatever the child itself depends on.
    #[must_use]
    pub const fn depends_on(mut self, keys: &'static [Key]) -> Self {
        self.depends_on = Some(keys);
        self
    }

    /// What stands here starts after these fields, and means what stands there.
    #[must_use]
    pub const fn after(mut self, names: &'static [&'static str]) -> Self {
        self.after = names;
        self
    }

    /// The policies written at it.
    #[must_use]
    pub const fn with_policy(mut self, policy: PolicyPatch) -> Self {
        self.policy = policy;
        self.says_policy = true;
        self
    }

    /// See [`SupervisorSpec::max_children`](crate::spec::supervisor::SupervisorSpec::max_children).
    #[must_use]
    pub const fn max_children(mut self, max: u32) -> Self {
        self.max_children = Some(max);
        self
    }

    /// See [`SupervisorSpec::count`](crate::spec::supervisor::SupervisorSpec::count).
    #[must_use]
    pub const fn count(mut self, count: u32) -> Self {
        self.count = Some(count);
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

    pub(in crate::tree) const fn policy(&self) -> &'static PolicyPatch {
        &self.said.policy
    }

    pub(in crate::tree) const fn item(&self) -> &'static Item {
        self.item
    }

    pub(in crate::tree) const fn comes_after(&self) -> &'static [&'static str] {
        self.said.after
    }

    pub(in crate::tree) const fn needs(&self) -> &'static [Key] {
        match self.said.depends_on {
            Some(keys) => keys,
            None => self.item.depends_on,
        }
    }

    /// Whether the field says anything about its child.
    pub(in crate::tree) const fn says_something(&self) -> bool {
        self.said.at.is_some()
    }

    pub(in crate::tree) const fn declared_count(&self) -> Option<u32> {
        self.said.count
    }
}
