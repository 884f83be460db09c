//! Policies for single classes of failure: a wait and a limit in place of the child's.

use std::fmt;
use std::time::Duration;

use super::backoff::{Backoff, BackoffPatch};
use super::failure::TaskFailureKind;
use super::intensity::{Limit, LimitPatch};

/// The classes of failure that are followed by another run, so that a policy of their own can mean
/// something. What is fatal is never retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FailureClass {
    /// [`TaskFailureKind::Recoverable`], and `Cancelled` where nobody asked for the end.
    Recoverable,
    /// [`TaskFailureKind::ExternalDependency`].
    ExternalDependency,
    /// [`TaskFailureKind::Timeout`]: also a start that took too long, and a child that fell silent.
    Timeout,
    /// [`TaskFailureKind::Panic`].
    Panic,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 4] =
        [Self::Recoverable, Self::ExternalDependency, Self::Timeout, Self::Panic];

    /// The class of a failure; `None` where it is fatal.
    pub const fn of(kind: TaskFailureKind) -> Option<Self> {
        match kind {
            TaskFailureKind::Recoverable | TaskFailureKind::Cancelled => Some(Self::Recoverable),
            TaskFailureKind::ExternalDependency => Some(Self::ExternalDependency),
            TaskFailureKind::Timeout => Some(Self::Timeout),
            TaskFailureKind::Panic => Some(Self::Panic),
            TaskFailureKind::FatalConfig | TaskFailureKind::FatalBug => None,
        }
    }

    /// Its word in the attribute and in YAML.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recoverable => "recoverable",
            Self::ExternalDependency => "external_dependency",
            Self::Timeout => "timeout",
            Self::Panic => "panic",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What somebody wrote down about one class of failure: every key may be open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ClassPatch {
    /// See [`ClassPolicy::backoff`].
    pub backoff: BackoffPatch,
    /// See [`ClassPolicy::restart_limit`].
    pub restart_limit: LimitPatch,
}

impl ClassPatch {
    /// Says nothing.
    pub const NONE: Self = Self { backoff: BackoffPatch::NONE, restart_limit: LimitPatch::NONE };

    /// Whether any key is set.
    pub const fn says_something(&self) -> bool {
        let LimitPatch { max, within } = self.restart_limit;
        self.backoff.says_something() || max.is_some() || within.is_some()
    }

    /// Lays this patch over a weaker one, key by key.
    #[must_use]
    pub const fn over(self, weaker: Self) -> Self {
        Self {
            backoff: self.backoff.over(weaker.backoff),
            restart_limit: self.restart_limit.over(weaker.restart_limit),
        }
    }

    /// Lays `backoff` over what was said about [`ClassPolicy::backoff`], key by key.
    #[must_use]
    pub const fn backoff(mut self, backoff: BackoffPatch) -> Self {
        self.backoff = backoff.over(self.backoff);
        self
    }

    /// Says [`ClassPolicy::restart_limit`].
    #[must_use]
    pub const fn restart_limit(mut self, max: u32, within: Duration) -> Self {
        self.restart_limit = LimitPatch { max: Some(max), within: Some(within) };
        self
    }

    fn resolve(self, childs: &Backoff) -> ClassPolicy {
        let backoff = self.backoff.over((*childs).into());
        ClassPolicy {
            backoff: self.backoff.says_something().then(|| backoff.resolve()),
            restart_limit: self.restart_limit.whole().ok().flatten(),
        }
    }
}

/// What somebody wrote down about classes of failure.
#[derive(Clone, Copy, Default, PartialEq)]
#[cfg_attr(
    feature = "record",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Classes", into = "Classes")
)]
pub struct OnFailurePatch {
    /// `None` where no key of any class is set: few children say something, and the compiler moves
    /// the patches of all of them about.
    classes: Option<[ClassPatch; FailureClass::ALL.len()]>,
}

/// As it is written into a recording.
#[cfg(feature = "record")]
#[derive(Clone, Copy, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Classes {
    classes: [ClassPatch; FailureClass::ALL.len()],
}

#[cfg(feature = "record")]
impl From<Classes> for OnFailurePatch {
    fn from(Classes { classes }: Classes) -> Self {
        let said = FailureClass::ALL.into_iter().zip(classes);
        said.fold(Self::NONE, |all, (class, patch)| all.on(class, patch))
    }
}

#[cfg(feature = "record")]
impl From<OnFailurePatch> for Classes {
    fn from(patch: OnFailurePatch) -> Self {
        Self { classes: FailureClass::ALL.map(|class| patch.class(class)) }
    }
}

impl OnFailurePatch {
    /// Says nothing.
    pub const NONE: Self = Self { classes: None };

    /// Whether any key of any class is set.
    pub const fn says_something(&self) -> bool {
        self.classes.is_some()
    }

    /// What is said about one class.
    pub const fn class(&self, class: FailureClass) -> ClassPatch {
        match &self.classes {
            Some(classes) => classes[class as usize],
            None => ClassPatch::NONE,
        }
    }

    /// Lays `patch` over what was said about one class, key by key.
    #[must_use]
    pub const fn on(mut self, class: FailureClass, patch: ClassPatch) -> Self {
        if !patch.says_something() {
            return self;
        }
        let mut classes = match self.classes {
            Some(classes) => classes,
            None => [ClassPatch::NONE; FailureClass::ALL.len()],
        };
        classes[class as usize] = patch.over(classes[class as usize]);
        self.classes = Some(classes);
        self
    }

    /// Lays this patch over a weaker one, class by class and key by key.
    #[must_use]
    pub const fn over(self, weaker: Self) -> Self {
        let Some(classes) = self.classes else { return weaker };
        let mut all = weaker;
        let mut n = 0;
        while n < classes.len() {
            all = all.on(FailureClass::ALL[n], classes[n]);
            n += 1;
        }
        all
    }

    /// The policies of the classes about which something is said, for a child that waits as
    /// `childs` says after other failures. `None` when there are none.
    pub(super) fn resolve(self, childs: &Backoff) -> Option<OnFailure> {
        let classes = self.classes?.map(|class| class.resolve(childs));
        Some(OnFailure { classes })
    }
}

/// Only the classes about which something is said.
impl fmt::Debug for OnFailurePatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = FailureClass::ALL.into_iter().map(|class| (class, self.class(class)));
        f.debug_map().entries(classes.filter(|(_, patch)| patch.says_something())).finish()
    }
}

/// What takes the place of the child's own policy after a failure of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClassPolicy {
    /// The wait before the restart. It grows by the failures of this class alone, and starts from
    /// `initial` again after a run that was ready for its own `reset_after`. Keys that are not said
    /// are those of the child's [`backoff`](super::Policy::backoff). Default: the child's wait, in
    /// the child's row.
    pub backoff: Option<Backoff>,
    /// How many restarts after failures of this class are tolerated. They are counted in a window
    /// of their own, and not in the child's. What follows when it is spent is the child's
    /// [`on_limit`](super::Policy::on_limit). Default: the child's limit.
    pub restart_limit: Option<Limit>,
}

/// The policies of single classes of failure.
#[derive(Clone, Debug, PartialEq)]
pub struct OnFailure {
    classes: [ClassPolicy; FailureClass::ALL.len()],
}

impl OnFailure {
    /// What holds for one class.
    pub fn class(&self, class: FailureClass) -> &ClassPolicy {
        &self.classes[class as usize]
    }

    /// Every class with what holds for it.
    pub fn iter(&self) -> impl Iterator<Item = (FailureClass, &ClassPolicy)> {
        FailureClass::ALL.into_iter().zip(&self.classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicyPatch;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_class_is_laid_over_key_by_key() {
        const SLOW: ClassPatch = ClassPatch::NONE.backoff(BackoffPatch::NONE.max(SECOND));
        const LIMITED: ClassPatch = ClassPatch::NONE.restart_limit(9, SECOND);
        const BOTH: PolicyPatch =
            PolicyPatch::NONE.on_failure(OnFailurePatch::NONE.on(FailureClass::Panic, SLOW)).over(
                PolicyPatch::NONE.on_failure(OnFailurePatch::NONE.on(FailureClass::Panic, LIMITED)),
            );

        let policy = BOTH.resolve();

        let (class, limit) = policy.limit_after(Some(TaskFailureKind::Panic)).expect("a limit");
        assert_eq!((class, limit), (Some(FailureClass::Panic), Limit::new(9, SECOND)));
        let (class, backoff) = policy.backoff_after(Some(TaskFailureKind::Panic));
        assert_eq!((class, backoff.max), (Some(FailureClass::Panic), SECOND));
        assert_eq!(policy.limit_after(Some(TaskFailureKind::Timeout)), None);
        assert_eq!(policy.backoff_after(None), (None, &policy.backoff));
    }

    #[test]
    fn what_a_class_does_not_say_about_its_wait_is_the_childs() {
        let patch = ClassPatch::NONE.backoff(BackoffPatch::NONE.max(9 * SECOND));
        let policy = PolicyPatch::NONE
            .backoff(BackoffPatch::NONE.initial(3 * SECOND))
            .on_failure(OnFailurePatch::NONE.on(FailureClass::Timeout, patch))
            .resolve();
        let (_, backoff) = policy.backoff_after(Some(TaskFailureKind::Timeout));
        assert_eq!((backoff.initial, backoff.max), (3 * SECOND, 9 * SECOND));
    }

    #[test]
    fn a_child_that_says_nothing_about_classes_pays_a_pointer() {
        let pointer = size_of::<Option<std::sync::Arc<OnFailure>>>();
        assert_eq!(pointer, size_of::<usize>());
        assert!(PolicyPatch::NONE.resolve().on_failure.is_none());
    }

    #[test]
    fn a_class_about_which_nothing_is_said_is_not_mentioned() {
        let said = OnFailurePatch::NONE.on(FailureClass::Panic, ClassPatch::NONE);
        assert!(!said.says_something());
        let half = LimitPatch { max: None, within: Some(SECOND) };
        let half = ClassPatch { restart_limit: half, ..ClassPatch::NONE };
        assert!(OnFailurePatch::NONE.on(FailureClass::Panic, half).says_something());
    }

    #[cfg(feature = "record")]
    #[test]
    fn what_was_said_of_classes_is_recorded_and_read_again() {
        let limited = ClassPatch::NONE.restart_limit(9, SECOND);
        let said = OnFailurePatch::NONE.on(FailureClass::Panic, limited);
        let classes = Classes::from(said);
        assert_eq!(classes.classes[FailureClass::Panic as usize], limited);
        assert!(OnFailurePatch::from(classes) == said);
    }
}
