//! The declaration of a supervisor and everything below it.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "config")]
use super::AtField;
use super::NodeSpec;
use super::dependency::Dependency;
use super::group::Group;
use super::tags::Tags;
use crate::policy::PolicyPatch;
use crate::policy::backoff::BackoffPatch;
use crate::policy::dependency::{OnDependencyRestart, StartMode};
use crate::policy::failure::{Criticality, OnLimit};
use crate::policy::intensity::Limit;
use crate::policy::keys::{policy_keys, spec_setter};
use crate::policy::on_failure::{ClassPatch, FailureClass};
use crate::policy::restart::{AutoShutdown, Meltdown, Restart, Strategy};
use crate::policy::role::Role;
use crate::policy::shutdown::Grace;
#[cfg(feature = "config")]
use crate::task::context::TaskContext;
#[cfg(feature = "config")]
use crate::task::factory::service_fn;
#[cfg(feature = "config")]
use crate::task::member::MemberFactory;

/// The declaration of a supervisor: its strategy, its budget, its children in their order.
///
/// Nothing is checked here; [`SupervisorSpec::validate`] reports everything that is wrong with the
/// whole tree at once.
///
/// ```
/// use rust_supervisor::policy::restart::Strategy;
/// use rust_supervisor::spec::child::ChildSpec;
/// use rust_supervisor::spec::supervisor::SupervisorSpec;
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::factory::service_fn;
///
/// let parked = || service_fn(async |ctx: TaskContext| ctx.stopped().await);
/// let tree = SupervisorSpec::root()
///     .strategy(Strategy::RestForOne)
///     .child(ChildSpec::new("pool", parked()))
///     .child(SupervisorSpec::new("payments").child(ChildSpec::new("ledger", parked())));
/// assert!(tree.validate().is_ok());
/// ```
#[derive(Clone, Debug)]
#[must_use = "a spec does nothing until it is started or added"]
pub struct SupervisorSpec {
    pub(crate) id: Arc<str>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) start: Option<StartMode>,
    pub(crate) strategy: Option<Strategy>,
    pub(crate) intensity: Option<Limit>,
    pub(crate) meltdown: Option<Meltdown>,
    pub(crate) auto_shutdown: Option<AutoShutdown>,
    pub(crate) group: Group,
    pub(crate) budget: Option<Duration>,
    /// About this supervisor as a child of the one above.
    pub(crate) policy: PolicyPatch,
    pub(crate) tags: Tags,
    /// For everything below, where nothing stronger is said.
    pub(crate) defaults: PolicyPatch,
    /// The same out of the configuration, which beats every default in code.
    pub(crate) configured_defaults: PolicyPatch,
    pub(crate) children: Vec<NodeSpec>,
    pub(crate) declared_at: &'static Location<'static>,
    #[cfg(feature = "config")]
    pub(crate) at_field: Option<AtField>,
}

impl SupervisorSpec {
    /// A supervisor about which nothing else is said.
    #[track_caller]
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self {
            id: id.into(),
            dependencies: Vec::new(),
            start: None,
            strategy: None,
            intensity: None,
            meltdown: None,
            auto_shutdown: None,
            group: Group::default(),
            budget: None,
            policy: PolicyPatch::NONE,
            tags: Tags::default(),
            defaults: PolicyPatch::NONE,
            configured_defaults: PolicyPatch::NONE,
            children: Vec::new(),
            declared_at: Location::caller(),
            #[cfg(feature = "config")]
            at_field: None,
        }
    }

    /// The supervisor of a whole tree. Whatever its id, its path is `/root`.
    #[track_caller]
    pub fn root() -> Self {
        Self::new("root")
    }

    /// The id as it was given; it has not been checked.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where in the code it was declared.
    pub fn declared_at(&self) -> &'static Location<'static> {
        self.declared_at
    }

    /// The children declared so far, in their order.
    pub fn children(&self) -> &[NodeSpec] {
        &self.children
    }

    /// The same declarations, with tasks that hold nothing of the program.
    #[cfg(feature = "config")]
    pub(crate) fn without_tasks(&self) -> Self {
        let idle = || service_fn(async |_: TaskContext| {});
        let mut spec = self.clone();
        let members = spec.group.members.as_ref().map(|members| members.type_name().to_owned());
        spec.group.members = members.map(|takes| MemberFactory::stand_in(takes, idle()));
        for child in &mut spec.children {
            match child {
                NodeSpec::Child(child) => child.task = idle(),
                NodeSpec::Supervisor(inner) => **inner = inner.without_tasks(),
            }
        }
        spec
    }

    /// Declares a child, a task or a supervisor, after those declared before.
    pub fn child(mut self, child: impl Into<NodeSpec>) -> Self {
        let mut child = child.into();
        if let (Some(NodeSpec::Child(before)), NodeSpec::Child(child)) =
            (self.children.last(), &mut child)
        {
            child.policy.share(&before.policy);
        }
        self.children.push(child);
        self
    }

    /// Whether its children start one after the other or each as soon as it can, and in which order
    /// they stop. Default: one after the other.
    pub fn start(mut self, start: StartMode) -> Self {
        self.start = Some(start);
        self
    }

    /// Who is restarted together with a child that failed. Default: nobody else.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = Some(strategy);
        self
    }

    /// How many restarts of all its children together are tolerated. Default: 5 within 30 s.
    pub fn intensity(mut self, max: u32, within: Duration) -> Self {
        self.intensity = Some(Limit::new(max, within));
        self
    }

    /// How the supervisor above sees it when its intensity is spent. Default: as a failure.
    pub fn meltdown(mut self, meltdown: Meltdown) -> Self {
        self.meltdown = Some(meltdown);
        self
    }

    /// Whether it ends by itself when its significant children have. Default: never.
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = Some(auto_shutdown);
        self
    }

    /// How long the shutdown of the whole tree may take before all that is left is aborted;
    /// monotonic clock, from the request. Only the root's counts. Default: 30 s.
    pub fn shutdown_budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Policies for everything below, where nothing stronger is said. Those of an inner supervisor
    /// beat those of an outer one.
    ///
    /// Tasks take all of them. Supervisors below take those about restarting them; their grace
    /// stays as long as their own children need.
    pub fn defaults(mut self, defaults: PolicyPatch) -> Self {
        self.defaults = defaults.over(self.defaults);
        self
    }

    /// Lays `patch` over what was said about this supervisor as a child of the one above.
    pub fn with_policy(mut self, patch: PolicyPatch) -> Self {
        self.policy = patch.over(self.policy);
        self
    }

    /// How long the supervisor above waits before it restarts this one.
    pub fn backoff(mut self, backoff: impl Into<BackoffPatch>) -> Self {
        self.policy.backoff = backoff.into().over(self.policy.backoff);
        self
    }

    /// How many restarts of this supervisor alone the one above tolerates.
    pub fn restart_limit(mut self, max: u32, within: Duration) -> Self {
        self.policy.restart_limit = Some(Limit::new(max, within));
        self
    }

    /// Gives one class of failure a wait and a limit of its own, in place of the child's. Said
    /// again, it is laid over what was said before, key by key.
    pub fn on_failure(mut self, class: FailureClass, patch: ClassPatch) -> Self {
        self.policy.on_failure = self.policy.on_failure.on(class, patch);
        self
    }

    /// Never starts it, nor anything below it. A configuration may say otherwise.
    pub fn disabled(mut self) -> Self {
        self.policy = self.policy.disabled();
        self
    }

    /// Says whether it is started at all.
    pub fn enabled_if(mut self, condition: bool) -> Self {
        self.policy = self.policy.enabled_if(condition);
        self
    }

    /// Words for those who look at the tree, in place of those said before.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = Tags::new(tags);
        self
    }

    /// How long all its children together may take to stop. Default: as long as each needs.
    pub fn grace(mut self, grace: Grace) -> Self {
        self.policy.shutdown.grace = Some(grace);
        self
    }

    /// How long all that is below it may take to disappear when it is aborted because
    /// [`grace`](Self::grace) is over, or, at the root, the budget of the shutdown; what is left is
    /// given up. At least 1 ms, on the monotonic clock. Default: each as long as it says itself.
    pub fn abort_wait(mut self, wait: Duration) -> Self {
        self.policy.shutdown.abort_wait = Some(wait);
        self
    }

    /// Lets it start only when `dependency` is ready; see [`Dependency`] for how it is named. Can
    /// be said more than once. Default: it depends on nothing.
    ///
    /// It orders starts, and nothing else: a stop of the dependency does not stop this supervisor,
    /// unless [`on_dependency_restart`](Self::on_dependency_restart) says so.
    pub fn depends_on(mut self, dependency: impl Into<Dependency>) -> Self {
        self.dependencies.push(dependency.into());
        self
    }

    /// Lets the end of this supervisor count for the auto-shutdown of the one above.
    pub fn significant(mut self) -> Self {
        self.policy.significant = Some(true);
        self
    }
}

/// A method for each key with one value that a supervisor has as a child of the one above.
macro_rules! setters {
    ([$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        impl SupervisorSpec {
            $(setter! { $whom $(#[$doc])* $key: $kind $type })*
        }
    };
}

macro_rules! setter {
    (task $($setter:tt)*) => {};
    ($whom:ident $($setter:tt)*) => { spec_setter! { $($setter)* } };
}

policy_keys! { setters }
