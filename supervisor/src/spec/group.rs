//! Many children of one kind: pools, whose members come and go, and manies, which are declared.

use std::sync::Arc;

use super::NodeSpec;
use super::child::ChildSpec;
use super::supervisor::SupervisorSpec;
use super::tags::Tags;
#[cfg(feature = "config")]
use crate::config::args::{ArgsType, DeclaredArgs};
#[cfg(feature = "config")]
use crate::config::settings::{DeclaredSettings, ReadSettings, SettingsType};
use crate::policy::PolicyPatch;
use crate::task::factory::TaskFactory;
use crate::task::member::{Arguments, MemberFactory};

/// The most children that [`SupervisorSpec::many`] can have. The room for them is taken when the
/// tree is started.
pub const MAX_COUNT: u32 = 65_536;

/// What was said about a supervisor of many of one kind. Nothing, for any other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) kind: GroupKind,
    /// What makes a member of its arguments.
    pub(crate) members: Option<MemberFactory>,
    /// What was said about all members.
    pub(crate) policy: PolicyPatch,
    /// The tags of all members.
    pub(crate) tags: Tags,
    /// Of a pool.
    pub(crate) max_children: Option<u32>,
    /// Of a many.
    pub(crate) count: Option<u32>,
    /// What the members of a pool can be given by a configuration.
    #[cfg(feature = "config")]
    pub(crate) args: Option<DeclaredArgs>,
    /// The settings of each of them.
    #[cfg(feature = "config")]
    pub(crate) settings: Option<DeclaredSettings>,
}

/// What is said about one member of a pool, over what was said about all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemberOverrides {
    pub(crate) policy: PolicyPatch,
    /// In place of those of all members.
    pub(crate) tags: Option<Tags>,
    /// In place of those of all members.
    #[cfg(feature = "config")]
    pub(crate) settings: Option<ReadSettings>,
}

impl MemberOverrides {
    /// The member `id` that runs `task`, with what is said about it over the `tags` of all.
    pub(crate) fn declare(self, id: Arc<str>, task: TaskFactory, tags: Tags) -> ChildSpec {
        #[cfg(feature = "config")]
        let task = match self.settings {
            Some(settings) => task.with_settings(settings),
            None => task,
        };
        let mut member = ChildSpec::new(id, task).with_policy(self.policy);
        member.tags = self.tags.unwrap_or(tags);
        member
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub(crate) enum GroupKind {
    /// Its children are declared one by one.
    #[default]
    None,
    Pool,
    Many,
}

impl GroupKind {
    #[cfg(feature = "config")]
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::None => "a supervisor",
            Self::Pool => "a pool",
            Self::Many => "many of one",
        }
    }
}

impl SupervisorSpec {
    /// A pool: a supervisor without declared children, whose members come and go while it runs
    /// and are all stopped at the same time.
    ///
    /// A member whose life is over is forgotten: a pool keeps none that is down. What happens
    /// while there is something still to decide, a restart, a quarantine, a pause, is not the end
    /// of its life. When the supervisor is restarted, all of its members are gone.
    ///
    /// Members are spawned with their arguments where the pool knows what
    /// [`members`](Self::members) it has, by
    /// [`spawn_member`](crate::control::handle::SupervisorHandle::spawn_member); any child can be
    /// added by [`add_child`](crate::control::handle::SupervisorHandle::add_child).
    ///
    /// Source: OTP's `simple_one_for_one`, which forgets in the same way.
    #[track_caller]
    pub fn pool(id: impl Into<Arc<str>>) -> Self {
        let group = Group { kind: GroupKind::Pool, ..Group::default() };
        Self { group, ..Self::new(id) }
    }

    /// Many of one: `count` children alike, with the ids `0`, `1`, `2` and so on, each made by
    /// `members` of its index.
    ///
    /// They are declared children like any others, which come back when their supervisor is
    /// restarted. `count` is from 1 to [`MAX_COUNT`].
    ///
    /// ```
    /// use rust_supervisor::spec::supervisor::SupervisorSpec;
    /// use rust_supervisor::task::context::TaskContext;
    /// use rust_supervisor::task::member::member_fn;
    ///
    /// let shard = member_fn(async |ctx: TaskContext, index: usize| {
    ///     println!("shard {index}");
    ///     ctx.stopped().await;
    /// });
    /// let shards = SupervisorSpec::many("shards", 16, shard);
    /// assert_eq!(shards.children().len(), 16);
    /// assert_eq!(shards.children()[3].id(), "3");
    /// ```
    #[track_caller]
    pub fn many(id: impl Into<Arc<str>>, count: u32, members: MemberFactory) -> Self {
        let group = Group { kind: GroupKind::Many, members: Some(members), ..Group::default() };
        Self { group, ..Self::new(id) }.count(count)
    }

    /// What the members of a pool are made of: the arguments that each is spawned with.
    pub fn members(mut self, members: MemberFactory) -> Self {
        self.group.members = Some(members);
        self.declare_many();
        self
    }

    /// Lays `patch` over what was said about all members of a pool or a many. It beats every
    /// default; what is said about a single member beats it.
    pub fn member_policy(mut self, patch: PolicyPatch) -> Self {
        self.group.policy = patch.over(self.group.policy);
        self.declare_many();
        self
    }

    /// What is put on all members of a pool or a many for those who look at the tree.
    pub fn member_tags<T: Into<String>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        self.member_tags_as(Tags::new(tags))
    }

    pub(crate) fn member_tags_as(mut self, tags: Tags) -> Self {
        self.group.tags = tags;
        self.declare_many();
        self
    }

    /// Lets a configuration name members of a pool, in its section `dynamic`, and lets an operator
    /// add one by its manifest: what they are given is read into an `A`, which has to be what its
    /// [`members`](Self::members) take.
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
    /// let sessions = SupervisorSpec::pool("sessions").members(session).from_config::<u64>();
    /// assert!(SupervisorSpec::root().child(sessions).validate().is_ok());
    /// ```
    #[cfg(feature = "config")]
    pub fn from_config<A: ArgsType>(mut self) -> Self {
        self.group.args = Some(DeclaredArgs::of::<A>());
        self
    }

    /// Reads the settings of the members of a pool, or of the children of a many, into a `T`; see
    /// [`ChildSpec::settings`].
    #[cfg(feature = "config")]
    pub fn member_settings<T: SettingsType>(mut self) -> Self {
        self.group.settings = Some(DeclaredSettings::of::<T>());
        self.declare_many();
        self
    }

    /// How many members a pool has at most, those counted that wait for a restart, are paused or
    /// quarantined. At least 1. Default: as many as there is room for.
    pub fn max_children(mut self, max: u32) -> Self {
        self.group.max_children = Some(max);
        self
    }

    /// How many children a many has. From 1 to [`MAX_COUNT`]. Drops what was said about single
    /// ones.
    pub fn count(mut self, count: u32) -> Self {
        self.group.count = Some(count);
        self.declare_many();
        self
    }

    /// Declares the children of a many anew.
    pub(crate) fn declare_many(&mut self) {
        let Group { kind: GroupKind::Many, members: Some(members), policy, tags, count, .. } =
            &self.group
        else {
            return;
        };
        // Whatever else is said is refused by `validate`.
        let count = count.unwrap_or_default().min(MAX_COUNT) as usize;
        let child = |index: usize| {
            let task = members.task(Arguments::new(index)).ok()?;
            let mut child = ChildSpec::new(index.to_string(), task).with_policy(*policy);
            child.tags = tags.clone();
            child.declared_at = self.declared_at;
            #[cfg(feature = "config")]
            {
                child.settings = self.group.settings;
                child.at_field.clone_from(&self.at_field);
            }
            Some(NodeSpec::from(child))
        };
        self.children = (0..count).map_while(child).collect();
    }
}
