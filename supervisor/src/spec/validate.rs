//! Checks a whole tree and reports everything that is wrong with it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::NodeSpec;
use super::child::ChildSpec;
use super::group::{Group, GroupKind, MAX_COUNT};
use super::plan::{ChildPlan, Defaults, GroupPlan, NodePlan, PlanKind, PoolPlan, SupervisorPlan};
use super::supervisor::SupervisorSpec;
use super::tags::Tags;
use crate::id::{ChildId, ChildPath, IdError};
use crate::policy::backoff::Backoff;
use crate::policy::failure::OnLimit;
use crate::policy::health::{Health, HealthPatch};
use crate::policy::intensity::Limit;
use crate::policy::restart::{AutoShutdown, Restart, Strategy};
use crate::policy::shutdown::Grace;
use crate::policy::{Policy, PolicyPatch};
use crate::task::member::{Arguments, WrongArguments};

/// How deep supervisors may be nested, the root counted.
pub const MAX_DEPTH: usize = 64;

/// How long the shutdown of a tree may take where nothing is said.
pub(crate) const DEFAULT_BUDGET: Duration = Duration::from_secs(30);
const LEAST_GRACE: Duration = Duration::from_millis(1);
const LEAST_ABORT_WAIT: Duration = Duration::from_millis(1);

/// A tree that breaks no rule. Only [`SupervisorSpec::validate`] makes one.
#[derive(Clone, Debug)]
pub struct ValidSpec {
    pub(crate) root: Arc<SupervisorPlan>,
}

impl ValidSpec {
    /// How many children each many of the tree has.
    pub(crate) fn counts(&self) -> BTreeMap<ChildPath, usize> {
        fn below(plan: &SupervisorPlan, path: &ChildPath, counts: &mut BTreeMap<ChildPath, usize>) {
            if matches!(plan.group, GroupPlan::Many) {
                counts.insert(path.clone(), plan.children.len());
            }
            for child in &plan.children {
                if let PlanKind::Supervisor(inner) = &child.kind {
                    below(inner, &path.join(&child.id), counts);
                }
            }
        }
        let mut counts = BTreeMap::new();
        below(&self.root, &ChildPath::root(), &mut counts);
        counts
    }
}

impl SupervisorSpec {
    /// Checks every rule for every child, also after one is broken.
    ///
    /// # Errors
    ///
    /// Every violation, each with the path of the child and what to do about it.
    pub fn validate(&self) -> Result<ValidSpec, SpecErrors> {
        let mut checker = Checker { violations: Vec::new() };
        let path = ChildPath::root();
        let plan = checker.supervisor(self, &path, &Defaults::default(), 1);
        checker.finish(|| ValidSpec { root: Arc::new(plan) })
    }
}

/// Checks a child that is to be added to a running supervisor.
pub(crate) fn validate_added(
    spec: &NodeSpec,
    parent: &ChildPath,
    depth: usize,
    supervisor: &SupervisorPlan,
) -> Result<NodePlan, SpecErrors> {
    let mut checker = Checker { violations: Vec::new() };
    let SupervisorPlan { defaults, auto_shutdown, .. } = *supervisor;
    let said = supervisor.pool().map(|pool| pool.said);
    let around = Around { path: parent, defaults, depth, auto_shutdown, in_pool: said };
    let plan = checker.node(spec, &around);
    match plan {
        Some(plan) => checker.finish(|| plan),
        None => Err(SpecErrors(checker.violations)),
    }
}

/// What a child is declared in.
struct Around<'a> {
    path: &'a ChildPath,
    defaults: Defaults,
    depth: usize,
    auto_shutdown: AutoShutdown,
    /// What was said about all members, if they are those of a pool.
    in_pool: Option<PolicyPatch>,
}

struct Checker {
    violations: Vec<SpecViolation>,
}

impl Checker {
    fn finish<T>(self, valid: impl FnOnce() -> T) -> Result<T, SpecErrors> {
        if self.violations.is_empty() { Ok(valid()) } else { Err(SpecErrors(self.violations)) }
    }

    fn report(&mut self, path: impl fmt::Display, fault: Fault) {
        self.violations.push(SpecViolation { path: path.to_string(), fault });
    }

    fn supervisor(
        &mut self,
        spec: &SupervisorSpec,
        path: &ChildPath,
        outer: &Defaults,
        depth: usize,
    ) -> SupervisorPlan {
        let policy = outer.for_supervisor().under(spec.policy).resolve_with(Grace::Infinite);
        let defaults = Defaults {
            in_code: spec.defaults.over(outer.in_code),
            configured: spec.configured_defaults.over(outer.configured),
        };
        let intensity = spec.intensity.unwrap_or(Limit::DEFAULT);
        let auto_shutdown = spec.auto_shutdown.unwrap_or_default();
        self.limit(path, "intensity", intensity);
        self.policy(path, &spec.policy, &policy);
        if spec.policy.health.says_something() {
            self.report(path, Fault::HealthOfSupervisor);
        }
        self.tags(path, &spec.tags);
        if spec.defaults.enabled.is_some() || spec.configured_defaults.enabled.is_some() {
            self.report(path, Fault::EnabledByDefault);
        }
        if path.is_root() && !policy.enabled {
            self.report(path, Fault::RootDisabled);
        }
        let budget = spec.budget.unwrap_or(DEFAULT_BUDGET);
        if budget.is_zero() {
            self.report(path, Fault::Zero("shutdown budget"));
        }
        if depth > MAX_DEPTH {
            self.report(path, Fault::TooDeep);
        }
        let in_pool = (spec.group.kind == GroupKind::Pool).then_some(spec.group.policy);
        let around = Around { path, defaults, depth, auto_shutdown, in_pool };
        let group = self.group(spec, &around);
        let children = if depth > MAX_DEPTH { vec![] } else { self.children(spec, &around) };
        SupervisorPlan {
            policy,
            tags: spec.tags.clone(),
            strategy: spec.strategy.unwrap_or_default(),
            intensity,
            meltdown: spec.meltdown.unwrap_or_default(),
            auto_shutdown,
            group,
            budget,
            children,
            defaults,
        }
    }

    fn group(&mut self, spec: &SupervisorSpec, around: &Around<'_>) -> GroupPlan {
        let Group { kind, members, policy: said, tags, max_children, count } = &spec.group;
        let path = around.path;
        let misplaced = [
            ("max_children", *kind == GroupKind::Pool, max_children.is_some(), "a pool"),
            ("count", *kind == GroupKind::Many, count.is_some(), "a many"),
            ("members", *kind != GroupKind::None, members.is_some(), "a pool or a many"),
            ("member_tags", *kind != GroupKind::None, !tags.is_empty(), "a pool or a many"),
            (
                "member_policy",
                *kind != GroupKind::None,
                *said != PolicyPatch::NONE,
                "a pool or a many",
            ),
        ];
        for (key, _, _, whose) in misplaced.into_iter().filter(|(_, fits, is, _)| *is && !fits) {
            self.report(path, Fault::NotInAGroup { key, whose });
        }
        match kind {
            GroupKind::None => GroupPlan::None,
            GroupKind::Pool => {
                if !spec.children.is_empty() {
                    self.report(path, Fault::PoolWithChildren);
                }
                if !matches!(spec.strategy, None | Some(Strategy::OneForOne)) {
                    self.report(path, Fault::PoolWithStrategy);
                }
                if *max_children == Some(0) {
                    self.report(path, Fault::MaxChildren);
                }
                let (max_children, members) = (*max_children, members.clone());
                let policy = self.member_policy(*said, around);
                self.tags(path, tags);
                let tags = tags.clone();
                GroupPlan::Pool(PoolPlan { max_children, members, said: *said, tags, policy })
            }
            GroupKind::Many => {
                let count = count.unwrap_or_default();
                if !(1..=MAX_COUNT).contains(&count) {
                    self.report(path, Fault::Count(count));
                }
                let wrong = members.as_ref().and_then(|m| m.task(Arguments::new(0_usize)).err());
                if let Some(wrong) = wrong {
                    self.report(path, Fault::ManyArguments(wrong));
                }
                GroupPlan::Many
            }
        }
    }

    /// What the members of a pool will amount to: what is wrong with all of them is said now, and
    /// not when the first is spawned.
    fn member_policy(&mut self, said: PolicyPatch, around: &Around<'_>) -> Policy {
        let all = around.defaults.under(said);
        let policy = all.resolve();
        if said != PolicyPatch::NONE {
            self.policy(around.path, &said, &policy);
            self.health(around.path, all.health);
            self.significance(around.path, &policy, around);
        }
        policy
    }

    fn children(&mut self, spec: &SupervisorSpec, around: &Around<'_>) -> Vec<NodePlan> {
        let mut seen = BTreeSet::new();
        let mut plans = Vec::with_capacity(spec.children.len());
        for child in &spec.children {
            if !seen.insert(child.id()) {
                self.report(format!("{}/{}", around.path, child.id()), Fault::DuplicateId);
            }
            let before = self.violations.len();
            plans.extend(self.node(child, around));
            if spec.group.kind == GroupKind::Many {
                self.say_once(before);
            }
        }
        plans
    }

    /// The children of a many are alike: what has been said about one of them is not said again.
    fn say_once(&mut self, before: usize) {
        let latest = self.violations.split_off(before);
        let is_new = |violation: &SpecViolation| {
            let parent = |path: &str| path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
            !self.violations.iter().any(|known| {
                known.fault == violation.fault && parent(&known.path) == parent(&violation.path)
            })
        };
        let latest: Vec<_> = latest.into_iter().filter(is_new).collect();
        self.violations.extend(latest);
    }

    /// `None` when the id is no id; that has been reported.
    fn node(&mut self, spec: &NodeSpec, around: &Around<'_>) -> Option<NodePlan> {
        let id = match ChildId::new(spec.id()) {
            Ok(id) => id,
            Err(error) => {
                self.report(format!("{}/{}", around.path, spec.id()), Fault::Id(error));
                // The rest of the subtree is checked all the same, under a name that is one.
                let id = ChildId::new("_").ok()?;
                self.kind(spec, &around.path.join(&id), around);
                return None;
            }
        };
        let kind = self.kind(spec, &around.path.join(&id), around);
        Some(NodePlan { id, kind })
    }

    fn kind(&mut self, spec: &NodeSpec, path: &ChildPath, around: &Around<'_>) -> PlanKind {
        let kind = match spec {
            NodeSpec::Child(spec) => PlanKind::Child(Arc::new(self.child(spec, path, around))),
            NodeSpec::Supervisor(spec) => {
                let plan = self.supervisor(spec, path, &around.defaults, around.depth + 1);
                PlanKind::Supervisor(Arc::new(plan))
            }
        };
        self.significance(path, kind.policy(), around);
        kind
    }

    fn child(&mut self, spec: &ChildSpec, path: &ChildPath, around: &Around<'_>) -> ChildPlan {
        let own = spec.policy.over(around.in_pool.unwrap_or(PolicyPatch::NONE));
        let said = around.defaults.under(own);
        let policy = said.resolve();
        self.policy(path, &spec.policy, &policy);
        self.health(path, said.health);
        self.tags(path, &spec.tags);
        ChildPlan { policy, tags: spec.tags.clone(), task: spec.task.clone() }
    }

    fn policy(&mut self, path: &ChildPath, said: &PolicyPatch, policy: &Policy) {
        let Backoff { initial, max, factor, jitter, reset_after: _ } = policy.backoff;
        if initial > max {
            self.report(path, Fault::InitialAboveMax { initial, max });
        }
        // Written so that NaN is refused too.
        if !(factor >= 1.0 && factor.is_finite()) {
            self.report(path, Fault::Factor(factor));
        }
        if !(0.0..=1.0).contains(&jitter) {
            self.report(path, Fault::Jitter(jitter));
        }
        if let Some(limit) = policy.restart_limit {
            self.limit(path, "restart_limit", limit);
        }
        if policy.start_timeout.is_zero() {
            self.report(path, Fault::Zero("start_timeout"));
        }
        if policy.probe_after.is_some_and(|wait| wait.is_zero()) {
            self.report(path, Fault::Zero("probe_after"));
        }
        // As below: a default for many may well meet one that is not quarantined.
        if said.probe_after.is_some() && policy.on_limit != OnLimit::Quarantine {
            self.report(path, Fault::ProbeWithoutQuarantine(policy.on_limit));
        }
        if matches!(policy.grace, Grace::After(grace) if grace < LEAST_GRACE) {
            self.report(path, Fault::Grace);
        }
        if policy.abort_wait < LEAST_ABORT_WAIT {
            self.report(path, Fault::AbortWait);
        }
        if policy.restart == Restart::Temporary {
            // Said about this very child: a default for many may well meet a temporary one.
            let backoff = said.backoff.says_something().then_some("backoff");
            let limit = said.restart_limit.is_some().then_some("restart_limit");
            let classes = said.on_failure.says_something().then_some("on_failure");
            let probe = said.probe_after.is_some().then_some("probe_after");
            for key in backoff.into_iter().chain(limit).chain(classes).chain(probe) {
                self.report(path, Fault::Temporary(key));
            }
        }
    }

    fn health(&mut self, path: &ChildPath, said: HealthPatch) {
        let missing = match said {
            HealthPatch { heartbeat: Some(_), stale_after: None } => Some("stale_after"),
            HealthPatch { heartbeat: None, stale_after: Some(_) } => Some("heartbeat"),
            _ => None,
        };
        if let Some(missing) = missing {
            self.report(path, Fault::HalfHealth { missing });
        }
        if said.stale_after.is_some_and(|stale_after| stale_after.is_zero()) {
            return self.report(path, Fault::Zero("stale_after"));
        }
        if let Some(Health { heartbeat, stale_after }) = said.resolve()
            && heartbeat >= stale_after
        {
            self.report(path, Fault::HeartbeatTooRare { heartbeat, stale_after });
        }
    }

    fn tags(&mut self, path: &ChildPath, tags: &Tags) {
        if let Some((tag, why)) = tags.fault() {
            self.report(path, Fault::Tag { tag: tag.to_owned(), why });
        }
    }

    fn limit(&mut self, path: &ChildPath, key: &'static str, limit: Limit) {
        if limit.max > 0 && limit.within.is_zero() {
            self.report(path, Fault::ZeroWindow { key, max: limit.max });
        }
    }

    fn significance(&mut self, path: &ChildPath, policy: &Policy, around: &Around<'_>) {
        if !policy.significant {
            return;
        }
        if around.in_pool.is_some() {
            return self.report(path, Fault::SignificantInPool);
        }
        if policy.restart == Restart::Permanent {
            self.report(path, Fault::SignificantPermanent);
        }
        if around.auto_shutdown == AutoShutdown::Never {
            self.report(path, Fault::SignificantUnderNever);
        }
    }
}

/// Everything that is wrong with a tree.
#[derive(Clone, Debug, PartialEq, Error)]
pub struct SpecErrors(Vec<SpecViolation>);

impl SpecErrors {
    /// The violations, in the order of the tree. Never empty.
    pub fn violations(&self) -> &[SpecViolation] {
        &self.0
    }
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = &*self.0 {
            return write!(f, "the tree cannot be started: {only}");
        }
        write!(f, "the tree cannot be started, {} things are wrong with it:", self.0.len())?;
        self.0.iter().try_for_each(|violation| write!(f, "\n  {violation}"))
    }
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("`{path}`: {fault}")]
pub struct SpecViolation {
    path: String,
    fault: Fault,
}

impl SpecViolation {
    /// The path of the child, as far as its id allows for one.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

/// What can be wrong with a declaration.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The id cannot stand in a path.
    #[error("{0}")]
    Id(IdError),
    /// A sibling has the same id.
    #[error("this id is declared twice; siblings need ids of their own")]
    DuplicateId,
    /// Supervisors are nested too deep.
    #[error("supervisors are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// A limit above 0 in no time at all.
    #[error("`{key}` allows {max} restarts within no time at all; give it a window (`within`)")]
    ZeroWindow {
        /// `intensity` or `restart_limit`.
        key: &'static str,
        /// Its `max`.
        max: u32,
    },
    /// The first wait is longer than the longest.
    #[error("backoff `initial` ({initial:?}) is above `max` ({max:?})")]
    InitialAboveMax {
        /// The first wait.
        initial: Duration,
        /// The longest wait.
        max: Duration,
    },
    /// A factor that lets the wait shrink.
    #[error("backoff `factor` is {0}; it is at least 1, or the wait would shrink")]
    Factor(f64),
    /// A share that is none.
    #[error("backoff `jitter` is {0}; it is a share of the wait, between 0 and 1")]
    Jitter(f64),
    /// A duration of zero where that means nothing.
    #[error("`{0}` is zero; nothing can be done in no time")]
    Zero(&'static str),
    /// No time to end by itself.
    #[error("`grace` is below 1ms; a run that is asked to stop needs time to do so")]
    Grace,
    /// No time to go after an abort.
    #[error("`abort_wait` is below 1ms; a run that is aborted needs time to go")]
    AbortWait,
    /// A child that keeps its promise would be stopped all the same.
    #[error(
        "`heartbeat` ({heartbeat:?}) is not below `stale_after` ({stale_after:?}): a child that \
         keeps its promise would be stopped all the same"
    )]
    HeartbeatTooRare {
        /// How often one is promised.
        heartbeat: Duration,
        /// After what silence the child is stopped.
        stale_after: Duration,
    },
    /// Half of what is expected of a child.
    #[error("`health` does not say `{missing}`, neither here nor in any default")]
    HalfHealth {
        /// The key that nobody said.
        missing: &'static str,
    },
    /// A supervisor sends no heartbeats.
    #[error("`health` means nothing here: only a task sends heartbeats")]
    HealthOfSupervisor,
    /// Defaults are values, and this is about one child.
    #[error("`enabled` cannot be said in defaults: say it about the child")]
    EnabledByDefault,
    /// Nothing would be left.
    #[error("the tree itself cannot be disabled: do not start it")]
    RootDisabled,
    /// A tag that is none.
    #[error("the tag `{tag}` cannot be one: {why}")]
    Tag {
        /// The tag.
        tag: String,
        /// Why not.
        why: &'static str,
    },
    /// About restarts of what is never restarted.
    #[error("`{0}` means nothing here: the child is temporary and never restarted")]
    Temporary(&'static str),
    /// Only what is quarantined is probed.
    #[error(
        "`probe_after` means nothing here: its `on_limit` is `{0}`, and only what is quarantined is \
         started as a trial"
    )]
    ProbeWithoutQuarantine(OnLimit),
    /// The end of a permanent child never counts.
    #[error("it is significant and permanent: a permanent child is restarted, so it never ends")]
    SignificantPermanent,
    /// Nobody looks at it.
    #[error("it is significant, but its supervisor's `auto_shutdown` is `never`")]
    SignificantUnderNever,
    /// The members of a pool are alike.
    #[error("it is significant, but the members of a pool are all alike")]
    SignificantInPool,
    /// A pool has no declared children.
    #[error("a pool has no declared children; add them while it runs")]
    PoolWithChildren,
    /// A pool restarts its members one by one.
    #[error("a pool restarts its members one by one; `strategy` cannot be set")]
    PoolWithStrategy,
    /// Nothing could ever be spawned.
    #[error("`max_children` is 0: the pool could hold nobody")]
    MaxChildren,
    /// No children, or more than there is room for.
    #[error("`count` is {0}; a many has from 1 to {MAX_COUNT} children")]
    Count(u32),
    /// The index is not what they take.
    #[error("a many gives each child its index: {0}")]
    ManyArguments(WrongArguments),
    /// A setting of those that have children of one kind.
    #[error("`{key}` means nothing here: only {whose} has it")]
    NotInAGroup {
        /// The setting.
        key: &'static str,
        /// Who has it.
        whose: &'static str,
    },
}
