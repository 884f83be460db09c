//! What can be configured: one struct for each section, one field for each key.
//!
//! Every key is optional, and one that is left out says nothing: what was said in code holds, or
//! the default. There is no key that changes nothing.

#![expect(unused_qualifications, reason = "in what `confique::Config` generates")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use confique::Config;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize};

use serde_json::json;

use super::duration::HumanDuration;
use super::ipc::IpcSection;
use super::keys::{inner_supervisor_keys, supervisor_keys};
use super::observability::ObservabilitySection;
use crate::policy::Policy;
use crate::policy::backoff::Backoff;
use crate::policy::dependency::{OnDependencyRestart, StartMode};
use crate::policy::failure::{Criticality, OnLimit};
use crate::policy::intensity::Limit;
use crate::policy::keys::policy_keys;
use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use crate::policy::role::Role;
use crate::policy::shutdown::Grace;
use crate::spec::group::MAX_COUNT;
use crate::spec::validate::DEFAULT_BUDGET;

/// The configuration of one tree: what is said here is laid over the tree as it was compiled.
///
/// Strength, the weakest first: built in, `defaults` in code, `policy` and `shutdown`, `defaults`
/// of the supervisors here, what the code says about a child, what is said about it here.
///
/// ```
/// use rust_supervisor::config::configurable::SupervisorConfig;
/// use rust_supervisor::runtime::supervisor::Supervisor;
/// use rust_supervisor::spec::supervisor::SupervisorSpec;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), rust_supervisor::error::types::SupervisorError> {
/// let mut config = SupervisorConfig::default();
/// config.observability.event_capacity = Some(4096);
///
/// let handle = Supervisor::builder(SupervisorSpec::root()).config(config).start().await?;
/// # handle.shutdown_tree("doc", "end of the example").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct SupervisorConfig {
    /// Other files, relative to this one. This file beats them, and a later one beats an earlier.
    #[config(default = [])]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        with = "Option<Vec<PathBuf>>",
        inner(length(min = 1)),
        extend("default" = [])
    )]
    pub include: Vec<PathBuf>,
    /// The tree: its root and, by their ids, its children.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub supervisor: RootSection,
    /// Defaults for every child of the tree, where nothing stronger is said.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub policy: PolicySection,
    /// How tasks are stopped where nothing stronger is said, and how long all of it may take.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub shutdown: ShutdownSection,
    /// What is kept for those who look at the tree, and what is written down.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub observability: ObservabilitySection,
    /// The socket over which users of the same host see and steer the tree.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub ipc: IpcSection,
    /// Members of pools that are started with the tree. A list is replaced as a whole.
    #[config(default = [])]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Option<Vec<DynamicSection>>", extend("default" = []))]
    pub dynamic: Vec<DynamicSection>,
}

/// A member of a pool whose field says `from_config`: started with the tree, once. When the pool is
/// restarted it is gone, as every member is.
///
/// The same object as JSON is the manifest that
/// [`add_by_manifest`](crate::control::handle::SupervisorHandle::add_by_manifest) takes.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DynamicSection {
    /// The path of the pool. Has to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["/root/sessions"]))]
    pub pool: Option<String>,
    /// What the member is called. Has to be said, and is no other member's of the pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["u42"]))]
    pub id: Option<String>,
    /// What the member is given: what its function takes as `Args`. Left out where it takes none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("writeOnly" = true))]
    pub args: Option<serde_json::Value>,
    /// What is said about this member over what is said about all: the keys of a task.
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub overrides: ChildSection,
}

/// A section: the keys of the lists that it is given, and some of its own.
macro_rules! section {
    (
        [$(#[$attribute:meta])* pub struct $name:ident { $($own:tt)* }]
        $([$(
            $(#[$doc:meta])*
            $key:ident: $whom:ident
                $(value $value:ident as $value_in_yaml:ident)?
                $(plain $plain:ident as $plain_in_yaml:ident)?
                $(section $section:ident as $section_in_yaml:ident)?
                $(limit $limit:ident as $limit_in_yaml:ident)?
                $(, built in $default:expr)?
                $(, such as $example:literal)?;
        )*])*
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[config(layer_attr(serde(deny_unknown_fields)))]
        pub struct $name {
            $($(
                $(#[$doc])*
                $(#[schemars(extend("default" = $default))])?
                $(#[schemars(extend("examples" = [$example]))])?
                $(
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub $key: Option<$value_in_yaml>,
                )?
                $(
                    #[serde(skip_serializing_if = "Option::is_none")]
                    pub $key: Option<$plain_in_yaml>,
                )?
                $(
                    #[config(nested)]
                    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
                    #[schemars(transform = or_null)]
                    pub $key: $section_in_yaml,
                )?
                $(
                    #[config(nested)]
                    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
                    #[schemars(transform = or_null)]
                    pub $key: $limit_in_yaml,
                )?
            )*)*
            $($own)*
        }
    };
}

supervisor_keys! { section [
    /// The root of the tree.
    pub struct RootSection {
        /// Like `policy` and `shutdown`, and stronger.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(transform = or_null)]
        pub defaults: DefaultsSection,
        /// What is said about single children, by their ids. They have to be in the tree.
        #[config(default = {})]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "BTreeMap::is_empty")]
        #[schemars(with = "Option<BTreeMap<String, Option<ChildSection>>>")]
        pub children: BTreeMap<String, ChildSection>,
    }
] }

policy_keys! { section [
    /// Defaults for every child of the tree. How tasks are stopped has a section of its own.
    pub struct PolicySection {}
] }

policy_keys! { section [
    /// Defaults for everything below one supervisor. Those of an inner one beat those of an outer.
    pub struct DefaultsSection {
        /// How tasks are stopped.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(transform = or_null)]
        pub shutdown: StopSection,
    }
] }

policy_keys! { supervisor_keys inner_supervisor_keys section [
    /// What is said about one child: it beats the code. What is about children and what follows
    /// from their ends is for a supervisor only.
    pub struct ChildSection {
        /// Whether it is started at all, and everything below it.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(extend("default" = true))]
        pub enabled: Option<bool>,
        /// Words for those who look at the tree, in place of those that the code says.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(
            inner(length(min = 1, max = 64), regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")),
            extend("examples" = [["money", "eu"]], "uniqueItems" = true)
        )]
        pub tags: Option<Vec<String>>,
        /// For a pool: how many members it has at most. By default as many as there is room for.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1), extend("examples" = [1000]))]
        pub max_children: Option<u32>,
        /// For a `Many`: how many children it has. Whatever else is said about a pool or a `Many`
        /// as if it were a task is about each of its children.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 1, max = MAX_COUNT), extend("examples" = [16]))]
        pub count: Option<u32>,
        /// How it is stopped.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(transform = or_null)]
        pub shutdown: StopSection,
        /// For a child that takes `Settings<T>`: what they are. Their keys are those of `T`.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(extend("examples" = [{}]))]
        pub settings: Option<BTreeMap<String, serde_json::Value>>,
        /// For a supervisor: defaults for everything below it.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(transform = or_null)]
        pub defaults: DefaultsSection,
        /// For a supervisor: what is said about its children, by their ids.
        #[config(default = {})]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "BTreeMap::is_empty")]
        #[schemars(with = "Option<BTreeMap<String, Option<ChildSection>>>")]
        pub children: BTreeMap<String, ChildSection>,
    }
] }

/// How long to wait before a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct BackoffSection {
    /// The first wait. `0s` restarts at once. Not above `max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(Backoff::DEFAULT.initial)))]
    pub initial: Option<HumanDuration>,
    /// The longest wait. Not below `initial`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(Backoff::DEFAULT.max)))]
    pub max: Option<HumanDuration>,
    /// What each wait is multiplied by to give the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0), extend("default" = Backoff::DEFAULT.factor))]
    pub factor: Option<f64>,
    /// The share of a wait that is drawn at random and taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0), extend("default" = Backoff::DEFAULT.jitter))]
    pub jitter: Option<f64>,
    /// A run that was ready for this long lets the wait start from `initial` again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(Backoff::DEFAULT.reset_after)))]
    pub reset_after: Option<HumanDuration>,
}

/// At most `max` restarts `within` some time. What is left out comes from what was said weaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct LimitSection {
    /// How many restarts are tolerated. With 0 the first one is one too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [10]))]
    pub max: Option<u32>,
    /// The length of the window. Longer than zero unless `max` is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["1m"]))]
    pub within: Option<HumanDuration>,
}

impl From<Limit> for LimitSection {
    fn from(limit: Limit) -> Self {
        Self { max: Some(limit.max), within: Some(HumanDuration(limit.within)) }
    }
}

/// Policies of single classes of failure. What is fatal is never retried, so it has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct OnFailureSection {
    /// Failures that may well not happen the next time: all that say nothing about themselves.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub recoverable: ClassSection,
    /// Something outside the program is not there.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub external_dependency: ClassSection,
    /// Something took too long: also a start, and the silence of a task that sends heartbeats.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub timeout: ClassSection,
    /// The run panicked.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub panic: ClassSection,
}

/// What takes the place of the child's own policy after a failure of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct ClassSection {
    /// How long to wait before a restart, in a row of its own. What is left out is the child's.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub backoff: BackoffSection,
    /// How many restarts after such failures are tolerated, counted apart from all others.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(transform = or_null)]
    pub restart_limit: LimitSection,
}

/// What is expected of a task that sends heartbeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct HealthSection {
    /// How often the task promises to send one. Below `stale_after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["1s"]))]
    pub heartbeat: Option<HumanDuration>,
    /// After this long without one the task is stopped, and has timed out. Longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["5s"]))]
    pub stale_after: Option<HumanDuration>,
}

/// How a run is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct StopSection {
    /// How long a task that was asked to stop may take before it is aborted: at least 1 ms, or
    /// `infinite`. A supervisor by default has as long as its children need.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Policy::DEFAULT.grace))]
    pub grace: Option<Grace>,
    /// How long an aborted task may take to disappear before it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(Policy::DEFAULT.abort_wait)))]
    pub abort_wait: Option<HumanDuration>,
}

/// How tasks are stopped, and the tree as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct ShutdownSection {
    /// How long a task that was asked to stop may take before it is aborted: at least 1 ms, or
    /// `infinite`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Policy::DEFAULT.grace))]
    pub grace: Option<Grace>,
    /// How long an aborted task may take to disappear before it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(Policy::DEFAULT.abort_wait)))]
    pub abort_wait: Option<HumanDuration>,
    /// How long the shutdown of the whole tree may take before all that is left is aborted.
    /// Longer than zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = HumanDuration(DEFAULT_BUDGET)))]
    pub budget: Option<HumanDuration>,
}

/// A section may be null: nothing is said in it.
pub(super) fn or_null(schema: &mut Schema) {
    if let Some(reference) = schema.remove("$ref") {
        schema.insert("anyOf".into(), json!([{ "$ref": reference }, { "type": "null" }]));
    }
}

/// Null is a section in which nothing is said.
pub(super) fn nothing_said<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

pub(super) fn says_nothing<T: Default + PartialEq>(section: &T) -> bool {
    *section == T::default()
}
