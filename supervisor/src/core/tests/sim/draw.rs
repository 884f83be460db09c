//! Random trees.

use std::time::Duration;

use fastrand::Rng;

use crate::core::tests::notation::never;
use crate::id::{ChildId, ChildPath};
use crate::policy::PolicyPatch;
use crate::policy::backoff::Backoff;
use crate::policy::dependency::{OnDependencyRestart, StartMode};
use crate::policy::failure::OnLimit;
use crate::policy::on_failure::{ClassPatch, FailureClass};
use crate::policy::restart::{AutoShutdown, Meltdown, Readiness, Restart, Strategy};
use crate::policy::shutdown::Grace;
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;
use crate::task::factory::blocking_fn;
use crate::task::member::member_fn;

pub(super) fn tree(rng: &mut Rng) -> NodeSpec {
    let budget = Duration::from_millis(rng.u64(500..9_000));
    let root = supervisor("root", rng, 1, AutoShutdown::Never).enabled_if(true);
    let NodeSpec::Supervisor(root) = fit(root.into(), budget, Some(budget)) else {
        unreachable!("it is one");
    };
    let mut root = *root;
    if rng.u8(..3) == 0 {
        return root.into();
    }
    let mut paths = Vec::new();
    list(&root, &ChildPath::root(), &mut paths);
    for _ in 0..rng.usize(..=3 * paths.len()) {
        let (dependant, dependency) = (one(rng, &paths), one(rng, &paths));
        let mut with = root.clone();
        let names: Vec<_> = dependant.as_str().split('/').skip(2).collect();
        depend(&mut with, &names, &dependency, rng);
        // Most of what comes about by chance is a circle.
        if with.validate().is_ok() {
            root = with;
        }
    }
    root.into()
}

/// The paths of everything below a supervisor.
pub(super) fn list(supervisor: &SupervisorSpec, path: &ChildPath, paths: &mut Vec<ChildPath>) {
    for child in &supervisor.children {
        let path = path.join(&ChildId::new(child.id()).expect("an id"));
        paths.push(path.clone());
        if let NodeSpec::Supervisor(inner) = child {
            list(inner, &path, paths);
        }
    }
}

/// Lets the one at `path`, below `at`, depend on another, and often not go on without it.
pub(super) fn depend(
    at: &mut SupervisorSpec,
    path: &[&str],
    dependency: &ChildPath,
    rng: &mut Rng,
) {
    let Some((name, rest)) = path.split_first() else { return };
    // What is declared anew depends on nothing.
    if at.group.kind == GroupKind::Many {
        return;
    }
    let child = at.children.iter_mut().find(|child| child.id() == *name).expect("a path");
    match child {
        NodeSpec::Supervisor(inner) if !rest.is_empty() => depend(inner, rest, dependency, rng),
        _ => *child = dependent(child.clone(), dependency, rng),
    }
}

pub(super) fn dependent(spec: NodeSpec, dependency: &ChildPath, rng: &mut Rng) -> NodeSpec {
    let reaction = one(rng, &[OnDependencyRestart::Keep, OnDependencyRestart::Restart]);
    let reaction = PolicyPatch::NONE.on_dependency_restart(reaction);
    let patch = |policy: PolicyPatch| {
        if policy.restart == Some(Restart::Temporary) { PolicyPatch::NONE } else { reaction }
    };
    match spec {
        NodeSpec::Child(child) => {
            let patch = patch(child.policy());
            child.depends_on(dependency).with_policy(patch).into()
        }
        NodeSpec::Supervisor(inner) => {
            let patch = patch(inner.policy);
            inner.depends_on(dependency).with_policy(patch).into()
        }
    }
}

/// Cuts the graces so that none is longer than what is around it.
pub(super) fn fit(node: NodeSpec, room: Duration, budget: Option<Duration>) -> NodeSpec {
    let cut_to = |room: Duration, grace: Option<Grace>| match grace {
        Some(Grace::After(grace)) => Some(Grace::After(grace.min(room))),
        other => other,
    };
    let cut = |grace| cut_to(room, grace);
    match node {
        NodeSpec::Child(mut child) => {
            child.policy.shutdown.grace = cut(child.policy.shutdown.grace);
            NodeSpec::Child(child)
        }
        NodeSpec::Supervisor(mut inner) => {
            inner.budget = budget;
            inner.policy.shutdown.grace = cut(inner.policy.shutdown.grace);
            let room = match inner.policy.shutdown.grace {
                Some(Grace::After(grace)) => grace,
                _ => room,
            };
            let of_members = &mut inner.group.policy.shutdown.grace;
            *of_members = cut_to(room, *of_members);
            let children = std::mem::take(&mut inner.children);
            inner.children = children.into_iter().map(|child| fit(child, room, None)).collect();
            NodeSpec::Supervisor(inner)
        }
    }
}

pub(super) fn one<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())].clone()
}

pub(super) fn backoff(rng: &mut Rng) -> Backoff {
    if rng.bool() {
        return Backoff::NONE;
    }
    let initial = Duration::from_millis(rng.u64(1..1_000));
    let mut backoff = Backoff::new(initial, initial * rng.u32(1..4));
    backoff.reset_after = Duration::from_millis(rng.u64(..3_000));
    backoff
}

pub(super) fn supervisor(
    id: &str,
    rng: &mut Rng,
    depth: usize,
    around: AutoShutdown,
) -> SupervisorSpec {
    let is_pool = depth > 1 && rng.u8(..6) == 0;
    let is_many = !is_pool && depth > 1 && rng.u8(..6) == 0;
    let mut spec = if is_pool { SupervisorSpec::pool(id) } else { SupervisorSpec::new(id) };
    if is_many {
        spec = SupervisorSpec::many(id, rng.u32(1..4), member_fn(async |_, _: usize| ()));
    }
    spec = spec
        .intensity(rng.u32(..5), Duration::from_millis(rng.u64(1..6_000)))
        .meltdown(one(rng, &[Meltdown::Abnormal, Meltdown::Shutdown]));
    let restart =
        one(rng, &[Restart::Permanent, Restart::Permanent, Restart::Transient, Restart::Temporary]);
    spec = spec.restart(restart).on_limit(on_limit(rng));
    if restart != Restart::Temporary {
        spec = spec.backoff(backoff(rng));
        if rng.u8(..6) == 0 {
            spec = spec.on_failure(FailureClass::Recoverable, of_class(rng));
        }
        if around != AutoShutdown::Never && restart == Restart::Transient && rng.bool() {
            spec = spec.significant();
        }
    }
    spec = spec.enabled_if(rng.u8(..12) > 0);
    if rng.u8(..4) == 0 {
        spec = spec.grace(Grace::After(Duration::from_millis(rng.u64(1..3_000))));
    }
    if is_pool {
        if rng.bool() {
            spec = spec.max_children(rng.u32(1..4));
        }
        let policy = child("_", rng, AutoShutdown::Never).policy();
        let members = member_fn(async |_, (): ()| ());
        return if rng.u8(..4) > 0 { spec.members(members).member_policy(policy) } else { spec };
    }
    spec = spec.start(one(rng, &[StartMode::Sequential, StartMode::Parallel]));
    spec = spec.strategy(one(
        rng,
        &[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne, Strategy::RestForOne],
    ));
    let auto = one(
        rng,
        &[
            AutoShutdown::Never,
            AutoShutdown::Never,
            AutoShutdown::AnySignificant,
            AutoShutdown::AllSignificant,
        ],
    );
    spec = spec.auto_shutdown(auto);
    if is_many {
        let mut policy = child("_", rng, auto).policy();
        policy.enabled = None;
        return spec.member_policy(policy);
    }
    let children = rng.usize(if depth == 1 { 1..5 } else { 0..4 });
    for id in &["a", "b", "c", "d", "e"][..children] {
        let is_supervisor = depth < 4 && rng.u8(..10) < 4;
        spec = if is_supervisor {
            spec.child(supervisor(id, rng, depth + 1, auto))
        } else {
            spec.child(child(id, rng, auto))
        };
    }
    spec
}

pub(super) fn of_class(rng: &mut Rng) -> ClassPatch {
    let mut patch = ClassPatch::NONE;
    if rng.bool() {
        patch = patch.backoff(backoff(rng).into());
    }
    if rng.bool() {
        let within = Duration::from_millis(rng.u64(1..6_000));
        patch = patch.restart_limit(rng.u32(..3), within);
    }
    patch
}

pub(super) fn on_limit(rng: &mut Rng) -> OnLimit {
    match rng.u8(..20) {
        0..8 => OnLimit::Quarantine,
        8..13 => OnLimit::Escalate,
        13..19 => OnLimit::Stop,
        _ => OnLimit::ShutdownTree,
    }
}

pub(super) fn child(id: &str, rng: &mut Rng, around: AutoShutdown) -> ChildSpec {
    let is_blocking = rng.u8(..8) == 0;
    let task = if is_blocking { blocking_fn(|_| ()) } else { never() };
    let restart =
        one(rng, &[Restart::Permanent, Restart::Permanent, Restart::Transient, Restart::Temporary]);
    let mut spec = ChildSpec::new(id, task)
        .restart(restart)
        .on_limit(on_limit(rng))
        .readiness(one(rng, &[Readiness::Explicit, Readiness::Immediate]))
        .start_timeout(Duration::from_millis(rng.u64(1..5_000)))
        .grace(Grace::After(Duration::from_millis(rng.u64(1..2_000))))
        .abort_wait(Duration::from_millis(rng.u64(1..1_000)));
    if restart != Restart::Temporary {
        spec = spec.backoff(backoff(rng));
        for _ in 0..rng.u8(..3) {
            spec = spec.on_failure(one(rng, &FailureClass::ALL), of_class(rng));
        }
        if rng.u8(..4) == 0 {
            spec = spec.restart_limit(rng.u32(..3), Duration::from_millis(rng.u64(1..6_000)));
            if spec.policy().on_limit == Some(OnLimit::Quarantine) && rng.u8(..3) > 0 {
                spec = spec.probe_after(Duration::from_millis(rng.u64(1..4_000)));
            }
        }
    }
    if around != AutoShutdown::Never && restart != Restart::Permanent && rng.bool() {
        spec = spec.significant();
    }
    spec = spec.enabled_if(rng.u8(..10) > 0);
    if rng.u8(..3) == 0 {
        let stale_after = rng.u64(2..3_000);
        spec = spec.health(Duration::from_millis(1), Duration::from_millis(stale_after));
    }
    spec
}
