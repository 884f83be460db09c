//! The list of the keys that any child has.
//!
//! The list is handed to a macro, which makes of it what is needed: the fields of a patch, the
//! setters of a spec, the sections of the configuration and how they are laid over a spec. So a
//! key is added in one line here, and its value to [`Policy`](super::Policy) where something is
//! decided by it. The keys of supervisors are in `config::keys`.
//!
//! ```text
//! /// What it means: in the configuration, its template and its schema, and of the setters.
//! key: WHOM KIND Type as TypeInYaml, built in DEFAULT_IN_YAML;
//! key: WHOM KIND Type as TypeInYaml, such as EXAMPLE;            (where nothing is built in)
//! ```
//!
//! - WHOM: `any` child, a supervisor too and also out of the defaults above it; `each` child, a
//!   supervisor only where it is said about itself; or a `task` only.
//! - KIND: `value` (one value, with a setter of its name), `plain` (one value, whose setters are
//!   written by hand), `section` (keys of its own, merged key by key), `limit` (a section, whose
//!   halves are put together by the overlay).
//!
//! Whether a child is enabled is in no list, because it cannot be said in defaults. How a child
//! is stopped is in no list either: for the whole tree the configuration has a section of
//! its own for that.

/// Calls `$then! { $given… [the keys of a child's policy] }`.
macro_rules! policy_keys {
    ($then:ident $($given:tt)*) => {
        $then! { $($given)* [
            /// What it is to the program: a set of defaults, which are weaker than all others.
            /// `service` is permanent and critical, `worker` permanent and standard, `job` transient
            /// and standard, `sidecar` permanent and best effort, and
            /// restarted with what it depends on.
            role: any value Role as Role, built in Policy::DEFAULT.role;
            /// Which exits are followed by another run.
            restart: any value Restart as Restart, built in Restart::Permanent;
            /// How long to wait before a restart.
            backoff: any section BackoffPatch as BackoffSection;
            /// How many restarts of a child alone are tolerated. No limit of its own by default.
            restart_limit: any limit Limit as LimitSection;
            /// What follows when `restart_limit` is spent. By default, by `criticality`:
            /// `critical` escalates, `standard` quarantines, `best_effort` stops.
            on_limit: any value OnLimit as OnLimit, built in Policy::DEFAULT.on_limit;
            /// Waits and limits of single classes of failure, in place of those above for such a
            /// failure. None by default.
            on_failure: any section OnFailurePatch as OnFailureSection;
            /// How long it is quarantined before it is started as a trial, which is charged to
            /// nothing. Longer than zero. By default it waits for an operator.
            probe_after: any value Duration as HumanDuration, such as "5m";
            /// How much the program needs it.
            criticality: any value Criticality as Criticality, built in Policy::DEFAULT.criticality;
            /// When a run of a task counts as ready.
            readiness: task value Readiness as Readiness, built in Policy::DEFAULT.readiness;
            /// How long a task with explicit readiness may take to become ready, from its start.
            /// Longer than zero.
            start_timeout: task value Duration as HumanDuration,
                built in HumanDuration(Policy::DEFAULT.start_timeout);
            /// The heartbeats of a task. They are expected only where the code or its own entry
            /// here says `health` about the task itself: in defaults these are values.
            health: task section HealthPatch as HealthSection;
            /// What it does while something it depends on is not ready: it goes on, or it is stopped
            /// and starts again when that is ready.
            on_dependency_restart: any value OnDependencyRestart as OnDependencyRestart,
                built in OnDependencyRestart::Keep;
            /// Whether its end counts for the `auto_shutdown` of its supervisor.
            significant: each plain bool as bool, built in Policy::DEFAULT.significant;
        ] }
    };
}

/// The type of a key in a patch.
macro_rules! patch_type {
    (section $type:ident) => { $type };
    ($kind:ident $type:ident) => { Option<$type> };
}

/// A method of a spec that says the value of one key.
macro_rules! spec_setter {
    ($(#[$doc:meta])* $key:ident: value $type:ident) => {
        $(#[$doc])*
        pub fn $key(mut self, $key: $type) -> Self {
            self.policy.$key = Some($key);
            self
        }
    };
    ($(#[$doc:meta])* $key:ident: $by_hand:ident $type:ident) => {};
}

pub(crate) use {patch_type, policy_keys, spec_setter};
