//! Checks a whole tree and reports everything that is wrong with it at once.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::NodeSpec;
use super::child::ChildSpec;
use super::dependency::{Dependency, DependencyError, DependencyStep};
use super::graph::{self, Nothing};
use super::group::{GroupKind, MAX_COUNT};
use super::plan::{ChildPlan, Defaults, NodePlan, PlanKind, Room, SupervisorPlan};
use super::said::Said;
use super::supervisor::SupervisorSpec;
use super::tags::Tags;
use crate::id::{ChildId, ChildPath, IdError};
use crate::policy::health::HealthPatch;
use crate::policy::intensity::Limit;
use crate::policy::on_failure::FailureClass;
use crate::policy::restart::AutoShutdown;
use crate::policy::rules::{self, PolicyFault};
use crate::policy::shutdown::Grace;
use crate::policy::written::Written;
use crate::policy::{Policy, PolicyPatch};
use crate::task::member::WrongArguments;

mod groups;

/// How deep supervisors may be nested, the root counted.
pub const MAX_DEPTH: usize = 64;

/// How long the shutdown of a tree may take where nothing is said.
pub(crate) const DEFAULT_BUDGET: Duration = Duration::from_secs(30);

/// A tree that breaks no rule. Only [`SupervisorSpec::validate`] makes one.
#[derive(Clone, Debug)]
pub struct ValidSpec {
    pub(crate) root: Arc<SupervisorPlan>,
}

impl ValidSpec {
    /// How many children each many of the tree has.
    pub(crate) fn counts(&self) -> BTreeMap<ChildPath, usize> {
        fn below(plan: &SupervisorPlan, path: &ChildPath, counts: &mut BTreeMap<ChildPath, usize>) {
            if plan.is_many() {
                counts.insert(path.clone(), plan.children.len());
            }
            for child in &plan.children {
                if let PlanKind::Supervisor(inner) = &child.kind {
                    below(inner, &child.path, counts);
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
        let mut checker = Checker::default();
        let path = ChildPath::root();
        let budget = self.budget.unwrap_or(DEFAULT_BUDGET);
        let room = Room { budget, of: path.clone() };
        let plan = checker.supervisor(self, &path, None, &Defaults::default(), &room, 1);
        let plan = Arc::new(plan);
        checker.dependencies_of(&PlanKind::Supervisor(Arc::clone(&plan)), &path, &Nothing);
        checker.finish(|| ValidSpec { root: plan })
    }
}

/// Checks a child that is to be added to a running supervisor.
pub(crate) fn validate_added(
    spec: &NodeSpec,
    parent: &ChildPath,
    depth: usize,
    supervisor: &SupervisorPlan,
    tree: &dyn graph::Around,
) -> Result<NodePlan, SpecErrors> {
    let mut checker = Checker::default();
    let SupervisorPlan { defaults, auto_shutdown, room, .. } = supervisor;
    let pool = supervisor.pool();
    let in_pool = pool.map(|pool| &pool.said);
    // What was said about all members has been looked at when the pool was.
    let sound = pool.filter(|pool| pool.is_sound);
    checker.latest = sound.map(|pool| (Said::default(), Arc::clone(&pool.policy)));
    let auto_shutdown = *auto_shutdown;
    let around = Around { path: parent, defaults, depth, auto_shutdown, in_pool, room };
    let plan = checker.node(spec, &around);
    match plan {
        Some(plan) => {
            checker.dependencies_of(&plan.kind, &plan.path, tree);
            checker.finish(|| plan)
        }
        None => Err(SpecErrors(checker.violations)),
    }
}

/// What a child is declared in.
struct Around<'a> {
    path: &'a ChildPath,
    defaults: &'a Defaults,
    depth: usize,
    auto_shutdown: AutoShutdown,
    /// What was said about all members, if they are those of a pool.
    in_pool: Option<&'a PolicyPatch>,
    room: &'a Room,
}

#[derive(Default)]
struct Checker {
    violations: Vec<SpecViolation>,
    /// What was said about the sibling before, and the policy that it amounts to: siblings mostly
    /// have the same, and share it. Only where nothing is wrong with it.
    latest: Option<(Said, Arc<Policy>)>,
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
        above: Option<&ChildPath>,
        outer: &Defaults,
        room: &Room,
        depth: usize,
    ) -> SupervisorPlan {
        let dependencies = self.dependencies(path, above, &spec.dependencies, &spec.policy);
        let said = outer.for_supervisor().under(&spec.policy);
        let policy = said.resolve_for_supervisor();
        let defaults = Defaults {
            in_code: spec.defaults.over(outer.in_code),
            configured: spec.configured_defaults.over(outer.configured),
        };
        let intensity = spec.intensity.unwrap_or(Limit::DEFAULT);
        let auto_shutdown = spec.auto_shutdown.unwrap_or_default();
        if let Some(fault) = rules::window("intensity", Some(intensity)) {
            self.report(path, fault.into());
        }
        self.policy(path, &spec.policy, &said, &policy);
        self.room(path, &said, room);
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
        if let Some(fault) = rules::some_time("shutdown budget", Some(budget)) {
            self.report(path, fault.into());
        }
        if depth > MAX_DEPTH {
            self.report(path, Fault::TooDeep);
        }
        let room = match policy.grace {
            Grace::After(grace) if grace < room.budget => Room { budget: grace, of: path.clone() },
            _ => room.clone(),
        };
        let in_pool = (spec.group.kind == GroupKind::Pool).then_some(&spec.group.policy);
        let around =
            Around { path, defaults: &defaults, depth, auto_shutdown, in_pool, room: &room };
        let group = self.group(spec, &around);
        let children = if depth > MAX_DEPTH { vec![] } else { self.children(spec, &around) };
        SupervisorPlan {
            policy: Arc::new(policy),
            dependencies,
            start: spec.start.unwrap_or_default(),
            tags: spec.tags.clone(),
            strategy: spec.strategy.unwrap_or_default(),
            intensity,
            meltdown: spec.meltdown.unwrap_or_default(),
            auto_shutdown,
            group,
            budget,
            children,
            defaults,
            room,
        }
    }

    fn children(&mut self, spec: &SupervisorSpec, around: &Around<'_>) -> Vec<NodePlan> {
        // Whom it stands for is said about those below one, and not about those below another.
        let outer = self.latest.take();
        let mut seen = HashSet::with_capacity(spec.children.len());
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
        self.latest = outer;
        plans
    }

    /// `None` when the id is no id; that has been reported.
    fn node(&mut self, spec: &NodeSpec, around: &Around<'_>) -> Option<NodePlan> {
        let id = match ChildId::new(Arc::clone(spec.shared_id())) {
            Ok(id) => id,
            Err(error) => {
                self.report(format!("{}/{}", around.path, spec.id()), Fault::Id(error));
                // The rest of the subtree is checked all the same, under a name that is one.
                let id = ChildId::new("_").ok()?;
                self.kind(spec, &around.path.join(&id), around);
                return None;
            }
        };
        let path = around.path.join(&id);
        let kind = self.kind(spec, &path, around);
        Some(NodePlan { path, kind })
    }

    fn kind(&mut self, spec: &NodeSpec, path: &ChildPath, around: &Around<'_>) -> PlanKind {
        let kind = match spec {
            NodeSpec::Child(spec) => PlanKind::Child(Arc::new(self.child(spec, path, around))),
            NodeSpec::Supervisor(spec) => {
                let (above, outer) = (Some(around.path), around.defaults);
                let depth = around.depth + 1;
                let plan = self.supervisor(spec, path, above, outer, around.room, depth);
                PlanKind::Supervisor(Arc::new(plan))
            }
        };
        self.significance(path, kind.policy(), around);
        kind
    }

    fn child(&mut self, spec: &ChildSpec, path: &ChildPath, around: &Around<'_>) -> ChildPlan {
        let policy = match &self.latest {
            Some((said, policy)) if said.is_shared_with(&spec.policy) => Arc::clone(policy),
            Some(_) | None => self.policy_of(spec, path, around),
        };
        self.tags(path, &spec.tags);
        let (said, above) = (&spec.policy, Some(around.path));
        let dependencies = self.dependencies(path, above, &spec.dependencies, said);
        ChildPlan::new(policy, spec.task.clone(), dependencies, spec.tags.clone())
    }

    /// What was said about a child, checked and with all that was said around it.
    fn policy_of(
        &mut self,
        spec: &ChildSpec,
        path: &ChildPath,
        around: &Around<'_>,
    ) -> Arc<Policy> {
        let before = self.violations.len();
        let own = around.in_pool.map_or(*spec.policy, |in_pool| spec.policy.over(*in_pool));
        let said = around.defaults.under(&own);
        let policy = said.resolve();
        self.policy(path, &spec.policy, &said, &policy);
        self.room(path, &said, around.room);
        self.health(path, said.health);
        let policy = match &self.latest {
            Some((_, latest)) if **latest == policy => Arc::clone(latest),
            Some(_) | None => Arc::new(policy),
        };
        if self.violations.len() == before {
            self.latest = Some((spec.policy.clone(), Arc::clone(&policy)));
        }
        policy
    }

    /// The paths of what it depends on, without repetitions.
    fn dependencies(
        &mut self,
        path: &ChildPath,
        above: Option<&ChildPath>,
        dependencies: &[Dependency],
        said: &PolicyPatch,
    ) -> Vec<ChildPath> {
        if dependencies.is_empty() && said.on_dependency_restart.is_some() {
            self.report(path, Fault::NoDependencies);
        }
        let mut paths = Vec::new();
        for dependency in dependencies {
            // The root stands in nothing, and everything is below it.
            match dependency.resolve(above.unwrap_or(path)) {
                Ok(path) if paths.contains(&path) => {}
                Ok(path) => paths.push(path),
                Err(error) => {
                    let dependency = dependency.clone();
                    self.report(path, Fault::Dependency { dependency, error });
                }
            }
        }
        paths
    }

    fn dependencies_of(&mut self, top: &PlanKind, path: &ChildPath, tree: &dyn graph::Around) {
        graph::check(top, path, tree, &mut |path, fault| self.report(path, fault));
    }

    /// `said` is what was said about the child itself, `all` what was with all defaults.
    fn policy(&mut self, path: &ChildPath, said: &PolicyPatch, all: &PolicyPatch, policy: &Policy) {
        let mut values = PolicyPatch {
            backoff: policy.backoff.into(),
            restart_limit: policy.restart_limit,
            probe_after: policy.probe_after,
            start_timeout: Some(policy.start_timeout),
            ..PolicyPatch::NONE
        };
        values.shutdown.grace = Some(policy.grace);
        values.shutdown.abort_wait = Some(policy.abort_wait);
        let probe = rules::probe(said, policy.on_limit);
        let temporary = rules::temporary(said, policy.restart);
        for fault in rules::values(&values).into_iter().chain([probe]).chain(temporary).flatten() {
            self.report(path, fault.into());
        }
        for class in FailureClass::ALL {
            let mut of_class = all.on_failure.class(class);
            if of_class.backoff.says_something() {
                of_class.backoff = of_class.backoff.over(policy.backoff.into());
            }
            for fault in rules::class(&of_class).into_iter().flatten() {
                self.report(path, Fault::OfClass { class, fault });
            }
        }
    }

    fn room(&mut self, path: &ChildPath, said: &PolicyPatch, room: &Room) {
        if let Some((grace, budget)) = rules::beyond(said.shutdown.grace, room.budget)
            && !cfg!(plant_bug = "grace_beyond_budget")
        {
            self.report(path, Fault::GraceBeyondBudget { grace, budget, of: room.of.clone() });
        }
    }

    fn health(&mut self, path: &ChildPath, said: HealthPatch) {
        let findings = [rules::half_health(said), rules::heartbeats(said)];
        for fault in findings.into_iter().flatten() {
            self.report(path, fault.into());
        }
    }

    fn tags(&mut self, path: &ChildPath, tags: &Tags) {
        if let Some((tag, why)) = tags.fault() {
            self.report(path, Fault::Tag { tag: tag.to_owned(), why });
        }
    }

    fn significance(&mut self, path: &ChildPath, policy: &Policy, around: &Around<'_>) {
        let (auto_shutdown, is_pool) = (around.auto_shutdown, around.in_pool.is_some());
        let around = rules::Around { auto_shutdown, is_pool };
        for fault in
            rules::significance(policy.significant, policy.restart, around).into_iter().flatten()
        {
            self.report(path, fault.into());
        }
    }
}

/// Everything that is wrong with a tree.
#[derive(Clone, Debug, PartialEq, Error)]
pub struct SpecErrors(Vec<SpecViolation>);

impl SpecErrors {
    /// The violations, in the order of the tree; those about what depends on what come last. Never
    /// empty.
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
    /// A rule about the policy of one child.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
    /// A rule about what is said about one class of failure.
    #[error("for `{class}`: {fault}")]
    OfClass {
        /// The class of failure.
        class: FailureClass,
        /// The rule.
        fault: PolicyFault,
    },
    /// A supervisor sends no heartbeats.
    #[error("`health` means nothing here: only a task sends heartbeats")]
    HealthOfSupervisor,
    /// It would be cut short.
    #[error(
        "`grace` ({}) is longer than the {} that `{of}` has for its end, so it would be cut short",
        Written(*grace),
        Written(*budget)
    )]
    GraceBeyondBudget {
        /// What was said about the child.
        grace: Duration,
        /// The tightest budget around it.
        budget: Duration,
        /// Whose that is: the tree's, or a supervisor's whose grace is limited.
        of: ChildPath,
    },
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
    /// A pool has no declared children.
    #[error("a pool has no declared children; add them while it runs")]
    PoolWithChildren,
    /// A pool restarts its members one by one.
    #[error("a pool restarts its members one by one; `strategy` cannot be set")]
    PoolWithStrategy,
    /// All members of a pool start one by one and stop at once.
    #[error("the members of a pool come and go one by one; `start` cannot be set")]
    PoolWithStart,
    /// What it depends on is named by what is no name.
    #[error("it cannot depend on `{dependency}`: {error}")]
    Dependency {
        /// What was said.
        dependency: Dependency,
        /// What is wrong with it.
        error: DependencyError,
    },
    /// It would wait for itself.
    #[error("it depends on itself, so it would never start")]
    DependsOnItself,
    /// There is no such child.
    #[error("it depends on `{dependency}`, which is not in the tree{}", did_you_mean(nearest_path.as_ref()))]
    UnknownDependency {
        /// What it depends on.
        dependency: ChildPath,
        /// The path that differs least, if one is close.
        nearest_path: Option<ChildPath>,
    },
    /// What is temporary is forgotten when it ends, and would be waited for in vain.
    #[error(
        "it depends on `{dependency}`, but `{temporary}` is temporary: when it has ended it is \
         forgotten, and would be waited for in vain"
    )]
    DependsOnTemporary {
        /// What it depends on.
        dependency: ChildPath,
        /// What is temporary: that, or a supervisor above it.
        temporary: ChildPath,
    },
    /// What is disabled is never ready.
    #[error(
        "it depends on `{dependency}`, but `{disabled}` is disabled: it would be waited for in vain"
    )]
    DependsOnDisabled {
        /// What it depends on.
        dependency: ChildPath,
        /// What is disabled: that, or a supervisor above it.
        disabled: ChildPath,
    },
    /// The members of a pool come and go.
    #[error(
        "it depends on `{dependency}`, a member of a pool; members come and go: depend on the pool \
         `{pool}`"
    )]
    DependsOnMember {
        /// What it depends on.
        dependency: ChildPath,
        /// The pool.
        pool: ChildPath,
    },
    /// Everything in it waits for something else in it.
    #[error("it would never start, because it waits for itself: {}", listed(_0))]
    DependencyCycle(Vec<DependencyStep>),
    /// It depends on nothing.
    #[error("`on_dependency_restart` means nothing here: it depends on nothing")]
    NoDependencies,
    /// Nothing could ever be spawned.
    #[error("`max_children` is 0: the pool could hold nobody")]
    MaxChildren,
    /// No children, or more than there is room for.
    #[error("`count` is {0}; a many has from 1 to {MAX_COUNT} children")]
    Count(u32),
    /// The index is not what they take.
    #[error("a many gives each child its index: {0}")]
    ManyArguments(WrongArguments),
    /// What a configuration gives is nothing that the members take.
    #[error(
        "`from_config` reads a `{reads}`, and its members take {}: read what they take",
        takes.as_ref().map_or_else(|| "nothing that it knows of".to_owned(), |it| format!("a `{it}`"))
    )]
    FromConfig {
        /// The type that its members take, where it says `members`.
        takes: Option<String>,
        /// The type that is read.
        reads: &'static str,
    },
    /// A setting of those that have children of one kind.
    #[error("`{key}` means nothing here: only {whose} has it")]
    NotInAGroup {
        /// The setting.
        key: &'static str,
        /// Who has it.
        whose: &'static str,
    },
}

fn did_you_mean(path: Option<&ChildPath>) -> String {
    path.map_or_else(String::new, |path| format!("; did you mean `{path}`?"))
}

fn listed(steps: &[DependencyStep]) -> String {
    let steps: Vec<_> = steps.iter().map(ToString::to_string).collect();
    steps.join("; ")
}
