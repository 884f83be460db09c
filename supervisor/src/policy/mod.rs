//! What is decided when: policies as plain values, and their arithmetic.
//!
//! Every policy exists twice: as a [`PolicyPatch`], which holds only what somebody wrote down, and
//! as a [`Policy`], in which every key has a value. Patches are laid over each other key by key,
//! the stronger one over the weaker; what nobody wrote comes from [`Policy::DEFAULT`].

pub mod backoff;
pub mod decision;
pub mod dependency;
pub mod failure;
pub mod health;
pub mod intensity;
pub(crate) mod keys;
pub mod lint;
pub mod on_failure;
pub mod restart;
pub mod role;
pub mod rules;
pub mod shutdown;
pub(crate) mod written;

use std::sync::Arc;
use std::time::Duration;

use self::backoff::{Backoff, BackoffPatch};
use self::dependency::OnDependencyRestart;
use self::failure::{Criticality, OnLimit, TaskFailureKind};
use self::health::{Health, HealthPatch};
use self::intensity::Limit;
use self::keys::{patch_type, policy_keys};
use self::on_failure::{FailureClass, OnFailure, OnFailurePatch};
use self::restart::{Readiness, Restart};
use self::role::Role;
use self::shutdown::{EACH_ITS_OWN, Grace, ShutdownPatch};

/// Everything the tree decides about one child by itself, with no key left open.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// What it is to the program. It has supplied defaults, and nothing else follows from it.
    /// Default: worker.
    pub role: Role,
    /// Whether it is started at all. One that is not is
    /// [disabled](crate::state::Lifecycle::Disabled). Default: yes.
    pub enabled: bool,
    /// Which exits are followed by another run. Default: permanent.
    pub restart: Restart,
    /// How long to wait before a restart.
    pub backoff: Backoff,
    /// How many restarts of this child alone are tolerated. Default: no limit of its own.
    pub restart_limit: Option<Limit>,
    /// What follows when `restart_limit` is spent. Default: by `criticality`.
    pub on_limit: OnLimit,
    /// The waits and limits of single classes of failure, which replace those above for such a
    /// failure. Default: none.
    pub on_failure: Option<Arc<OnFailure>>,
    /// How long a child that has used up its own limit, or failed for good, is quarantined before
    /// it is started as a trial; monotonic clock, from the quarantine. Longer than zero. Only with
    /// [`OnLimit::Quarantine`]. Default: no trial, it waits for an operator.
    ///
    /// The trial is charged to nothing. A run that is ready for the backoff's `reset_after` makes
    /// the limit whole; one that fails before is quarantined for as long again.
    pub probe_after: Option<Duration>,
    /// How much the program needs this child. Default: standard.
    pub criticality: Criticality,
    /// When a run counts as ready. Default: immediate.
    pub readiness: Readiness,
    /// How long a run with explicit readiness may take to become ready; monotonic clock, from its
    /// start. At least 1 ns. Default: 30 s. Means nothing with immediate readiness.
    pub start_timeout: Duration,
    /// How long a cancelled run may take before it is aborted. Default: 5 s for a task; a
    /// supervisor has as long as its children need.
    pub grace: Grace,
    /// How long an aborted run may take to disappear before it is given up as unjoinable;
    /// monotonic clock, from the abort. At least 1 ms. Default: 1 s.
    ///
    /// Of a supervisor: how long all that is below it may take to disappear when it is aborted
    /// because the supervisor's grace is over (or, at the root, the budget of the shutdown), in
    /// place of what each says. Default: `Duration::MAX`, which leaves each its own.
    pub abort_wait: Duration,
    /// The heartbeats that are expected of this child. Default: none.
    pub health: Option<Health>,
    /// What it does while something it depends on is not ready. Default: keep.
    pub on_dependency_restart: OnDependencyRestart,
    /// Whether the end of this child counts for its supervisor's auto-shutdown. Default: no.
    pub significant: bool,
}

impl Policy {
    /// What holds for a child about which nobody said anything.
    pub const DEFAULT: Self = Self {
        role: Role::Worker,
        enabled: true,
        restart: Restart::Permanent,
        backoff: Backoff::DEFAULT,
        restart_limit: None,
        on_limit: OnLimit::Quarantine,
        on_failure: None,
        probe_after: None,
        criticality: Criticality::Standard,
        readiness: Readiness::Immediate,
        start_timeout: Duration::from_secs(30),
        grace: Grace::After(Duration::from_secs(5)),
        abort_wait: Duration::from_secs(1),
        health: None,
        on_dependency_restart: OnDependencyRestart::Keep,
        significant: false,
    };

    /// The limit that a failure of this kind is charged to, and the class whose own it is. An end
    /// that is no failure is charged to the child's.
    pub fn limit_after(
        &self,
        kind: Option<TaskFailureKind>,
    ) -> Option<(Option<FailureClass>, Limit)> {
        if let Some((class, policy)) = self.class_of(kind)
            && let Some(limit) = policy.restart_limit
            && !cfg!(plant_bug = "class_limit_ignored")
        {
            return Some((Some(class), limit));
        }
        self.restart_limit.map(|limit| (None, limit))
    }

    /// The wait that follows a failure of this kind, and the class whose own it is.
    pub fn backoff_after(&self, kind: Option<TaskFailureKind>) -> (Option<FailureClass>, &Backoff) {
        if let Some((class, policy)) = self.class_of(kind)
            && let Some(backoff) = &policy.backoff
            && !cfg!(plant_bug = "class_backoff_ignored")
        {
            return (Some(class), backoff);
        }
        (None, &self.backoff)
    }

    /// Every limit of its own, the child's first, with the class it is for.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (Option<FailureClass>, Limit)> {
        let own = self.restart_limit.map(|limit| (None, limit));
        let classes = self.on_failure.iter().flat_map(|on_failure| on_failure.iter());
        let of_classes = classes
            .filter_map(|(class, policy)| policy.restart_limit.map(|limit| (Some(class), limit)));
        own.into_iter().chain(of_classes)
    }

    fn class_of(
        &self,
        kind: Option<TaskFailureKind>,
    ) -> Option<(FailureClass, &on_failure::ClassPolicy)> {
        let class = FailureClass::of(kind?)?;
        Some((class, self.on_failure.as_ref()?.class(class)))
    }
}

/// Makes the patch out of the list of the keys.
macro_rules! patch {
    ([$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        /// What somebody wrote down about a child: every key may be open.
        ///
        /// Made in `const` by the attribute macros, by the builders of the specs, and by the
        /// configuration.
        ///
        /// ```
        /// use std::time::Duration;
        /// use rust_supervisor::policy::PolicyPatch;
        /// use rust_supervisor::policy::restart::Restart;
        ///
        /// const SLOW: PolicyPatch = PolicyPatch::NONE.start_timeout(Duration::from_secs(90));
        /// const JOB: PolicyPatch = PolicyPatch::NONE.restart(Restart::Transient).over(SLOW);
        /// assert_eq!(JOB.start_timeout, SLOW.start_timeout);
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[non_exhaustive]
        #[cfg_attr(
            feature = "record",
            derive(serde::Serialize, serde::Deserialize),
            serde(default, deny_unknown_fields)
        )]
        pub struct PolicyPatch {
            $(
                #[doc = concat!("See [`Policy::", stringify!($key), "`].")]
                pub $key: patch_type!($kind $type),
            )*
            /// See [`Policy::enabled`]. About the child itself: it cannot be said in defaults.
            pub enabled: Option<bool>,
            /// See [`Policy::grace`] and [`Policy::abort_wait`].
            pub shutdown: ShutdownPatch,
        }

        impl PolicyPatch {
            /// Says nothing.
            pub const NONE: Self = Self {
                $($key: nothing!($kind $type),)*
                enabled: None,
                shutdown: ShutdownPatch::NONE,
            };

            /// Whether any key is set.
            pub const fn says_something(&self) -> bool {
                let ShutdownPatch { grace, abort_wait } = self.shutdown;
                let own = self.enabled.is_some() || grace.is_some() || abort_wait.is_some();
                own $(|| says!($kind self.$key))*
            }

            /// Lays this patch over a weaker one, key by key.
            #[must_use]
            pub const fn over(self, weaker: Self) -> Self {
                Self {
                    $($key: over!($kind self.$key, weaker.$key),)*
                    enabled: or(self.enabled, weaker.enabled),
                    shutdown: self.shutdown.over(weaker.shutdown),
                }
            }

            $(patch_setter! { $key: $kind $type })*
        }
    };
}

macro_rules! nothing {
    (section $type:ident) => {
        <$type>::NONE
    };
    ($kind:ident $type:ident) => {
        None
    };
}

macro_rules! over {
    (section $strong:expr, $weak:expr) => {
        $strong.over($weak)
    };
    ($kind:ident $strong:expr, $weak:expr) => {
        or($strong, $weak)
    };
}

macro_rules! says {
    (section $key:expr) => {
        $key.says_something()
    };
    ($kind:ident $key:expr) => {
        $key.is_some()
    };
}

macro_rules! patch_setter {
    ($key:ident: value $type:ident) => {
        #[doc = concat!("Says [`Policy::", stringify!($key), "`].")]
        #[must_use]
        pub const fn $key(mut self, $key: $type) -> Self {
            self.$key = Some($key);
            self
        }
    };
    ($key:ident: section $type:ident) => {
        #[doc = concat!(
                            "Lays `", stringify!($key), "` over what was said about [`Policy::",
                            stringify!($key), "`], key by key.",
                        )]
        #[must_use]
        pub const fn $key(mut self, $key: $type) -> Self {
            self.$key = $key.over(self.$key);
            self
        }
    };
    ($key:ident: $by_hand:ident $type:ident) => {};
}

policy_keys! { patch }

impl PolicyPatch {
    /// Says that it is not [started at all](Policy::enabled).
    #[must_use]
    pub const fn disabled(self) -> Self {
        self.enabled_if(false)
    }

    /// Says whether it is [started at all](Policy::enabled).
    #[must_use]
    pub const fn enabled_if(mut self, condition: bool) -> Self {
        self.enabled = Some(condition);
        self
    }

    /// Says [`Policy::restart_limit`].
    #[must_use]
    pub const fn restart_limit(mut self, max: u32, within: Duration) -> Self {
        self.restart_limit = Some(Limit::new(max, within));
        self
    }

    /// Says [`Policy::grace`].
    #[must_use]
    pub const fn grace(mut self, grace: Grace) -> Self {
        self.shutdown.grace = Some(grace);
        self
    }

    /// Says [`Policy::abort_wait`].
    #[must_use]
    pub const fn abort_wait(mut self, wait: Duration) -> Self {
        self.shutdown.abort_wait = Some(wait);
        self
    }

    /// Says that it is [significant](Policy::significant).
    #[must_use]
    pub const fn significant(mut self) -> Self {
        self.significant = Some(true);
        self
    }

    /// Lays what is said about a child at a stronger place over what is said about it at a weaker
    /// one. What means nothing any more is taken back: about the restarts of one that is temporary
    /// now, about the trial of one that is not quarantined now.
    pub(crate) const fn overrule(self, weaker: Self) -> Self {
        self.over(self.left_of(weaker))
    }

    /// What is left of `weaker` then.
    pub(crate) const fn left_of(&self, weaker: Self) -> Self {
        let mut weaker = weaker;
        if matches!(self.restart, Some(Restart::Temporary)) {
            weaker.backoff = BackoffPatch::NONE;
            weaker.restart_limit = None;
            weaker.on_failure = OnFailurePatch::NONE;
            weaker.probe_after = None;
        }
        // Only what is new: what the weaker place itself said wrong stays wrong.
        let of_role = match self.role {
            Some(role) if weaker.criticality.is_none() => role.defaults().criticality,
            _ => None,
        };
        let on_limit = match or(self.criticality, of_role) {
            Some(criticality) if weaker.on_limit.is_none() => Some(criticality.on_limit()),
            _ => None,
        };
        if !matches!(or(self.on_limit, on_limit), None | Some(OnLimit::Quarantine)) {
            weaker.probe_after = None;
        }
        weaker
    }

    /// Fills every open key from the defaults of a task.
    pub fn resolve(self) -> Policy {
        self.resolve_with(Policy::DEFAULT.grace, Policy::DEFAULT.abort_wait)
    }

    /// The same with the defaults of a supervisor, which has as long as what is below it needs.
    pub(crate) fn resolve_for_supervisor(self) -> Policy {
        self.resolve_with(Grace::Infinite, EACH_ITS_OWN)
    }

    fn resolve_with(self, grace: Grace, abort_wait: Duration) -> Policy {
        let role = self.role.unwrap_or_default();
        self.over(self.of_role()).fill(role, &Policy::DEFAULT, (grace, abort_wait))
    }

    /// The defaults of its role.
    pub(crate) const fn of_role(&self) -> Self {
        if cfg!(plant_bug = "roles_are_words") {
            return Self::NONE;
        }
        match self.role {
            Some(role) => role.defaults(),
            None => Policy::DEFAULT.role.defaults(),
        }
    }

    /// What follows when the limit is spent. `self` has the defaults of its role.
    pub(crate) const fn resolved_on_limit(&self) -> OnLimit {
        let criticality = said_or(self.criticality, Policy::DEFAULT.criticality);
        said_or(self.on_limit, criticality.on_limit())
    }

    fn fill(self, role: Role, built_in: &Policy, stop: (Grace, Duration)) -> Policy {
        let criticality = self.criticality.unwrap_or(built_in.criticality);
        let on_limit = self.resolved_on_limit();
        let backoff = self.backoff.resolve();
        Policy {
            role,
            enabled: self.enabled.unwrap_or(built_in.enabled),
            restart: self.restart.unwrap_or(built_in.restart),
            on_failure: self.on_failure.resolve(&backoff).map(Arc::new),
            backoff,
            restart_limit: self.restart_limit,
            on_limit,
            probe_after: self.probe_after,
            criticality,
            readiness: self.readiness.unwrap_or(built_in.readiness),
            start_timeout: self.start_timeout.unwrap_or(built_in.start_timeout),
            grace: self.shutdown.grace.unwrap_or(stop.0),
            abort_wait: self.shutdown.abort_wait.unwrap_or(stop.1),
            health: self.health.resolve(),
            on_dependency_restart: self
                .on_dependency_restart
                .unwrap_or(built_in.on_dependency_restart),
            significant: self.significant.unwrap_or(built_in.significant),
        }
    }
}

/// `Option::or`, which is not `const` yet.
pub(crate) const fn or<T: Copy>(strong: Option<T>, weak: Option<T>) -> Option<T> {
    match strong {
        Some(_) => strong,
        None => weak,
    }
}

/// `Option::unwrap_or`, which is not `const` yet.
pub(crate) const fn said_or<T: Copy>(said: Option<T>, default: T) -> T {
    match said {
        Some(said) => said,
        None => default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stronger_patch_wins_key_by_key() {
        let strong = PolicyPatch { restart: Some(Restart::Transient), ..PolicyPatch::NONE };
        let weak = PolicyPatch {
            restart: Some(Restart::Temporary),
            start_timeout: Some(Duration::from_secs(7)),
            ..PolicyPatch::NONE
        };

        let policy = strong.over(weak).resolve();

        assert_eq!(policy.restart, Restart::Transient);
        assert_eq!(policy.start_timeout, Duration::from_secs(7));
        assert_eq!(policy.grace, Policy::DEFAULT.grace);
    }

    #[test]
    fn what_happens_at_the_limit_follows_the_criticality_unless_it_is_said() {
        let critical =
            PolicyPatch { criticality: Some(Criticality::Critical), ..PolicyPatch::NONE };
        assert_eq!(critical.resolve().on_limit, OnLimit::Escalate);
        let said = PolicyPatch { on_limit: Some(OnLimit::Stop), ..critical };
        assert_eq!(said.resolve().on_limit, OnLimit::Stop);
        assert_eq!(PolicyPatch::NONE.resolve(), Policy::DEFAULT);
    }

    #[test]
    fn a_trial_is_given_up_by_a_stronger_place_that_says_something_else_follows_the_limit() {
        let probed = PolicyPatch::NONE.probe_after(Duration::from_secs(1));
        let role = |role| PolicyPatch::NONE.role(role);
        let criticality = |criticality| PolicyPatch::NONE.criticality(criticality);
        let on_limit = |on_limit| PolicyPatch::NONE.on_limit(on_limit);
        let is_kept = |stronger: PolicyPatch, weaker: PolicyPatch| {
            stronger.left_of(weaker).probe_after.is_some()
        };
        for fine in [
            PolicyPatch::NONE,
            role(Role::Worker),
            criticality(Criticality::Standard),
            on_limit(OnLimit::Quarantine),
        ] {
            assert!(is_kept(fine, probed), "{fine:?}");
        }
        for other in
            [role(Role::Service), criticality(Criticality::BestEffort), on_limit(OnLimit::Stop)]
        {
            assert!(!is_kept(other, probed), "{other:?}");
        }
        // What the weaker place has said itself is stronger than what only follows.
        assert!(is_kept(role(Role::Service), probed.criticality(Criticality::Standard)));
        let said = probed.on_limit(OnLimit::Quarantine);
        assert!(is_kept(role(Role::Service), said));
        assert!(is_kept(criticality(Criticality::Critical), said));
    }
}
