//! The lists of the keys that only supervisors have, in the form of `policy::keys`, and what the
//! keys of all lists say in the words of the policies.

use std::collections::BTreeMap;
use std::time::Duration;

use super::configurable::{
    BackoffSection, ChildSection, ClassSection, DefaultsSection, HealthSection, LimitSection,
    OnFailureSection, PolicySection, RootSection, StopSection,
};
use super::duration::HumanDuration;
use super::laid::laid;
use crate::policy::PolicyPatch;
use crate::policy::backoff::BackoffPatch;
use crate::policy::dependency::StartMode;
use crate::policy::health::HealthPatch;
use crate::policy::intensity::{Limit, LimitPatch};
use crate::policy::keys::policy_keys;
use crate::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
use crate::policy::restart::{AutoShutdown, Meltdown, Strategy};
use crate::policy::shutdown::ShutdownPatch;
use crate::spec::supervisor::SupervisorSpec;

/// Calls `$then! { $given… [the keys of every supervisor] }`.
///
/// A `value` is laid over the field of its name in the spec, a `limit` by the overlay.
macro_rules! supervisor_keys {
    ($then:ident $($given:tt)*) => {
        $then! { $($given)* [
            /// Who of its children is restarted together with one that failed.
            strategy: supervisor value Strategy as Strategy, built in Strategy::default();
            /// How many restarts of all its children together are tolerated. One more ends it.
            intensity: supervisor limit Limit as LimitSection,
                built in LimitSection::from(Limit::DEFAULT);
            /// Whether its children start one after the other or side by side, each as soon as what it
            /// depends on is ready. Not for a pool.
            start: supervisor value StartMode as StartMode, built in StartMode::default();
            /// Whether it ends by itself when its significant children have.
            auto_shutdown: supervisor value AutoShutdown as AutoShutdown,
                built in AutoShutdown::default();
        ] }
    };
}

/// Calls `$then! { $given… [the keys of a supervisor that is a child] }`.
macro_rules! inner_supervisor_keys {
    ($then:ident $($given:tt)*) => {
        $then! { $($given)* [
            /// How the supervisor above sees it when its intensity is spent.
            meltdown: supervisor value Meltdown as Meltdown, built in Meltdown::default();
        ] }
    };
}

pub(super) use {inner_supervisor_keys, supervisor_keys};

/// What a key says, in the words of the policies.
trait Says<P> {
    fn patch(&self) -> P;
}

impl<T: Clone, P: From<T>> Says<Option<P>> for Option<T> {
    fn patch(&self) -> Option<P> {
        self.clone().map(P::from)
    }
}

impl From<HumanDuration> for Duration {
    fn from(duration: HumanDuration) -> Self {
        duration.0
    }
}

/// Its halves may come from different places: they are put together by the overlay, which knows
/// the weaker ones.
impl Says<Option<Limit>> for LimitSection {
    fn patch(&self) -> Option<Limit> {
        None
    }
}

impl Says<BackoffPatch> for BackoffSection {
    fn patch(&self) -> BackoffPatch {
        let Self { initial, max, factor, jitter, reset_after } = self;
        BackoffPatch {
            initial: laid("BackoffSection", "initial", initial.patch()),
            max: laid("BackoffSection", "max", max.patch()),
            factor: laid("BackoffSection", "factor", *factor),
            jitter: laid("BackoffSection", "jitter", *jitter),
            reset_after: laid("BackoffSection", "reset_after", reset_after.patch()),
        }
    }
}

impl Says<HealthPatch> for HealthSection {
    fn patch(&self) -> HealthPatch {
        let Self { heartbeat, stale_after } = self;
        HealthPatch {
            heartbeat: laid("HealthSection", "heartbeat", heartbeat.patch()),
            stale_after: laid("HealthSection", "stale_after", stale_after.patch()),
        }
    }
}

impl Says<OnFailurePatch> for OnFailureSection {
    fn patch(&self) -> OnFailurePatch {
        let Self { recoverable, external_dependency, timeout, panic } = self;
        let said = [
            (FailureClass::Recoverable, recoverable),
            (FailureClass::ExternalDependency, external_dependency),
            (FailureClass::Timeout, timeout),
            (FailureClass::Panic, panic),
        ];
        said.into_iter().fold(OnFailurePatch::NONE, |patch, (class, section)| {
            patch.on(class, laid("OnFailureSection", class.word(), section.patch()))
        })
    }
}

impl Says<ClassPatch> for ClassSection {
    fn patch(&self) -> ClassPatch {
        let Self { backoff, restart_limit: LimitSection { max, within } } = self;
        let backoff = laid("ClassSection", "backoff", backoff.patch());
        let mut patch = ClassPatch::NONE.backoff(backoff);
        patch.restart_limit = LimitPatch {
            max: laid("ClassSection", "restart_limit.max", *max),
            within: laid("ClassSection", "restart_limit.within", within.patch()),
        };
        patch
    }
}

impl StopSection {
    pub(super) fn patch(self) -> ShutdownPatch {
        let Self { grace, abort_wait } = self;
        ShutdownPatch {
            grace: laid("StopSection", "grace", grace),
            abort_wait: laid("StopSection", "abort_wait", abort_wait.patch()),
        }
    }
}

/// What a patch says, in the words of the configuration.
trait Said<Y> {
    fn in_yaml(self) -> Y;
}

impl<P, Y: From<P>> Said<Option<Y>> for Option<P> {
    fn in_yaml(self) -> Option<Y> {
        self.map(Y::from)
    }
}

impl Said<LimitSection> for Option<Limit> {
    fn in_yaml(self) -> LimitSection {
        self.map_or_else(LimitSection::default, LimitSection::from)
    }
}

impl Said<BackoffSection> for BackoffPatch {
    fn in_yaml(self) -> BackoffSection {
        let Self { initial, max, factor, jitter, reset_after } = self;
        BackoffSection {
            initial: initial.in_yaml(),
            max: max.in_yaml(),
            factor,
            jitter,
            reset_after: reset_after.in_yaml(),
        }
    }
}

impl Said<HealthSection> for HealthPatch {
    fn in_yaml(self) -> HealthSection {
        let Self { heartbeat, stale_after } = self;
        HealthSection { heartbeat: heartbeat.in_yaml(), stale_after: stale_after.in_yaml() }
    }
}

impl Said<OnFailureSection> for OnFailurePatch {
    fn in_yaml(self) -> OnFailureSection {
        OnFailureSection {
            recoverable: self.class(FailureClass::Recoverable).in_yaml(),
            external_dependency: self.class(FailureClass::ExternalDependency).in_yaml(),
            timeout: self.class(FailureClass::Timeout).in_yaml(),
            panic: self.class(FailureClass::Panic).in_yaml(),
        }
    }
}

impl Said<ClassSection> for ClassPatch {
    fn in_yaml(self) -> ClassSection {
        let LimitPatch { max, within } = self.restart_limit;
        let restart_limit = LimitSection { max, within: within.in_yaml() };
        ClassSection { backoff: self.backoff.in_yaml(), restart_limit }
    }
}

impl Said<StopSection> for ShutdownPatch {
    fn in_yaml(self) -> StopSection {
        let Self { grace, abort_wait } = self;
        StopSection { grace, abort_wait: abort_wait.in_yaml() }
    }
}

macro_rules! section_of_patch {
    ([$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        impl ChildSection {
            /// What `patch` says, as it would be written about a child.
            pub(super) fn of(patch: PolicyPatch) -> Self {
                Self {
                    $($key: patch.$key.in_yaml(),)*
                    enabled: patch.enabled,
                    shutdown: patch.shutdown.in_yaml(),
                    ..Self::default()
                }
            }
        }
    };
}

policy_keys! { section_of_patch }

/// What a section says about policies, but for `shutdown` and the halves of `restart_limit`.
macro_rules! policies_of {
    ($section:ident [$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        impl $section {
            pub(super) fn policies(&self) -> PolicyPatch {
                PolicyPatch {
                    $($key: policy_laid! { $kind $section, $key, self.$key.patch() },)*
                    ..PolicyPatch::NONE
                }
            }
        }
    };
}

macro_rules! policy_laid {
    // Nothing: the overlay puts it together.
    (limit $section:ident, $key:ident, $said:expr) => {
        $said
    };
    ($kind:ident $section:ident, $key:ident, $said:expr) => {
        laid(stringify!($section), stringify!($key), $said)
    };
}

policy_keys! { policies_of PolicySection }
policy_keys! { policies_of DefaultsSection }
policy_keys! { policies_of ChildSection }

/// The keys that only a task has.
macro_rules! keys_of_tasks {
    ([$(
        $(#[$doc:meta])*
        $key:ident: $whom:ident $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*]) => {
        /// Whether only a task has the key.
        pub(super) fn is_about_tasks(key: &str) -> bool {
            match key {
                $(stringify!($key) => stringify!($whom) == "task",)*
                _ => false,
            }
        }

        /// Whether a supervisor takes the key from the defaults above it.
        pub(super) fn is_inherited_by_supervisors(key: &str) -> bool {
            match key {
                $(stringify!($key) => stringify!($whom) == "any",)*
                _ => false,
            }
        }

        impl ChildSection {
            /// The names of the keys of tasks that are said.
            pub(super) fn said_about_a_task(&self) -> impl Iterator<Item = &'static str> {
                let keys = [$((stringify!($key), is_said(&self.$key))),*];
                keys.into_iter()
                    .filter_map(|(key, is_said)| (is_about_tasks(key) && is_said).then_some(key))
            }
        }
    };
}

policy_keys! { keys_of_tasks }

/// What is said about a supervisor and nothing else, from whichever section.
macro_rules! keys_of_supervisors {
    ([$(
        $(#[$doc:meta])*
        $key:ident: supervisor $kind:ident $type:ident as $yaml:ident
        $(, built in $default:expr)? $(, such as $example:literal)?;
    )*] [$(
        $(#[$inner_doc:meta])*
        $inner:ident: supervisor $inner_kind:ident $inner_type:ident as $inner_yaml:ident
        $(, built in $inner_default:expr)? $(, such as $inner_example:literal)?;
    )*]) => {
        /// Whether only a supervisor has the key.
        pub(super) fn is_about_supervisors(key: &str) -> bool {
            [
                $(stringify!($key),)*
                $(stringify!($inner),)*
                "defaults",
                "children",
            ]
            .contains(&key)
        }

        #[derive(Default)]
        pub(super) struct SupervisorKeys<'a> {
            $(pub(super) $key: yaml_type!($kind $yaml),)*
            $(pub(super) $inner: yaml_type!($inner_kind $inner_yaml),)*
            pub(super) defaults: Option<&'a DefaultsSection>,
            pub(super) children: Option<&'a BTreeMap<String, ChildSection>>,
        }

        impl<'a> SupervisorKeys<'a> {
            pub(super) fn of_root(section: &'a RootSection) -> Self {
                Self {
                    $($key: laid("RootSection", stringify!($key), section.$key),)*
                    defaults: laid("RootSection", "defaults", Some(&section.defaults)),
                    children: laid("RootSection", "children", Some(&section.children)),
                    ..Self::default()
                }
            }

            pub(super) fn of_child(section: &'a ChildSection) -> Self {
                Self {
                    $($key: laid("ChildSection", stringify!($key), section.$key),)*
                    $($inner: laid("ChildSection", stringify!($inner), section.$inner),)*
                    defaults: laid("ChildSection", "defaults", Some(&section.defaults)),
                    children: laid("ChildSection", "children", Some(&section.children)),
                }
            }

            /// What `spec` says about itself as a supervisor, as it would be written about a child.
            pub(super) fn section_of(spec: &SupervisorSpec) -> ChildSection {
                ChildSection {
                    $($key: spec.$key.in_yaml(),)*
                    $($inner: spec.$inner.in_yaml(),)*
                    ..ChildSection::default()
                }
            }

            /// Lays each single value over what `spec` says.
            pub(super) fn lay_over(&self, spec: &mut SupervisorSpec) {
                $(lay_over! { $kind self.$key, spec.$key })*
                $(lay_over! { $inner_kind self.$inner, spec.$inner })*
            }

            /// The names of the keys that are said.
            pub(super) fn said(&self) -> impl Iterator<Item = &'static str> {
                let keys = [
                    $((stringify!($key), is_said(&self.$key)),)*
                    $((stringify!($inner), is_said(&self.$inner)),)*
                    ("defaults", self.defaults.is_some_and(is_said)),
                    ("children", self.children.is_some_and(is_said)),
                ];
                keys.into_iter().filter_map(|(key, is_said)| is_said.then_some(key))
            }
        }
    };
}

macro_rules! yaml_type {
    (value $yaml:ident) => { Option<$yaml> };
    (limit $yaml:ident) => { $yaml };
}

macro_rules! lay_over {
    (value $said:expr, $field:expr) => {
        $field = $said.patch().or($field);
    };
    (limit $said:expr, $field:expr) => {};
}

supervisor_keys! { inner_supervisor_keys keys_of_supervisors }

fn is_said<T: Default + PartialEq>(key: &T) -> bool {
    *key != T::default()
}
