//! What can be configured: one struct for each section, one field for each key.
//!
//! Every key is optional, and one that is left out says nothing: what was said in code holds, or
//! the default. There is no key that changes nothing.

#![expect(unused_qualifications, reason = "in what `confique::Config` generates")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use confique::Config;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::duration::HumanDuration;
use crate::policy::Policy;
use crate::policy::backoff::Backoff;
use crate::policy::failure::{Criticality, OnLimit};
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use crate::policy::shutdown::Grace;
use crate::runtime::supervisor::SupervisorBuilder;
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
    #[schemars(with = "Option<Vec<PathBuf>>", extend("default" = []))]
    pub include: Vec<PathBuf>,
    /// The tree: its root and, by their ids, its children.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(with = "Option<RootSection>")]
    pub supervisor: RootSection,
    /// Defaults for every child of the tree, where nothing stronger is said.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(with = "Option<PolicySection>")]
    pub policy: PolicySection,
    /// How tasks are stopped where nothing stronger is said, and how long all of it may take.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(with = "Option<ShutdownSection>")]
    pub shutdown: ShutdownSection,
    /// What is kept for those who look at the tree.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(with = "Option<ObservabilitySection>")]
    pub observability: ObservabilitySection,
}

/// The root of the tree.
#[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct RootSection {
    /// Who is restarted together with a child that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = Strategy::default()))]
    pub strategy: Option<Strategy>,
    /// How many restarts of all its children together are tolerated. One more ends the tree.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(with = "Option<LimitSection>", extend("default" = LimitSection::from(Limit::DEFAULT)))]
    pub intensity: LimitSection,
    /// Whether the tree ends by itself when its significant children have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = AutoShutdown::default()))]
    pub auto_shutdown: Option<AutoShutdown>,
    /// Like `policy` and `shutdown`, and stronger.
    #[config(nested)]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
    #[schemars(with = "Option<DefaultsSection>")]
    pub defaults: DefaultsSection,
    /// What is said about single children, by their ids. They have to be in the tree.
    #[config(default = {})]
    #[serde(deserialize_with = "nothing_said", skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "Option<BTreeMap<String, Option<ChildSection>>>")]
    pub children: BTreeMap<String, ChildSection>,
}

/// A struct with the keys of a child's policy and some more.
macro_rules! with_policy_keys {
    ($(#[$attribute:meta])* pub struct $name:ident { $($more:tt)* }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[config(layer_attr(serde(deny_unknown_fields)))]
        pub struct $name {
            /// Which exits are followed by another run.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("default" = Restart::default()))]
            pub restart: Option<Restart>,
            /// How long to wait before a restart.
            #[config(nested)]
            #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
            #[schemars(with = "Option<BackoffSection>")]
            pub backoff: BackoffSection,
            /// How many restarts of a child alone are tolerated. No limit of its own by default.
            #[config(nested)]
            #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
            #[schemars(with = "Option<LimitSection>")]
            pub restart_limit: LimitSection,
            /// What follows when `restart_limit` is spent. By default, by `criticality`:
            /// `critical` escalates, `standard` quarantines, `best_effort` stops.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("default" = Policy::DEFAULT.on_limit))]
            pub on_limit: Option<OnLimit>,
            /// How long it is quarantined before it is started as a trial, which is charged to
            /// nothing. Longer than zero. By default it waits for an operator.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(example = HumanDuration(std::time::Duration::from_mins(5)))]
            pub probe_after: Option<HumanDuration>,
            /// How much the program needs it.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("default" = Criticality::default()))]
            pub criticality: Option<Criticality>,
            /// When a run of a task counts as ready.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("default" = Readiness::default()))]
            pub readiness: Option<Readiness>,
            /// How long a task with explicit readiness may take to become ready, from its start.
            /// Longer than zero.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("default" = HumanDuration(Policy::DEFAULT.start_timeout)))]
            pub start_timeout: Option<HumanDuration>,
            /// The heartbeats of a task. They are expected only where the code or its own entry
            /// here says `health` about the task itself: in defaults these are values.
            #[config(nested)]
            #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
            #[schemars(with = "Option<HealthSection>")]
            pub health: HealthSection,
            /// Whether its end counts for the `auto_shutdown` of its supervisor.
            #[serde(skip_serializing_if = "Option::is_none")]
            #[schemars(extend("default" = Policy::DEFAULT.significant))]
            pub significant: Option<bool>,
            $($more)*
        }
    };
}

with_policy_keys! {
    /// Defaults for every child of the tree. How tasks are stopped has a section of its own.
    pub struct PolicySection {}
}

with_policy_keys! {
    /// Defaults for everything below one supervisor. Those of an inner one beat those of an outer.
    pub struct DefaultsSection {
        /// How tasks are stopped.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(with = "Option<StopSection>")]
        pub shutdown: StopSection,
    }
}

with_policy_keys! {
    /// What is said about one child: it beats the code. The later keys are for a supervisor only.
    pub struct ChildSection {
        /// How it is stopped.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(with = "Option<StopSection>")]
        pub shutdown: StopSection,
        /// For a supervisor: who is restarted together with a child that failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(extend("default" = Strategy::default()))]
        pub strategy: Option<Strategy>,
        /// For a supervisor: how many restarts of all its children together are tolerated. One
        /// more ends it.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(with = "Option<LimitSection>", extend("default" = LimitSection::from(Limit::DEFAULT)))]
        pub intensity: LimitSection,
        /// For a supervisor: how the one above sees it when its intensity is spent.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(extend("default" = Meltdown::default()))]
        pub meltdown: Option<Meltdown>,
        /// For a supervisor: whether it ends by itself when its significant children have.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(extend("default" = AutoShutdown::default()))]
        pub auto_shutdown: Option<AutoShutdown>,
        /// For a supervisor: defaults for everything below it.
        #[config(nested)]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "says_nothing")]
        #[schemars(with = "Option<DefaultsSection>")]
        pub defaults: DefaultsSection,
        /// For a supervisor: what is said about its children, by their ids.
        #[config(default = {})]
        #[serde(deserialize_with = "nothing_said", skip_serializing_if = "BTreeMap::is_empty")]
        #[schemars(with = "Option<BTreeMap<String, Option<ChildSection>>>")]
        pub children: BTreeMap<String, ChildSection>,
    }
}

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

/// What is kept for those who look at the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Config, JsonSchema, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub struct ObservabilitySection {
    /// How many events a subscriber may lag behind before it misses the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = Self::MAX_EVENT_CAPACITY),
        extend("default" = SupervisorBuilder::EVENT_CAPACITY)
    )]
    pub event_capacity: Option<u32>,
    /// How many of the latest events are kept for those who come late. With 0 none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(max = Self::MAX_EVENT_CAPACITY),
        extend("default" = SupervisorBuilder::JOURNAL_CAPACITY)
    )]
    pub journal_capacity: Option<u32>,
    /// How many exits are kept with each child, for its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 1, max = Self::MAX_LAST_EXITS),
        extend("default" = SupervisorBuilder::LAST_EXITS)
    )]
    pub last_exits: Option<u32>,
    /// How many removed paths keep their generation, so that a child added again goes on counting.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = SupervisorBuilder::REMEMBERED_PATHS))]
    pub remembered_paths: Option<u32>,
}

impl ObservabilitySection {
    /// The most that `event_capacity` and `journal_capacity` can be. The room for what a
    /// subscriber may lag behind is taken at once.
    pub const MAX_EVENT_CAPACITY: u32 = 1 << 20;

    /// The most that `last_exits` can be.
    pub const MAX_LAST_EXITS: u32 = 1024;
}

/// Null is a section in which nothing is said.
fn nothing_said<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn says_nothing<T: Default + PartialEq>(section: &T) -> bool {
    *section == T::default()
}
