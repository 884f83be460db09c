//! What is allowed and yet unlikely to be meant: warnings about a valid tree, and its worst case.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::plan::{GroupPlan, NodePlan, PlanKind, SupervisorPlan};
use super::validate::ValidSpec;
use crate::id::ChildPath;
use crate::policy::Policy;
use crate::policy::intensity::Limit;
use crate::policy::lint::{never_trips, tightest_span, trips_before};
use crate::policy::restart::Restart;
use crate::policy::shutdown::Grace;

/// Something in a valid tree that is unlikely to be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The child it is about.
    pub path: ChildPath,
    /// What it is.
    pub kind: WarningKind,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.kind)
    }
}

/// What is unlikely to be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarningKind {
    /// The waits between its restarts are so long that the child alone never fails often enough
    /// for its limit: it is restarted for ever.
    NeverTrips {
        /// `restart_limit`, or `intensity` of its supervisor where it has no limit of its own.
        key: &'static str,
        /// The limit.
        limit: Limit,
        /// The shortest time in which it can be restarted once more than `limit.max` allows.
        span: Duration,
    },
    /// The intensity of its supervisor, which all siblings share, is spent by this child alone
    /// before its own limit is: the supervisor melts down and the limit never has its say.
    IntensityFirst {
        /// The supervisor's.
        intensity: Limit,
        /// The child's.
        limit: Limit,
    },
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverTrips { key, limit: Limit { max, within }, span } => write!(
                f,
                "`{key}` ({max} within {within:?}) can never be spent by this child alone: with \
                 its backoff, {} restarts take at least {span:.1?}, so it restarts for ever",
                u64::from(*max) + 1
            ),
            Self::IntensityFirst { intensity, limit } => write!(
                f,
                "its `restart_limit` ({} within {:?}) has no effect: its supervisor's `intensity` \
                 ({} within {:?}) is spent first",
                limit.max, limit.within, intensity.max, intensity.within
            ),
        }
    }
}

impl ValidSpec {
    /// What is allowed and yet unlikely to be meant, in the order of the tree.
    ///
    /// They are also logged, at warn level, when the tree is started.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        look_at(&self.root, &ChildPath::root(), &mut warnings);
        warnings
    }

    /// How long the shutdown of the whole tree can take before its budget cuts it short: every
    /// child uses up its grace and the wait after its abort, one after the other, and the members
    /// of a pool all at the same time. A pool that does not say what its members are is left out.
    /// `None` when a child may take as long as it likes.
    pub fn worst_case_shutdown(&self) -> Option<Duration> {
        worst_case(&self.root)
    }
}

fn look_at(supervisor: &SupervisorPlan, path: &ChildPath, warnings: &mut Vec<Warning>) {
    if let Some(pool) = supervisor.pool().filter(|pool| pool.members.is_some()) {
        warnings.extend(about(&pool.policy, supervisor.intensity, path));
    }
    let is_many = matches!(supervisor.group, GroupPlan::Many);
    let mut known = Vec::new();
    for NodePlan { id, kind } in &supervisor.children {
        let path = path.join(id);
        for warning in about(kind.policy(), supervisor.intensity, &path) {
            // The children of a many are alike.
            if !is_many || !known.contains(&warning.kind) {
                known.push(warning.kind.clone());
                warnings.push(warning);
            }
        }
        if let PlanKind::Supervisor(inner) = kind {
            look_at(inner, &path, warnings);
        }
    }
}

/// About one child, or all members of a pool.
fn about(policy: &Policy, intensity: Limit, path: &ChildPath) -> Vec<Warning> {
    if policy.restart == Restart::Temporary {
        return Vec::new();
    }
    let mut kinds = Vec::new();
    let (key, limit) = match policy.restart_limit {
        Some(limit) => ("restart_limit", limit),
        None => ("intensity", intensity),
    };
    let backoff = &policy.backoff;
    if never_trips(backoff, limit) {
        let span = tightest_span(backoff, limit.max.saturating_add(1));
        kinds.push(WarningKind::NeverTrips { key, limit, span });
    }
    if let Some(limit) = policy.restart_limit
        && trips_before(backoff, intensity, limit)
    {
        kinds.push(WarningKind::IntensityFirst { intensity, limit });
    }
    kinds.into_iter().map(|kind| Warning { path: path.clone(), kind }).collect()
}

fn worst_case(supervisor: &Arc<SupervisorPlan>) -> Option<Duration> {
    let of_task = |policy: &Policy| match policy.grace {
        Grace::After(grace) => Some(grace.saturating_add(policy.abort_wait)),
        Grace::Infinite => None,
    };
    // All at the same time, however many there are.
    let members = match supervisor.pool().filter(|pool| pool.members.is_some()) {
        Some(pool) => of_task(&pool.policy)?,
        None => Duration::ZERO,
    };
    supervisor.children.iter().try_fold(members, |sum, child| {
        let its = match (&child.kind, child.kind.policy().grace) {
            (PlanKind::Child(plan), _) => of_task(&plan.policy)?,
            (PlanKind::Supervisor(inner), Grace::Infinite) => worst_case(inner)?,
            (PlanKind::Supervisor(inner), Grace::After(grace)) => {
                // Cut short by force, after which all that is left is aborted together.
                worst_case(inner).map_or(grace, |needed| needed.min(grace))
            }
        };
        Some(sum.saturating_add(its))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicyPatch;
    use crate::policy::backoff::Backoff;
    use crate::spec::child::ChildSpec;
    use crate::spec::supervisor::SupervisorSpec;
    use crate::task::factory::service_fn;
    use crate::task::member::member_fn;

    const SECOND: Duration = Duration::from_secs(1);

    fn child(id: &str) -> ChildSpec {
        ChildSpec::new(id, service_fn(async |_| ()))
    }

    #[test]
    fn a_limit_that_can_never_trip_is_named_with_its_numbers() {
        let mut slow = Backoff::new(SECOND, 60 * SECOND);
        slow.jitter = 0.0;
        let tree = SupervisorSpec::root()
            .child(child("fine"))
            .child(child("slow").backoff(slow))
            .child(
                SupervisorSpec::new("inner")
                    .child(child("own").backoff(slow).restart_limit(2, 2 * SECOND)),
            )
            .child(child("once").restart(Restart::Temporary));
        let warnings = tree.validate().unwrap().warnings();
        let lines: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "`/root/slow`: `intensity` (5 within 30s) can never be spent by this child alone: \
                 with its backoff, 6 restarts take at least 31.0s, so it restarts for ever",
                "`/root/inner/own`: `restart_limit` (2 within 2s) can never be spent by this child \
                 alone: with its backoff, 3 restarts take at least 3.0s, so it restarts for ever",
            ]
        );
    }

    #[test]
    fn a_limit_that_the_intensity_forestalls_is_named() {
        let tree = SupervisorSpec::root()
            .intensity(3, 60 * SECOND)
            .child(child("a").restart_limit(10, 120 * SECOND))
            .child(child("b").restart_limit(3, 60 * SECOND));
        let warnings = tree.validate().unwrap().warnings();
        let [Warning { path, kind: WarningKind::IntensityFirst { .. } }] = &*warnings else {
            panic!("{warnings:?}")
        };
        assert_eq!(path.as_str(), "/root/a");
    }

    #[test]
    fn many_that_are_alike_are_warned_of_once_and_a_pool_for_all_its_members() {
        let mut slow = Backoff::new(SECOND, 60 * SECOND);
        slow.jitter = 0.0;
        let policy = PolicyPatch { backoff: slow.into(), ..PolicyPatch::NONE };
        let tree = SupervisorSpec::root()
            .child(
                SupervisorSpec::many("many", 9, member_fn(async |_, _: usize| ()))
                    .member_policy(policy),
            )
            .child(
                SupervisorSpec::pool("pool")
                    .members(member_fn(async |_, (): ()| ()))
                    .member_policy(policy),
            );
        let warnings = tree.validate().unwrap().warnings();
        let paths: Vec<_> = warnings.iter().map(|warning| warning.path.as_str()).collect();
        assert_eq!(paths, ["/root/many/0", "/root/pool"]);
    }

    #[test]
    fn all_members_of_a_pool_are_stopped_in_the_time_of_one() {
        let patch = child("t").grace(Grace::After(2 * SECOND)).abort_wait(SECOND).policy();
        let pool = SupervisorSpec::pool("pool").member_policy(patch);
        let tree = SupervisorSpec::root().child(pool.clone());
        assert_eq!(tree.validate().unwrap().worst_case_shutdown(), Some(Duration::ZERO));
        let pool = pool.members(member_fn(async |_, (): ()| ()));
        let tree = SupervisorSpec::root().child(pool);
        assert_eq!(tree.validate().unwrap().worst_case_shutdown(), Some(3 * SECOND));
    }

    #[test]
    fn the_worst_case_of_a_shutdown_adds_up() {
        let stubborn = child("stubborn").grace(Grace::After(2 * SECOND)).abort_wait(SECOND);
        let inner = SupervisorSpec::new("inner").child(stubborn.with_id("b"));
        let tree = SupervisorSpec::root().child(stubborn.clone()).child(inner.clone());
        assert_eq!(tree.validate().unwrap().worst_case_shutdown(), Some(6 * SECOND));
        let cut = SupervisorSpec::root().child(inner.clone().grace(Grace::After(SECOND)));
        assert_eq!(cut.validate().unwrap().worst_case_shutdown(), Some(SECOND));
        let endless = tree.child(child("endless").grace(Grace::Infinite));
        assert_eq!(endless.validate().unwrap().worst_case_shutdown(), None);
    }
}
