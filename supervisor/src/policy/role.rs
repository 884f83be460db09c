//! Roles: sets of defaults with a name.

use std::fmt;

use super::PolicyPatch;
use super::dependency::OnDependencyRestart;
use super::failure::Criticality;
use super::restart::Restart;

/// What a child is to the program: a set of defaults and nothing else.
///
/// Whatever is said about the child, or in any defaults, is stronger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "config", feature = "record"),
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(feature = "config", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Role {
    /// Without it the program is no use: permanent and critical.
    Service,
    /// Permanent and standard, as a child of which nothing is said.
    #[default]
    Worker,
    /// Something to be done once: transient and standard. Ok means done.
    Job,
    /// Beside the work, for its comfort: permanent and best effort, and restarted with what it
    /// depends on.
    Sidecar,
}

impl Role {
    /// The defaults that it stands for.
    pub const fn defaults(self) -> PolicyPatch {
        let said = PolicyPatch::NONE;
        match self {
            Self::Service => said.restart(Restart::Permanent).criticality(Criticality::Critical),
            Self::Worker => said.restart(Restart::Permanent).criticality(Criticality::Standard),
            Self::Job => said.restart(Restart::Transient).criticality(Criticality::Standard),
            Self::Sidecar => said
                .restart(Restart::Permanent)
                .criticality(Criticality::BestEffort)
                .on_dependency_restart(OnDependencyRestart::Restart),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Service => "service",
            Self::Worker => "worker",
            Self::Job => "job",
            Self::Sidecar => "sidecar",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::failure::OnLimit;

    #[test]
    fn a_role_is_a_set_of_defaults_and_whatever_is_said_is_stronger() {
        let what = |patch: PolicyPatch| {
            let policy = patch.resolve();
            (policy.restart, policy.criticality, policy.on_limit)
        };
        let role = |role| PolicyPatch::NONE.role(role);
        assert_eq!(
            [Role::Service, Role::Worker, Role::Job, Role::Sidecar].map(|r| what(role(r))),
            [
                (Restart::Permanent, Criticality::Critical, OnLimit::Escalate),
                (Restart::Permanent, Criticality::Standard, OnLimit::Quarantine),
                (Restart::Transient, Criticality::Standard, OnLimit::Quarantine),
                (Restart::Permanent, Criticality::BestEffort, OnLimit::Stop),
            ]
        );
        let sidecar = role(Role::Sidecar).resolve();
        assert_eq!(sidecar.on_dependency_restart, OnDependencyRestart::Restart);
        assert_eq!(role(Role::Worker).resolve(), Policy::DEFAULT);
        let weaker = PolicyPatch::NONE.restart(Restart::Transient);
        assert_eq!(role(Role::Service).over(weaker).resolve().restart, Restart::Transient);
    }
}
