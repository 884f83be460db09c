//! Trees drawn at random, and what is known of each child in them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::id::ChildPath;
use rust_supervisor::policy::PolicyPatch;
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::dependency::{OnDependencyRestart, StartMode};
use rust_supervisor::policy::failure::OnLimit;
use rust_supervisor::policy::intensity::Limit;
use rust_supervisor::policy::on_failure::{ClassPatch, FailureClass, OnFailurePatch};
use rust_supervisor::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use rust_supervisor::policy::shutdown::Grace;
use rust_supervisor::spec::NodeSpec;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use supervisor_tests::dice::Dice;
use supervisor_tests::{every, ms};

use crate::child::{self, Mood};
use crate::nature::{Group, Nature};
use crate::reload::Gated;
use crate::threads;
use crate::world::{Sim, below};

/// A task without its code, or a supervisor with all below it.
pub(crate) struct Plan {
    id: String,
    path: ChildPath,
    pub(crate) nature: Nature,
    policy: PolicyPatch,
    mood: Mood,
    supervisor: Option<Inner>,
    is_significant: bool,
    is_enabled: bool,
    is_gated: bool,
}

struct Inner {
    meltdown: Meltdown,
    auto_shutdown: AutoShutdown,
    children: Vec<Plan>,
    member_policy: Option<(PolicyPatch, Mood)>,
    budget: Option<Duration>,
}

/// What is drawn for one simulation.
pub(crate) struct Drawn {
    pub(crate) root: Plan,
    /// Children that may be added while the tree runs, and where.
    pub(crate) additions: Vec<(ChildPath, Plan)>,
    pub(crate) natures: BTreeMap<ChildPath, Nature>,
    /// How many times as long, or as short, as can be said there are in it.
    pub(crate) extremes: usize,
}

struct Painter<'a> {
    dice: &'a mut Dice,
    /// Whether each may be followed: all tasks and supervisors drawn so far.
    before: Vec<ChildPath>,
    extremes: usize,
    has_dependencies: bool,
    has_extremes: bool,
}

pub(crate) fn draw(dice: &mut Dice, has_file: bool) -> Drawn {
    let has_dependencies = dice.one_in(2);
    let has_extremes = dice.one_in(5);
    let mut painter =
        Painter { dice, before: Vec::new(), extremes: 0, has_dependencies, has_extremes };
    let root = painter.root(has_file);
    let additions = (0..2).map(|n| painter.addition(&root, n)).collect();
    let extremes = painter.extremes;
    let mut natures = BTreeMap::new();
    note(&root, &mut natures);
    let mut drawn = Drawn { root, additions, natures, extremes };
    for (_, plan) in &drawn.additions {
        note(plan, &mut drawn.natures);
    }
    drawn
}

fn note(plan: &Plan, natures: &mut BTreeMap<ChildPath, Nature>) {
    natures.insert(plan.path.clone(), plan.nature.clone());
    for child in plan.supervisor.iter().flat_map(|inner| &inner.children) {
        note(child, natures);
    }
}

impl Painter<'_> {
    fn root(&mut self, has_file: bool) -> Plan {
        let mut root =
            self.supervisor("root", &ChildPath::root(), 1, AutoShutdown::Never, has_file);
        let budget = self.dice.millis(500, 6_000);
        let inner = root.supervisor.as_mut().expect("it is one");
        inner.budget = Some(if self.has_extremes { Duration::MAX } else { budget });
        let group = root.nature.group.as_mut().expect("it is one");
        // Most trees live on for a while.
        if !self.dice.one_in(10) {
            group.intensity = Limit::new(300, ms(3_000));
        }
        root.is_enabled = true;
        root
    }

    fn addition(&mut self, root: &Plan, n: usize) -> (ChildPath, Plan) {
        let mut parents = vec![root.path.clone()];
        for child in &root.supervisor.as_ref().expect("it is one").children {
            let group = child.nature.group.as_ref();
            if group.is_some_and(|group| group.members.is_none()) {
                parents.push(child.path.clone());
            }
        }
        let parent = self.dice.pick(&parents).clone();
        let path = below(&parent, &format!("x{n}"));
        let mut plan = if self.dice.one_in(3) {
            self.supervisor(&format!("x{n}"), &path, 2, AutoShutdown::Never, false)
        } else {
            self.child(&format!("x{n}"), path, AutoShutdown::Never)
        };
        set_dynamic(&mut plan);
        (parent, plan)
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        self.dice.millis(from, to)
    }

    fn strategy(&mut self) -> Strategy {
        *self.dice.pick(&[
            Strategy::OneForOne,
            Strategy::OneForOne,
            Strategy::OneForAll,
            Strategy::RestForOne,
        ])
    }

    fn supervisor(
        &mut self,
        id: &str,
        path: &ChildPath,
        depth: usize,
        around: AutoShutdown,
        has_file: bool,
    ) -> Plan {
        let mut plan = self.child(id, path.clone(), around);
        plan.nature.is_blocking = false;
        plan.nature.grace = Grace::Infinite;
        plan.nature.stale_after = None;
        plan.policy.readiness = None;
        plan.policy.start_timeout = None;
        plan.policy.health = rust_supervisor::policy::health::HealthPatch::NONE;
        plan.policy.shutdown.grace = None;
        plan.policy.shutdown.abort_wait = None;
        plan.nature.readiness = Readiness::Immediate;
        let is_pool = depth > 1 && self.dice.one_in(5);
        let auto = if self.dice.one_in(5) && !is_pool {
            *self.dice.pick(&[AutoShutdown::AnySignificant, AutoShutdown::AllSignificant])
        } else {
            AutoShutdown::Never
        };
        let max = if self.dice.one_in(2) { self.dice.below(12) } else { 60 };
        let within = self.millis(1, 4_000);
        let max = u32::try_from(max).expect("small");
        let mut children = Vec::new();
        let mut member_policy = None;
        let mut members = None;
        if is_pool {
            let member = self.child("_", below(path, "_"), AutoShutdown::Never);
            let mut nature = member.nature;
            (nature.is_blocking, nature.is_dynamic) = (false, true);
            (nature.depends_on, nature.stale_after) = (Vec::new(), None);
            let mood = Mood { heartbeat: None, ..member.mood };
            let max = usize::try_from(1 + self.dice.below(4)).expect("small");
            member_policy = Some((member.policy, mood));
            members = Some((Box::new(nature), max));
        } else {
            if has_file {
                let mut gated = self.child("gated", below(path, "gated"), AutoShutdown::Never);
                gated.nature.is_blocking = false;
                gated.is_gated = true;
                gated.is_enabled = true;
                children.push(gated);
            }
            let most = if depth == 1 { 5 } else { 4 };
            for n in 0..self.dice.below(most) + u64::from(depth == 1) * 2 {
                let id = format!("{}{n}", ["n", "m", "o", "p"][depth - 1]);
                let at = below(path, &id);
                let child = if depth < 4 && self.dice.one_in(4) {
                    self.supervisor(&id, &at, depth + 1, auto, false)
                } else {
                    self.child(&id, at.clone(), auto)
                };
                if child.is_enabled && child.nature.restart != Restart::Temporary {
                    self.before.push(at);
                } else {
                    // Nor on what is below it.
                    self.before.retain(|path| !path.is_within(&at));
                }
                children.push(child);
            }
        }
        plan.nature.group = Some(Group {
            strategy: if is_pool { Strategy::OneForOne } else { self.strategy() },
            start: if !is_pool && self.dice.one_in(3) {
                StartMode::Parallel
            } else {
                StartMode::Sequential
            },
            intensity: Limit::new(max, within),
            declared: children.iter().map(|child| child.id.clone()).collect(),
            members,
        });
        let meltdown = *self.dice.pick(&[Meltdown::Abnormal, Meltdown::Shutdown]);
        plan.supervisor =
            Some(Inner { meltdown, auto_shutdown: auto, children, member_policy, budget: None });
        plan
    }

    fn backoff(&mut self) -> Backoff {
        match self.dice.below(4) {
            0 => Backoff::NONE.reset_after(self.millis(0, 3_000)),
            1 => every(self.millis(1, 60)).reset_after(self.millis(0, 3_000)),
            _ => {
                let initial = self.millis(1, 80);
                let factor = u32::try_from(1 + self.dice.below(6)).expect("small");
                Backoff::new(initial, initial * factor)
                    .jitter(0.25 * f64::from(u32::try_from(self.dice.below(5)).expect("small")))
                    .reset_after(self.millis(0, 3_000))
            }
        }
    }

    /// Makes one of these times as short or as long as can be.
    fn make_extreme(
        &mut self,
        grace: &mut Duration,
        abort_wait: &mut Duration,
        start_timeout: &mut Duration,
    ) {
        // Not for ever: a start that takes so long would be waited for by nobody else.
        let centuries = Duration::from_hours(876_000);
        let extremes = [Duration::from_nanos(1), centuries];
        self.extremes += 1;
        match self.dice.below(3) {
            0 => *grace = ms(1).max(*self.dice.pick(&extremes)),
            1 => *abort_wait = ms(1).max(*self.dice.pick(&extremes)),
            _ => *start_timeout = *self.dice.pick(&extremes),
        }
    }

    fn child(&mut self, id: &str, path: ChildPath, around: AutoShutdown) -> Plan {
        let restart = *self.dice.pick(&[
            Restart::Permanent,
            Restart::Permanent,
            Restart::Permanent,
            Restart::Transient,
            Restart::Transient,
            Restart::Temporary,
        ]);
        let readiness = *self.dice.pick(&[Readiness::Explicit, Readiness::Immediate]);
        let is_blocking = self.dice.one_in(24);
        let mut grace = self.millis(1, 400);
        let mut abort_wait = self.millis(1, 200);
        let mut start_timeout = self.millis(1, 600);
        if self.has_extremes && self.dice.one_in(2) {
            self.make_extreme(&mut grace, &mut abort_wait, &mut start_timeout);
        }
        let grace = Grace::After(grace);
        let mut policy = PolicyPatch::NONE.restart(restart).readiness(readiness);
        policy.start_timeout = Some(start_timeout);
        policy.shutdown.grace = Some(grace);
        policy.shutdown.abort_wait = Some(abort_wait);
        let mut nature = Nature {
            restart,
            readiness,
            is_blocking,
            is_dynamic: false,
            grace,
            abort_wait,
            start_timeout,
            stale_after: None,
            backoff: Backoff::DEFAULT,
            restart_limit: None,
            has_class_limit: false,
            probe_after: None,
            depends_on: Vec::new(),
            group: None,
        };
        let on_limit = match self.dice.below(12) {
            0..6 => OnLimit::Quarantine,
            6..8 => OnLimit::Escalate,
            8..11 => OnLimit::Stop,
            _ if self.dice.one_in(8) => OnLimit::ShutdownTree,
            _ => OnLimit::Quarantine,
        };
        policy = policy.on_limit(on_limit);
        if restart != Restart::Temporary {
            nature.backoff = self.backoff();
            policy = policy.backoff(nature.backoff.into());
            if self.dice.one_in(6) {
                nature.has_class_limit = true;
                let class = *self.dice.pick(&FailureClass::ALL);
                let max = u32::try_from(self.dice.below(4)).expect("small");
                let limit = ClassPatch::NONE.restart_limit(max, self.millis(1, 5_000));
                policy = policy.on_failure(OnFailurePatch::NONE.on(class, limit));
            }
            if self.dice.one_in(6) {
                let limit = (self.dice.below(4), self.millis(1, 4_000));
                let limit = Limit::new(u32::try_from(limit.0).expect("small"), limit.1);
                nature.restart_limit = Some(limit);
                policy = policy.restart_limit(limit.max, limit.within);
                if on_limit == OnLimit::Quarantine && self.dice.one_in(2) {
                    let wait = self.millis(1, 1_500);
                    nature.probe_after = Some(wait);
                    policy = policy.probe_after(wait);
                }
            }
        }
        let mut heartbeat = None;
        if !is_blocking && self.dice.one_in(5) {
            let stale_after = self.millis(3, 400);
            heartbeat = Some((stale_after / 3).max(ms(1)));
            nature.stale_after = Some(stale_after);
        }
        if self.has_dependencies && self.dice.one_in(3) && !self.before.is_empty() {
            nature.depends_on.push(self.dice.pick(&self.before).clone());
            if restart != Restart::Temporary && self.dice.one_in(2) {
                policy = policy.on_dependency_restart(OnDependencyRestart::Restart);
            }
        }
        let is_significant =
            around != AutoShutdown::Never && restart != Restart::Permanent && self.dice.one_in(2);
        let mood = Mood {
            heartbeat,
            stale_after: nature.stale_after,
            restless: *self.dice.pick(&[40, 85, 95, 99]),
        };
        Plan {
            id: id.to_owned(),
            path,
            nature,
            policy,
            mood,
            supervisor: None,
            is_significant,
            is_enabled: !self.dice.one_in(20),
            is_gated: false,
        }
    }
}

fn set_dynamic(plan: &mut Plan) {
    plan.nature.is_dynamic = true;
    plan.is_enabled = true;
    // It is added when those that were there may have gone.
    plan.nature.depends_on.clear();
    if let Some(inner) = &mut plan.supervisor {
        inner.children.iter_mut().for_each(set_dynamic);
    }
}

impl Plan {
    /// The declaration, with the code of its children.
    pub(crate) fn spec(&self, sim: &Arc<Sim>) -> NodeSpec {
        match &self.supervisor {
            Some(inner) => self.supervisor(inner, sim).into(),
            None => self.task(sim).into(),
        }
    }

    pub(crate) fn root(&self, sim: &Arc<Sim>) -> SupervisorSpec {
        self.supervisor(self.supervisor.as_ref().expect("the root is one"), sim)
    }

    fn task(&self, sim: &Arc<Sim>) -> ChildSpec {
        let task =
            if self.nature.is_blocking { threads::task(sim) } else { child::task(sim, self.mood) };
        let mut spec =
            ChildSpec::new(&*self.id, task).with_policy(self.policy).enabled_if(self.is_enabled);
        if let (Some(heartbeat), Some(stale_after)) = (self.mood.heartbeat, self.mood.stale_after)
            && !self.nature.is_blocking
        {
            spec = spec.health(heartbeat, stale_after);
        }
        if self.is_significant {
            spec = spec.significant();
        }
        if self.is_gated {
            spec = spec.settings::<Gated>();
        }
        self.nature.depends_on.iter().fold(spec, ChildSpec::depends_on)
    }

    fn supervisor(&self, inner: &Inner, sim: &Arc<Sim>) -> SupervisorSpec {
        let group = self.nature.group.as_ref().expect("it is one");
        let mut spec = if let Some((policy, mood)) = &inner.member_policy {
            let (_, max) = group.members.as_ref().expect("a pool has members");
            SupervisorSpec::pool(&*self.id)
                .members(child::members(sim, *mood))
                .member_policy(*policy)
                .max_children(u32::try_from(*max).expect("small"))
        } else if self.path.is_root() {
            SupervisorSpec::root().strategy(group.strategy).start(group.start)
        } else {
            SupervisorSpec::new(&*self.id).strategy(group.strategy).start(group.start)
        };
        spec = spec
            .intensity(group.intensity.max, group.intensity.within)
            .meltdown(inner.meltdown)
            .auto_shutdown(inner.auto_shutdown);
        if let Some(budget) = inner.budget {
            spec = spec.shutdown_budget(budget);
        }
        if !self.path.is_root() {
            spec = spec.with_policy(self.policy).enabled_if(self.is_enabled);
            if self.is_significant {
                spec = spec.significant();
            }
            spec = self.nature.depends_on.iter().fold(spec, SupervisorSpec::depends_on);
        }
        inner.children.iter().fold(spec, |spec, child| spec.child(child.spec(sim)))
    }
}
