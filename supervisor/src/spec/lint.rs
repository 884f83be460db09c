//! What is allowed and yet unlikely to be meant: warnings about a valid tree, and its worst case.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::layers::{Sibling, layers};
use super::plan::{NodePlan, PlanKind, SupervisorPlan};
use super::validate::ValidSpec;
use crate::id::ChildPath;
use crate::policy::dependency::StartMode;
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
    /// child uses up its grace and the wait after its abort, one after the other, in a parallel
    /// supervisor one layer of dependencies after the other; and those of a pool, which may have
    /// any number, are left out. `None` when a child may take as long as it likes.
    pub fn worst_case_shutdown(&self) -> Option<Duration> {
        worst_case(&self.root, &ChildPath::root())
    }
}

fn look_at(supervisor: &SupervisorPlan, path: &ChildPath, warnings: &mut Vec<Warning>) {
    for NodePlan { id, kind } in &supervisor.children {
        let path = path.join(id);
        let policy = kind.policy();
        if policy.restart != Restart::Temporary {
            let (key, limit) = match policy.restart_limit {
                Some(limit) => ("restart_limit", limit),
                None => ("intensity", supervisor.intensity),
            };
            let backoff = &policy.backoff;
            if never_trips(backoff, limit) {
                let span = tightest_span(backoff, limit.max.saturating_add(1));
                let kind = WarningKind::NeverTrips { key, limit, span };
                warnings.push(Warning { path: path.clone(), kind });
            }
            if let Some(limit) = policy.restart_limit
                && trips_before(backoff, supervisor.intensity, limit)
            {
                let kind = WarningKind::IntensityFirst { intensity: supervisor.intensity, limit };
                warnings.push(Warning { path: path.clone(), kind });
            }
        }
        if let PlanKind::Supervisor(inner) = kind {
            look_at(inner, &path, warnings);
        }
    }
}

fn worst_case(supervisor: &SupervisorPlan, path: &ChildPath) -> Option<Duration> {
    let layers = match supervisor.start {
        // Each on its own.
        StartMode::Sequential => (0..supervisor.children.len()).collect(),
        StartMode::Parallel => layers_of(supervisor, path),
    };
    let mut longest = BTreeMap::<usize, Duration>::new();
    for (child, layer) in supervisor.children.iter().zip(layers) {
        let its = worst_case_of_child(child, &path.join(&child.id))?;
        let longest = longest.entry(layer).or_default();
        *longest = its.max(*longest);
    }
    Some(longest.into_values().fold(Duration::ZERO, Duration::saturating_add))
}

fn worst_case_of_child(child: &NodePlan, path: &ChildPath) -> Option<Duration> {
    let policy = child.kind.policy();
    match (&child.kind, policy.grace) {
        (PlanKind::Child(_), Grace::After(grace)) => Some(grace.saturating_add(policy.abort_wait)),
        (PlanKind::Child(_), Grace::Infinite) => None,
        (PlanKind::Supervisor(inner), Grace::Infinite) => worst_case(inner, path),
        (PlanKind::Supervisor(inner), Grace::After(grace)) => {
            // Cut short by force, after which all that is left is aborted together.
            Some(worst_case(inner, path).map_or(grace, |needed| needed.min(grace)))
        }
    }
}

fn layers_of(supervisor: &SupervisorPlan, path: &ChildPath) -> Vec<usize> {
    let siblings: Vec<_> = supervisor
        .children
        .iter()
        .map(|child| {
            let mut below = Vec::new();
            needed_below(&child.kind, &mut below);
            let own = child.kind.dependencies().iter().collect();
            Sibling { id: child.id.as_str(), own, below }
        })
        .collect();
    layers(path, &siblings)
}

fn needed_below<'a>(kind: &'a PlanKind, needed: &mut Vec<&'a ChildPath>) {
    let PlanKind::Supervisor(plan) = kind else { return };
    for NodePlan { kind, .. } in &plan.children {
        needed.extend(kind.dependencies());
        needed_below(kind, needed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::backoff::Backoff;
    use crate::spec::child::ChildSpec;
    use crate::spec::supervisor::SupervisorSpec;
    use crate::task::factory::service_fn;

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
    #[test]
    fn side_by_side_only_the_longest_of_each_layer_counts() {
        let takes =
            |id, seconds| child(id).grace(Grace::After(seconds * SECOND)).abort_wait(SECOND);
        let tree = SupervisorSpec::root()
            .start(StartMode::Parallel)
            .child(takes("a", 1))
            .child(takes("b", 3))
            .child(takes("c", 2).depends_on("a"))
            .child(SupervisorSpec::new("s").child(takes("d", 4)).child(takes("e", 1)))
            .child(SupervisorSpec::new("t").child(takes("f", 1).depends_on("/root/c")));
        // `t` above `c`, `c` above the others, of which `s` is the longest.
        assert_eq!(tree.validate().unwrap().worst_case_shutdown(), Some((2 + 3 + 7) * SECOND));
    }
}
