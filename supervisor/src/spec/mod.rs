//! What is wanted: children, supervisors, and the check that what was said can be meant.

pub mod child;
pub mod dependency;
pub(crate) mod graph;
pub mod group;
pub(crate) mod layers;
pub mod lint;
pub mod outlook;
pub(crate) mod plan;
pub mod rates;
pub(crate) mod said;
pub mod supervisor;
pub mod tags;
pub mod validate;

#[cfg(feature = "config")]
use std::panic::Location;
use std::sync::Arc;

use self::child::ChildSpec;
use self::supervisor::SupervisorSpec;
#[cfg(feature = "config")]
use crate::policy::PolicyPatch;

/// What is said about a child at the field that it stands in.
#[cfg(feature = "config")]
#[derive(Clone, Debug)]
pub(crate) struct AtField {
    pub(crate) said: &'static PolicyPatch,
    /// What is said where its function, or its struct, is.
    pub(crate) before: Arc<PolicyPatch>,
    pub(crate) has_tags: bool,
    pub(crate) at: &'static Location<'static>,
}

/// What a supervisor may be given as a child: a task or another supervisor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NodeSpec {
    /// A task.
    Child(Box<ChildSpec>),
    /// A supervisor with children of its own.
    Supervisor(Box<SupervisorSpec>),
}

impl NodeSpec {
    /// The id as it was given; it has not been checked.
    pub fn id(&self) -> &str {
        match self {
            Self::Child(spec) => spec.id(),
            Self::Supervisor(spec) => spec.id(),
        }
    }

    /// The same, as it is kept.
    pub(crate) fn shared_id(&self) -> &Arc<str> {
        match self {
            Self::Child(spec) => &spec.id,
            Self::Supervisor(spec) => &spec.id,
        }
    }
}

impl From<ChildSpec> for NodeSpec {
    fn from(spec: ChildSpec) -> Self {
        Self::Child(Box::new(spec))
    }
}

impl From<SupervisorSpec> for NodeSpec {
    fn from(spec: SupervisorSpec) -> Self {
        Self::Supervisor(Box::new(spec))
    }
}
