//! A declared tree, of which nothing of the program is written but the names and policies of its
//! children.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::PolicyPatch;
use crate::policy::dependency::StartMode;
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Meltdown, Strategy};
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::dependency::Dependency;
use crate::spec::group::{Group, GroupKind};
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::tags::Tags;
use crate::task::context::TaskContext;
use crate::task::factory::{TaskFactory, blocking_fn, service_fn};
use crate::task::member::MemberFactory;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "it lives as long as a file is written or read")]
pub(in crate::record) enum NodeForm {
    Child {
        id: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dependencies: Vec<String>,
        #[serde(default)]
        is_blocking: bool,
        #[serde(default)]
        policy: PolicyPatch,
        #[serde(default)]
        tags: Vec<String>,
    },
    Supervisor {
        id: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dependencies: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<StartMode>,
        strategy: Option<Strategy>,
        intensity: Option<Limit>,
        meltdown: Option<Meltdown>,
        auto_shutdown: Option<AutoShutdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Box<GroupForm>>,
        budget: Option<Duration>,
        #[serde(default)]
        policy: PolicyPatch,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        defaults: PolicyPatch,
        #[serde(default)]
        configured_defaults: PolicyPatch,
        #[serde(default)]
        children: Vec<NodeForm>,
    },
}

/// What was said about a pool or a many; the children of a many stand with the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::record) struct GroupForm {
    is_pool: bool,
    /// The name of what the members take, and whether they have threads.
    members: Option<(String, bool)>,
    #[serde(default)]
    policy: PolicyPatch,
    #[serde(default)]
    tags: Vec<String>,
    max_children: Option<u32>,
    count: Option<u32>,
}

impl From<&Group> for Option<Box<GroupForm>> {
    fn from(group: &Group) -> Self {
        // What they are read from is nothing to the engine.
        let Group { kind, members, policy, tags, max_children, count, .. } = group;
        let is_group = *kind != GroupKind::None;
        let form = || GroupForm {
            is_pool: *kind == GroupKind::Pool,
            members: members.as_ref().map(|m| (m.type_name().to_owned(), m.is_blocking())),
            policy: *policy,
            tags: tags.iter().map(str::to_owned).collect(),
            max_children: *max_children,
            count: *count,
        };
        is_group.then(form).map(Box::new)
    }
}

impl From<GroupForm> for Group {
    #[cfg_attr(
        not(feature = "config"),
        expect(clippy::needless_update, reason = "what a configuration reads is no part of it")
    )]
    fn from(form: GroupForm) -> Self {
        let GroupForm { is_pool, members, policy, tags, max_children, count } = form;
        let stand_in = |(takes, is_blocking)| MemberFactory::stand_in(takes, nothing(is_blocking));
        Self {
            kind: if is_pool { GroupKind::Pool } else { GroupKind::Many },
            members: members.map(stand_in),
            policy,
            tags: Tags::new(tags),
            max_children,
            count,
            ..Self::default()
        }
    }
}

impl From<&NodeSpec> for NodeForm {
    fn from(spec: &NodeSpec) -> Self {
        match spec {
            NodeSpec::Child(spec) => {
                // Where it is declared, and its settings, are nothing to the engine.
                let ChildSpec { id, task, policy, dependencies, tags, .. } = &**spec;
                Self::Child {
                    id: id.to_string(),
                    dependencies: texts(dependencies),
                    is_blocking: task.is_blocking(),
                    policy: **policy,
                    tags: tags.iter().map(str::to_owned).collect(),
                }
            }
            NodeSpec::Supervisor(spec) => (&**spec).into(),
        }
    }
}

impl From<&SupervisorSpec> for NodeForm {
    fn from(spec: &SupervisorSpec) -> Self {
        // A key that is added to the spec has to be added here.
        let SupervisorSpec {
            id,
            dependencies,
            start,
            strategy,
            intensity,
            meltdown,
            auto_shutdown,
            group,
            budget,
            policy,
            tags,
            defaults,
            configured_defaults,
            children,
            // Where it is declared is nothing to the engine.
            ..
        } = spec;
        Self::Supervisor {
            id: id.to_string(),
            dependencies: texts(dependencies),
            start: *start,
            strategy: *strategy,
            intensity: *intensity,
            meltdown: *meltdown,
            auto_shutdown: *auto_shutdown,
            group: group.into(),
            budget: *budget,
            policy: *policy,
            tags: tags.iter().map(str::to_owned).collect(),
            defaults: *defaults,
            configured_defaults: *configured_defaults,
            children: children.iter().map(Self::from).collect(),
        }
    }
}

impl From<NodeForm> for NodeSpec {
    fn from(form: NodeForm) -> Self {
        match form {
            NodeForm::Child { id, dependencies, is_blocking, policy, tags } => {
                let (task, tags) = (nothing(is_blocking), Tags::new(tags));
                let dependencies = named(dependencies);
                let policy = policy.into();
                ChildSpec { policy, dependencies, tags, ..ChildSpec::new(id, task) }.into()
            }
            NodeForm::Supervisor {
                id,
                dependencies,
                start,
                strategy,
                intensity,
                meltdown,
                auto_shutdown,
                group,
                budget,
                policy,
                tags,
                defaults,
                configured_defaults,
                children,
            } => SupervisorSpec {
                dependencies: named(dependencies),
                start,
                strategy,
                intensity,
                meltdown,
                auto_shutdown,
                group: group.map(|group| Group::from(*group)).unwrap_or_default(),
                budget,
                policy,
                tags: Tags::new(tags),
                defaults,
                configured_defaults,
                children: children.into_iter().map(Self::from).collect(),
                ..SupervisorSpec::new(id)
            }
            .into(),
        }
    }
}

fn texts(dependencies: &[Dependency]) -> Vec<String> {
    dependencies.iter().map(ToString::to_string).collect()
}

fn named(dependencies: Vec<String>) -> Vec<Dependency> {
    dependencies.into_iter().map(Dependency::from).collect()
}

/// A task that is never run: the recording has its ends.
fn nothing(is_blocking: bool) -> TaskFactory {
    if is_blocking { blocking_fn(|_| ()) } else { service_fn(async |_: TaskContext| ()) }
}
