//! The declaration of one child.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "config")]
use super::AtField;
use super::dependency::Dependency;
use super::said::Said;
use super::tags::Tags;
#[cfg(feature = "config")]
use crate::config::settings::{DeclaredSettings, SettingsType};
use crate::policy::PolicyPatch;
use crate::policy::backoff::BackoffPatch;
use crate::policy::dependency::OnDependencyRestart;
use crate::policy::failure::{Criticality, OnLimit};
use crate::policy::health::HealthPatch;
use crate::policy::intensity::Limit;
use crate::policy::keys::{policy_keys, spec_setter};
use crate::policy::on_failure::{ClassPatch, FailureClass};
use crate::policy::restart::{Readiness, Restart};
use crate::policy::role::Role;
use crate::policy::shutdown::Grace;
use crate::task::factory::TaskFactory;

/// The declaration of one child: its id, what it runs, and what was said about it.
///
/// Nothing is checked here; [`SupervisorSpec::validate`](super::supervisor::SupervisorSpec::validate)
/// reports everything that is wrong with a whole tree at once. Cheap to clone.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor::policy::backoff::Backoff;
/// use rust_supervisor::policy::restart::Restart;
/// use rust_supervisor::spec::child::ChildSpec;
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::factory::service_fn;
///
/// let ledger = ChildSpec::new("ledger", service_fn(async |ctx: TaskContext| ctx.stopped().await))
///     .restart(Restart::Transient)
///     .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(5)));
/// assert_eq!(ledger.id(), "ledger");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a spec does nothing until it is started or added"]
pub struct ChildSpec {
    pub(crate) id: Arc<str>,
    pub(crate) task: TaskFactory,
    pub(crate) policy: Said,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) declared_at: &'static Location<'static>,
    #[cfg(feature = "config")]
    pub(crate) settings: Option<DeclaredSettings>,
    #[cfg(feature = "config")]
    pub(crate) at_field: Option<AtField>,
    pub(crate) tags: Tags,
}

impl ChildSpec {
    /// A child about which nothing else is said.
    #[track_caller]
    pub fn new(id: impl Into<Arc<str>>, task: TaskFactory) -> Self {
        let declared_at = Location::caller();
        Self {
            id: id.into(),
            task,
            policy: Said::default(),
            dependencies: Vec::new(),
            declared_at,
            tags: Tags::default(),
            #[cfg(feature = "config")]
            settings: None,
            #[cfg(feature = "config")]
            at_field: None,
        }
    }

    /// The id as it was given; it has not been checked.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where in the code it was declared.
    pub fn declared_at(&self) -> &'static Location<'static> {
        self.declared_at
    }

    /// What was said about the child so far.
    pub fn policy(&self) -> PolicyPatch {
        *self.policy
    }

    /// Reads the child's own settings into a `T` before it starts, so that
    /// [`TaskContext::settings`](crate::task::context::TaskContext::settings) has them.
    #[cfg(feature = "config")]
    pub fn settings<T: SettingsType>(mut self) -> Self {
        self.settings = Some(DeclaredSettings::of::<T>());
        self
    }

    /// The same child under another id: the cheap way to many alike.
    pub fn with_id(&self, id: impl Into<Arc<str>>) -> Self {
        Self { id: id.into(), ..self.clone() }
    }

    /// Lays `patch` over what was said so far, key by key.
    pub fn with_policy(mut self, patch: PolicyPatch) -> Self {
        self.policy = patch.over(*self.policy).into();
        self
    }

    /// How long to wait before a restart.
    pub fn backoff(mut self, backoff: impl Into<BackoffPatch>) -> Self {
        self.policy.backoff = backoff.into().over(self.policy.backoff);
        self
    }

    /// How many restarts of this child alone are tolerated.
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
        self.policy.enabled = Some(false);
        self
    }

    /// Says whether it is started at all.
    pub fn enabled_if(mut self, condition: bool) -> Self {
        self.policy.enabled = Some(condition);
        self
    }

    /// Words for those who look at the tree, in place of those said before.
    pub fn tags<T: Into<String>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.tags = Tags::new(tags);
        self
    }

    /// How long a cancelled run may take before it is aborted.
    pub fn grace(mut self, grace: Grace) -> Self {
        self.policy.shutdown.grace = Some(grace);
        self
    }

    /// How long an aborted run may take before it is given up.
    pub fn abort_wait(mut self, wait: Duration) -> Self {
        self.policy.shutdown.abort_wait = Some(wait);
        self
    }

    /// Expects a heartbeat of each run at the latest every `stale_after`, and lets the child
    /// promise one every `heartbeat`. A run that sends none for `stale_after` is stuck and has
    /// timed out.
    pub fn health(mut self, heartbeat: Duration, stale_after: Duration) -> Self {
        self.policy.health = HealthPatch::NONE.heartbeat(heartbeat).stale_after(stale_after);
        self
    }

    /// Lets it start only when `dependency` is ready; see [`Dependency`] for how it is named. Can
    /// be said more than once. Default: it depends on nothing.
    ///
    /// It orders starts, and nothing else: a stop of the dependency does not stop this child,
    /// unless [`on_dependency_restart`](Self::on_dependency_restart) says so.
    pub fn depends_on(mut self, dependency: impl Into<Dependency>) -> Self {
        self.dependencies.push(dependency.into());
        self
    }

    /// Lets the end of this child count for its supervisor's auto-shutdown.
    pub fn significant(mut self) -> Self {
        self.policy.significant = Some(true);
        self
    }
}

/// A method for each key with one value.
macro_rules! setters {
    ([$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        impl ChildSpec {
            $(spec_setter! { $(#[$doc])* $key: $kind $type })*
        }
    };
}

policy_keys! { setters }
