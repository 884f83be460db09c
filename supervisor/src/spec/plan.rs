//! What a valid spec amounts to: every key has its value. Shared by all runs, never changed.

use std::sync::Arc;
use std::time::Duration;

use super::tags::Tags;
use crate::id::ChildPath;
use crate::policy::dependency::StartMode;
use crate::policy::health::HealthPatch;
use crate::policy::intensity::Limit;
use crate::policy::keys::policy_keys;
use crate::policy::restart::{AutoShutdown, Meltdown, Strategy};
use crate::policy::{Policy, PolicyPatch};
use crate::task::factory::TaskFactory;
use crate::task::member::MemberFactory;

#[derive(Clone, Debug)]
pub(crate) struct ChildPlan {
    /// Shared with those before it about whom nothing else was said.
    pub(crate) policy: Arc<Policy>,
    pub(crate) task: TaskFactory,
    /// Made only for one that has any of it.
    rare: Option<Box<RarePlan>>,
}

/// What most children have nothing of.
#[derive(Clone, Debug)]
struct RarePlan {
    dependencies: Box<[ChildPath]>,
    tags: Tags,
}

impl ChildPlan {
    pub(crate) fn new(
        policy: Arc<Policy>,
        task: TaskFactory,
        dependencies: Vec<ChildPath>,
        tags: Tags,
    ) -> Self {
        let is_plain = dependencies.is_empty() && tags.is_empty();
        let rare =
            (!is_plain).then(|| Box::new(RarePlan { dependencies: dependencies.into(), tags }));
        Self { policy, task, rare }
    }

    /// The same about another task.
    pub(crate) fn with_task(&self, task: TaskFactory) -> Self {
        Self { task, ..self.clone() }
    }

    /// What it depends on, without repetitions.
    pub(crate) fn dependencies(&self) -> &[ChildPath] {
        self.rare.as_ref().map(|rare| &*rare.dependencies).unwrap_or_default()
    }

    pub(crate) fn tags(&self) -> &Tags {
        static NONE: Tags = Tags::NONE;
        self.rare.as_ref().map_or(&NONE, |rare| &rare.tags)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct SupervisorPlan {
    /// About this supervisor as a child of the one above.
    pub(crate) policy: Arc<Policy>,
    /// What it depends on, without repetitions.
    pub(crate) dependencies: Vec<ChildPath>,
    pub(crate) start: StartMode,
    pub(crate) tags: Tags,
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Limit,
    pub(crate) meltdown: Meltdown,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) group: GroupPlan,
    pub(crate) budget: Duration,
    pub(crate) children: Vec<NodePlan>,
    /// What a child added later starts from.
    pub(crate) defaults: Defaults,
    /// How long a child of it may take to stop.
    pub(crate) room: Room,
}

/// The tightest limit around a child on the time that it takes to stop.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) budget: Duration,
    /// Whose limit that is.
    pub(crate) of: ChildPath,
}

/// What its children have in common, if anything.
#[derive(Clone, Debug)]
pub(crate) enum GroupPlan {
    /// Its children are declared one by one.
    None,
    Pool(Box<PoolPlan>),
    /// What makes a child of its index.
    Many(Option<MemberFactory>),
}

#[derive(Clone, Debug)]
pub(crate) struct PoolPlan {
    pub(crate) max_children: Option<u32>,
    /// What makes a member of its arguments, if the pool knows.
    pub(crate) members: Option<MemberFactory>,
    /// What was said about all members.
    pub(crate) said: PolicyPatch,
    pub(crate) tags: Tags,
    /// What that amounts to, if nothing else is said about one.
    pub(crate) policy: Arc<Policy>,
    /// Whether nothing is wrong with that.
    pub(crate) is_sound: bool,
}

impl GroupPlan {
    /// The same with the members of `old`; `None` where that is of another kind.
    pub(crate) fn with_members_of(&self, old: &Self) -> Option<Self> {
        match (self, old) {
            (Self::None, Self::None) => Some(Self::None),
            (Self::Many(_), Self::Many(members)) => Some(Self::Many(members.clone())),
            (Self::Pool(new), Self::Pool(old)) => {
                let members = old.members.clone().map(|members| match &new.members {
                    Some(new) => members.with_settings_of(new),
                    None => members,
                });
                Some(Self::Pool(Box::new(PoolPlan { members, ..PoolPlan::clone(new) })))
            }
            (Self::None | Self::Many(_) | Self::Pool(_), _) => None,
        }
    }
}

impl SupervisorPlan {
    pub(crate) fn pool(&self) -> Option<&PoolPlan> {
        match &self.group {
            GroupPlan::Pool(pool) => Some(pool),
            GroupPlan::None | GroupPlan::Many(_) => None,
        }
    }

    pub(crate) fn is_pool(&self) -> bool {
        self.pool().is_some()
    }

    pub(crate) fn is_many(&self) -> bool {
        matches!(self.group, GroupPlan::Many(_))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NodePlan {
    pub(crate) path: ChildPath,
    pub(crate) kind: PlanKind,
}

#[derive(Clone, Debug)]
pub(crate) enum PlanKind {
    Child(Arc<ChildPlan>),
    Supervisor(Arc<SupervisorPlan>),
}

impl PlanKind {
    pub(crate) fn policy(&self) -> &Arc<Policy> {
        match self {
            Self::Child(plan) => &plan.policy,
            Self::Supervisor(plan) => &plan.policy,
        }
    }

    pub(crate) fn dependencies(&self) -> &[ChildPath] {
        match self {
            Self::Child(plan) => plan.dependencies(),
            Self::Supervisor(plan) => &plan.dependencies,
        }
    }
}

/// Policies on their way down the tree: inner over outer, the configuration over the code.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) in_code: PolicyPatch,
    pub(crate) configured: PolicyPatch,
}

impl Defaults {
    pub(crate) const fn under(&self, policy: &PolicyPatch) -> PolicyPatch {
        let mut all = policy.over(self.configured).over(self.in_code);
        // Heartbeats are expected of a child that asks for them itself; the rest is values.
        if !policy.health.says_something() && !cfg!(plant_bug = "health_by_default") {
            all.health = HealthPatch::NONE;
        }
        // Nobody is left out by default.
        all.enabled = policy.enabled;
        all
    }

    /// What a supervisor below takes of them: nothing about stopping and starting a task.
    pub(crate) const fn for_supervisor(self) -> Self {
        Self { in_code: inherited(self.in_code), configured: inherited(self.configured) }
    }
}

macro_rules! inherited {
    ([$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        /// What a supervisor takes of the defaults above it.
        const fn inherited(patch: PolicyPatch) -> PolicyPatch {
            let mut none = PolicyPatch::NONE;
            $(inherit! { $whom none.$key = patch.$key })*
            none
        }
    };
}

macro_rules! inherit {
    (any $($assignment:tt)*) => { $($assignment)*; };
    ($whom:ident $($assignment:tt)*) => {};
}

policy_keys! { inherited }
