//! What is allowed and yet unlikely to be meant: warnings about a valid tree, and its worst case.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::layers::{Sibling, layers};
use super::plan::{NodePlan, PlanKind, Room, SupervisorPlan};
use super::validate::ValidSpec;
use crate::id::ChildPath;
use crate::policy::Policy;
use crate::policy::backoff::Backoff;
use crate::policy::dependency::StartMode;
use crate::policy::intensity::Limit;
use crate::policy::lint::{never_trips_in_rows, tightest_span_in_rows, trips_before_in_rows};
use crate::policy::on_failure::FailureClass;
use crate::policy::restart::Restart;
use crate::policy::shutdown::{EACH_ITS_OWN, Grace};
use crate::policy::written::Written;

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
        /// The class of failure whose limit it is, where it is that of one.
        class: Option<FailureClass>,
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
        /// The class of failure whose limit it is, where it is that of one.
        class: Option<FailureClass>,
    },
    /// What the child takes to stop at worst, as computed or by default, is longer than the budget
    /// around it: then it is cut short.
    StopBeyondBudget {
        /// What it takes: its grace, or the sum of what is below it.
        worst_case: Duration,
        /// The tightest budget around it.
        budget: Duration,
        /// Whose that is.
        of: ChildPath,
    },
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverTrips { key, class, limit, span } => write!(
                f,
                "{} ({limit}) can never be spent by this child alone: with \
                 its backoff, {} restarts take at least {:.1}, so it restarts for ever",
                Key(key, *class),
                u64::from(limit.max) + 1,
                Written(*span)
            ),
            Self::IntensityFirst { intensity, limit, class } => write!(
                f,
                "its {} ({limit}) has no effect: its supervisor's `intensity` ({intensity}) is spent \
                 first",
                Key("restart_limit", *class)
            ),
            Self::StopBeyondBudget { worst_case, budget, of } => write!(
                f,
                "it can take {} to stop, and `{of}` has {} for its end: then it is cut short",
                Written(*worst_case),
                Written(*budget)
            ),
        }
    }
}

/// A key, and the class of failure that it is said about.
struct Key<'a>(&'a str, Option<FailureClass>);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(class) => write!(f, "`{}` for `{class}`", self.0),
            None => write!(f, "`{}`", self.0),
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
    /// supervisor one layer of dependencies after the other, and the members of a pool all at the
    /// same time. A pool that does not say what its members are is left out. `None` when a child
    /// may take as long as it likes.
    pub fn worst_case_shutdown(&self) -> Option<Duration> {
        worst_case(&self.root, &ChildPath::root())
    }

    /// After how long what is left of the tree is aborted, counted from the begin of its shutdown.
    pub fn shutdown_budget(&self) -> Duration {
        self.root.room.budget
    }
}

fn look_at(supervisor: &SupervisorPlan, path: &ChildPath, warnings: &mut Vec<Warning>) {
    if let Some(pool) = supervisor.pool().filter(|pool| pool.members.is_some()) {
        let mut warn = |kind| warnings.push(Warning { path: path.clone(), kind });
        limits(&pool.policy, supervisor.intensity, &mut warn);
    }
    let is_many = supervisor.is_many();
    let mut known = Vec::new();
    // The policy of those about whom there is nothing to say. Siblings that are alike share it.
    let mut harmless: Option<&Arc<Policy>> = None;
    for NodePlan { path, kind } in supervisor.children.iter().filter(|child| is_started(child)) {
        if let (PlanKind::Child(plan), Some(harmless)) = (kind, harmless)
            && Arc::ptr_eq(&plan.policy, harmless)
        {
            continue;
        }
        let before = warnings.len();
        let mut warn = |kind: WarningKind| {
            // The children of a many are alike.
            if !is_many || !known.contains(&kind) {
                known.push(kind.clone());
                warnings.push(Warning { path: path.clone(), kind });
            }
        };
        limits(kind.policy(), supervisor.intensity, &mut warn);
        let Room { budget, of } = &supervisor.room;
        if let Some(worst_case) = needs(kind, path).filter(|needed| needed > budget) {
            warn(WarningKind::StopBeyondBudget { worst_case, budget: *budget, of: of.clone() });
        }
        match kind {
            PlanKind::Supervisor(inner) => look_at(inner, path, warnings),
            PlanKind::Child(plan) if warnings.len() == before => harmless = Some(&plan.policy),
            PlanKind::Child(_) => {}
        }
    }
}

fn is_started(child: &NodePlan) -> bool {
    child.kind.policy().enabled
}

/// About one child, or all members of a pool.
fn limits(policy: &Policy, intensity: Limit, warn: &mut impl FnMut(WarningKind)) {
    if policy.restart == Restart::Temporary {
        return;
    }
    let mut look_at = |key, class, limit, rows: &[Backoff]| {
        if never_trips_in_rows(rows, limit) {
            let span = tightest_span_in_rows(rows, limit.max.saturating_add(1));
            warn(WarningKind::NeverTrips { key, class, limit, span });
        }
        if key == "restart_limit" && trips_before_in_rows(rows, intensity, limit) {
            warn(WarningKind::IntensityFirst { intensity, limit, class });
        }
    };
    let classes = policy.on_failure.iter().flat_map(|on_failure| on_failure.iter());
    let classes: Vec<_> = classes.map(|(class, of_class)| (class, *of_class)).collect();
    // Whatever is charged to it, in each row of waits that leads there.
    let of_others = classes.iter().filter(|(_, of_class)| of_class.restart_limit.is_none());
    let rows = of_others.filter_map(|(_, of_class)| of_class.backoff);
    let rows: Vec<_> = std::iter::once(policy.backoff).chain(rows).collect();
    match policy.restart_limit {
        Some(limit) => look_at("restart_limit", None, limit, &rows),
        None => look_at("intensity", None, intensity, &rows),
    }
    for (class, of_class) in classes {
        if let Some(limit) = of_class.restart_limit {
            let row = of_class.backoff.unwrap_or(policy.backoff);
            look_at("restart_limit", Some(class), limit, &[row]);
        }
    }
}

/// What a child takes to stop: its grace, or what is below it. `None` where that is endless.
fn needs(kind: &PlanKind, path: &ChildPath) -> Option<Duration> {
    match (kind, kind.policy().grace) {
        (_, Grace::After(grace)) => Some(grace),
        (PlanKind::Child(_), Grace::Infinite) => None,
        (PlanKind::Supervisor(inner), Grace::Infinite) => worst_case(inner, path),
    }
}

fn worst_case(supervisor: &SupervisorPlan, path: &ChildPath) -> Option<Duration> {
    let layers = match supervisor.start {
        // Each on its own.
        StartMode::Sequential => (0..supervisor.children.len()).collect(),
        StartMode::Parallel => layers_of(supervisor, path),
    };
    // All at the same time, however many there are.
    let members = match supervisor.pool().filter(|pool| pool.members.is_some()) {
        Some(pool) => worst_case_of_task(&pool.policy)?,
        None => Duration::ZERO,
    };
    let mut longest = BTreeMap::<usize, Duration>::new();
    let children = supervisor.children.iter().zip(layers);
    for (child, layer) in children.filter(|(child, _)| is_started(child)) {
        let its = worst_case_of_child(child, &child.path)?;
        let longest = longest.entry(layer).or_default();
        *longest = its.max(*longest);
    }
    Some(longest.into_values().fold(members, Duration::saturating_add))
}

fn worst_case_of_child(child: &NodePlan, path: &ChildPath) -> Option<Duration> {
    match (&child.kind, child.kind.policy().grace) {
        (PlanKind::Child(plan), _) => worst_case_of_task(&plan.policy),
        (PlanKind::Supervisor(inner), Grace::Infinite) => worst_case(inner, path),
        (PlanKind::Supervisor(inner), Grace::After(grace)) => {
            // Cut short by force, after which all that is left is aborted together.
            let cut = grace.saturating_add(longest_abort_wait(inner));
            Some(worst_case(inner, path).map_or(cut, |needed| needed.min(cut)))
        }
    }
}

/// The longest that anything below it may take to disappear: what was aborted just before
/// everything is has its own.
fn longest_abort_wait(supervisor: &SupervisorPlan) -> Duration {
    let said = Some(supervisor.policy.abort_wait).filter(|wait| *wait != EACH_ITS_OWN);
    let members = supervisor.pool().filter(|pool| pool.members.is_some());
    let members = members.map(|pool| pool.policy.abort_wait);
    let children = supervisor.children.iter().filter(|child| is_started(child));
    let children = children.map(|child| match &child.kind {
        PlanKind::Child(plan) => plan.policy.abort_wait,
        PlanKind::Supervisor(inner) => longest_abort_wait(inner),
    });
    children.chain(said).chain(members).max().unwrap_or_default()
}

fn worst_case_of_task(policy: &Policy) -> Option<Duration> {
    match policy.grace {
        Grace::After(grace) => Some(grace.saturating_add(policy.abort_wait)),
        Grace::Infinite => None,
    }
}

/// The layer of each child.
pub(super) fn layers_of(supervisor: &SupervisorPlan, path: &ChildPath) -> Vec<usize> {
    let siblings: Vec<_> = supervisor
        .children
        .iter()
        .map(|child| {
            let mut below = Vec::new();
            needed_below(&child.kind, &mut below);
            let own = child.kind.dependencies().iter().collect();
            Sibling { id: child.path.name(), own, below }
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
    use crate::policy::PolicyPatch;
    use crate::policy::backoff::BackoffPatch;
    use crate::policy::on_failure::ClassPatch;
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
                SupervisorSpec::many("many", 2, member_fn(async |_, _: usize| ()))
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
        let inner = inner.child(stubborn.clone()).grace(Grace::After(4 * SECOND));
        let cut = SupervisorSpec::root().child(inner.clone());
        assert_eq!(cut.validate().unwrap().worst_case_shutdown(), Some(5 * SECOND));
        let cut = SupervisorSpec::root().child(inner.abort_wait(SECOND * 3 / 2));
        assert_eq!(cut.validate().unwrap().worst_case_shutdown(), Some(SECOND * 11 / 2));
        let endless = tree.child(child("endless").grace(Grace::Infinite));
        assert_eq!(endless.validate().unwrap().worst_case_shutdown(), None);
        let off = SupervisorSpec::root().child(child("off").disabled());
        assert_eq!(off.validate().unwrap().worst_case_shutdown(), Some(Duration::ZERO));
    }

    #[test]
    fn the_limit_of_a_class_that_can_never_trip_is_named() {
        let slow = ClassPatch::NONE
            .backoff(BackoffPatch::NONE.initial(9 * SECOND).max(9 * SECOND).jitter(0.0))
            .restart_limit(2, 10 * SECOND);
        let tree = SupervisorSpec::root()
            .child(child("a").backoff(Backoff::NONE).on_failure(FailureClass::Timeout, slow));
        let warnings = tree.validate().unwrap().warnings();
        let lines: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            ["`/root/a`: `restart_limit` for `timeout` (2 within 10s) can never be spent by this \
              child alone: with its backoff, 3 restarts take at least 18.0s, so it restarts for \
              ever"]
        );
    }

    #[test]
    fn a_class_that_waits_less_can_spend_the_childs_limit_after_all() {
        let mut slow = Backoff::new(9 * SECOND, 9 * SECOND);
        slow.jitter = 0.0;
        let quick = ClassPatch::NONE.backoff(Backoff::NONE.into());
        let limited = child("a").backoff(slow).restart_limit(2, 10 * SECOND);
        let tree = |child| SupervisorSpec::root().child(child).validate().unwrap().warnings();
        assert_eq!(tree(limited.clone()).len(), 1);
        assert_eq!(tree(limited.on_failure(FailureClass::Panic, quick)), []);
    }

    #[test]
    fn the_limit_of_a_class_that_the_intensity_forestalls_is_named() {
        let many = ClassPatch::NONE.restart_limit(10, 120 * SECOND);
        let tree = SupervisorSpec::root()
            .intensity(3, 60 * SECOND)
            .child(child("a").on_failure(FailureClass::Panic, many));
        let warnings = tree.validate().unwrap().warnings();
        let [Warning { kind: WarningKind::IntensityFirst { class, .. }, .. }] = &*warnings else {
            panic!("{warnings:?}")
        };
        assert_eq!(*class, Some(FailureClass::Panic));
    }

    #[test]
    fn what_takes_longer_to_stop_than_is_left_for_it_is_named() {
        let six = |id: &str| {
            (0..6).fold(SupervisorSpec::new(id), |tree, n| tree.child(child(&format!("c{n}"))))
        };
        let tree = SupervisorSpec::root().child(six("long")).child(child("fine"));
        let lines = |tree: &SupervisorSpec| -> Vec<String> {
            tree.validate().unwrap().warnings().iter().map(ToString::to_string).collect()
        };
        let expected = "`/root/long`: it can take 36s to stop, and `/root` has 30s for its end: \
                        then it is cut short";
        assert_eq!(lines(&tree), [expected]);
        assert_eq!(lines(&tree.shutdown_budget(36 * SECOND)), [""; 0]);
        let inner = SupervisorSpec::new("in").grace(Grace::After(2 * SECOND)).child(child("a"));
        let expected = "`/root/in/a`: it can take 5s to stop, and `/root/in` has 2s for its end: \
                        then it is cut short";
        assert_eq!(lines(&SupervisorSpec::root().child(inner)), [expected]);
    }

    #[test]
    fn a_grace_longer_than_the_budget_around_it_is_refused() {
        let long = child("a").grace(Grace::After(4 * SECOND));
        let refused = |tree: SupervisorSpec| tree.validate().map(drop).unwrap_err().to_string();
        let inner = SupervisorSpec::new("in").grace(Grace::After(3 * SECOND)).child(long.clone());
        assert_eq!(
            refused(SupervisorSpec::root().child(inner)),
            "the tree cannot be started: `/root/in/a`: `grace` (4s) is longer than the 3s that \
             `/root/in` has for its end, so it would be cut short"
        );
        let tree = SupervisorSpec::root().shutdown_budget(3 * SECOND);
        assert!(refused(tree.clone().child(long.clone())).contains("the 3s that `/root` has"));
        let inner = SupervisorSpec::new("in").grace(Grace::After(4 * SECOND));
        assert!(refused(tree.clone().child(inner)).contains("the 3s that `/root` has"));
        let by_default = PolicyPatch::NONE.grace(Grace::After(4 * SECOND));
        assert!(refused(tree.defaults(by_default).child(child("b"))).contains("`/root/b`"));
        let fits = SupervisorSpec::root().shutdown_budget(4 * SECOND).child(long);
        assert!(fits.validate().is_ok());
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
