//! How often each child of a tree can be restarted before somebody gives up.

use std::fmt;
use std::time::Duration;

use super::plan::{NodePlan, PlanKind, SupervisorPlan};
use super::validate::ValidSpec;
use crate::id::ChildPath;
use crate::policy::intensity::Limit;
use crate::policy::on_failure::FailureClass;
use crate::policy::restart::{Restart, Strategy};

const MINUTE: Duration = Duration::from_mins(1);

/// How often one child can be restarted within a minute, as far as limits go.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestartRate {
    /// The child.
    pub path: ChildPath,
    /// The most restarts within any minute that no limit ends: its own, the intensity of its
    /// supervisor and of all above, whose restarts start it too. `None` where nothing limits it.
    pub per_minute: Option<u64>,
}

impl fmt::Display for RestartRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_minute {
            Some(rate) => write!(f, "`{}`: at most {rate} restarts a minute", self.path),
            None => write!(f, "`{}`: no limit on its restarts", self.path),
        }
    }
}

impl ValidSpec {
    /// For each child, in the order of the tree: how many restarts within a minute the limits
    /// allow it, through all levels.
    ///
    /// It is a ceiling and not a forecast: runs are taken to last no time, and what a backoff does
    /// is left out. Each restart of a supervisor starts everything below it, and gives it a window
    /// that is empty. Where a limit of the child's own lets it go on, by `probe_after` or by an
    /// operator, that is not counted. Children that are disabled are left out.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rust_supervisor::spec::child::ChildSpec;
    /// use rust_supervisor::spec::supervisor::SupervisorSpec;
    /// use rust_supervisor::task::factory::service_fn;
    ///
    /// # fn main() -> Result<(), rust_supervisor::spec::validate::SpecErrors> {
    /// let inner = SupervisorSpec::new("inner")
    ///     .intensity(3, Duration::from_secs(60))
    ///     .child(ChildSpec::new("a", service_fn(async |_| ())));
    /// let tree = SupervisorSpec::root().intensity(2, Duration::from_secs(60)).child(inner);
    /// let rates = tree.validate()?.restart_rates();
    /// // `inner` is restarted twice. In each of its three lives it restarts `a` three times.
    /// assert_eq!(rates[0].to_string(), "`/root/inner`: at most 2 restarts a minute");
    /// assert_eq!(rates[1].to_string(), "`/root/inner/a`: at most 11 restarts a minute");
    /// # Ok(())
    /// # }
    /// ```
    pub fn restart_rates(&self) -> Vec<RestartRate> {
        let mut rates = Vec::new();
        below(&self.root, Some(0), &mut rates);
        rates
    }
}

/// `lives`: how often the supervisor itself is restarted in a minute.
fn below(supervisor: &SupervisorPlan, lives: Option<u64>, rates: &mut Vec<RestartRate>) {
    for child in supervisor.children.iter().filter(|child| child.kind.policy().enabled) {
        let per_minute = rate(child, supervisor, lives);
        rates.push(RestartRate { path: child.path.clone(), per_minute });
        if let PlanKind::Supervisor(inner) = &child.kind {
            below(inner, per_minute, rates);
        }
    }
}

fn rate(child: &NodePlan, supervisor: &SupervisorPlan, lives: Option<u64>) -> Option<u64> {
    let policy = child.kind.policy();
    let by_intensity = charges(supervisor.intensity, lives);
    let is_alone = supervisor.strategy == Strategy::OneForOne;
    let within_one_life = match policy.restart {
        // It ends at the first, but a round takes nobody with it that is temporary.
        Restart::Temporary => Some(0),
        // A sibling's failure restarts it too, and that is charged to the sibling.
        Restart::Permanent | Restart::Transient if !is_alone => by_intensity,
        Restart::Permanent | Restart::Transient => {
            let own = own_charges(child, lives);
            [own, by_intensity].into_iter().flatten().min()
        }
    };
    Some(within_one_life?.saturating_add(lives?))
}

/// How many restarts its own limits allow together: `None` where some are charged to none.
fn own_charges(child: &NodePlan, lives: Option<u64>) -> Option<u64> {
    let policy = child.kind.policy();
    let classes = FailureClass::ALL
        .into_iter()
        .filter_map(|class| policy.on_failure.as_ref()?.class(class).restart_limit);
    // Ends that are no failure are charged to the child's own, so that has to be there.
    let own = charges(policy.restart_limit?, lives)?;
    classes
        .map(|limit| charges(limit, lives))
        .try_fold(own, |sum, of| Some(sum.saturating_add(of?)))
}

/// The most charges within a minute that do not spend `limit`, where it is made whole by each of
/// `lives` restarts: a window more for each.
fn charges(limit: Limit, lives: Option<u64>) -> Option<u64> {
    if limit.max == u32::MAX {
        return None;
    }
    if limit.max == 0 {
        return Some(0);
    }
    // Between two groups of charges there is more than a window.
    let windows = MINUTE.as_nanos().div_ceil(limit.within.as_nanos());
    let windows = u64::try_from(windows).unwrap_or(u64::MAX).saturating_add(lives?);
    Some(u64::from(limit.max).saturating_mul(windows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::on_failure::ClassPatch;
    use crate::spec::child::ChildSpec;
    use crate::spec::supervisor::SupervisorSpec;
    use crate::task::factory::service_fn;

    const SECOND: Duration = Duration::from_secs(1);

    fn child(id: &str) -> ChildSpec {
        ChildSpec::new(id, service_fn(async |_| ()))
    }

    fn rates(tree: &SupervisorSpec) -> Vec<(String, Option<u64>)> {
        let rates = tree.validate().unwrap().restart_rates();
        rates.into_iter().map(|rate| (rate.path.name().to_owned(), rate.per_minute)).collect()
    }

    fn named(rates: &[(&str, Option<u64>)]) -> Vec<(String, Option<u64>)> {
        rates.iter().map(|&(name, rate)| (name.to_owned(), rate)).collect()
    }

    #[test]
    fn the_defaults_allow_ten_restarts_a_minute_of_one_child_under_the_root() {
        assert_eq!(rates(&SupervisorSpec::root().child(child("a"))), named(&[("a", Some(10))]));
    }

    #[test]
    fn a_limit_of_its_own_makes_it_less_and_those_of_classes_add_up() {
        let tree =
            SupervisorSpec::root()
                .intensity(100, 60 * SECOND)
                .child(child("own").restart_limit(3, 60 * SECOND))
                .child(child("classes").restart_limit(3, 60 * SECOND).on_failure(
                    FailureClass::Timeout,
                    ClassPatch::NONE.restart_limit(4, 30 * SECOND),
                ))
                .child(child("one_class").on_failure(
                    FailureClass::Timeout,
                    ClassPatch::NONE.restart_limit(4, 30 * SECOND),
                ))
                .child(child("once").restart(Restart::Temporary))
                .child(child("off").disabled());
        let expected =
            [("own", Some(3)), ("classes", Some(11)), ("one_class", Some(100)), ("once", Some(0))];
        assert_eq!(rates(&tree), named(&expected));
    }

    #[test]
    fn in_a_group_the_failures_of_siblings_restart_it_too() {
        let tree = SupervisorSpec::root()
            .strategy(Strategy::OneForAll)
            .child(child("a").restart_limit(1, 60 * SECOND));
        assert_eq!(rates(&tree), named(&[("a", Some(10))]));
    }

    #[test]
    fn each_restart_of_a_supervisor_starts_all_below_and_empties_their_windows() {
        let inner = |id| SupervisorSpec::new(id).intensity(3, 60 * SECOND);
        let tree = SupervisorSpec::root()
            .intensity(2, 60 * SECOND)
            .child(inner("outer").child(inner("inner").child(child("a"))));
        // 3 × (1 + 2) + 2 and 3 × (1 + 11) + 11.
        let expected = [("outer", Some(2)), ("inner", Some(11)), ("a", Some(47))];
        assert_eq!(rates(&tree), named(&expected));
    }

    #[test]
    fn what_has_no_limit_is_said_to_have_none() {
        let tree = SupervisorSpec::root()
            .intensity(u32::MAX, SECOND)
            .child(child("a"))
            .child(child("b").restart_limit(5, 60 * SECOND));
        assert_eq!(rates(&tree), named(&[("a", None), ("b", Some(5))]));
    }
}
