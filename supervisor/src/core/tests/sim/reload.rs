//! Other configurations for a tree: the same children, other words about them.

use std::time::Duration;

use fastrand::Rng;

use super::draw::{child, fit, one, supervisor};
use crate::policy::PolicyPatch;
use crate::policy::restart::AutoShutdown;
use crate::spec::NodeSpec;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;

/// The declaration with some of it said anew. Most of what is drawn fits; what does not is left
/// out.
pub(super) fn draw(before: &SupervisorSpec, rng: &mut Rng) -> SupervisorSpec {
    let budget = before.budget.unwrap_or(Duration::MAX);
    let mut spec = before.clone();
    for _ in 0..rng.usize(1..6) {
        let mut with = spec.clone();
        change(&mut with, rng);
        let NodeSpec::Supervisor(with) = fit(with.into(), budget, Some(budget)) else {
            unreachable!("it is one");
        };
        if with.validate().is_ok() {
            spec = *with;
        }
    }
    spec
}

/// Says something else about a supervisor, or about one of those below it.
fn change(spec: &mut SupervisorSpec, rng: &mut Rng) {
    let auto = spec.auto_shutdown.unwrap_or_default();
    let picked = rng.usize(..=spec.children.len());
    if spec.group.kind == GroupKind::Many && rng.bool() {
        *spec = spec.clone().count(rng.u32(1..5));
    } else if picked == spec.children.len() {
        about_itself(spec, rng);
    } else {
        match &mut spec.children[picked] {
            NodeSpec::Child(task) => {
                let drawn = child("_", rng, auto).policy();
                task.policy = other(&task.policy, &drawn, rng).into();
            }
            NodeSpec::Supervisor(inner) => match rng.u8(..3) {
                0 => {
                    let drawn = supervisor("_", rng, 9, auto).policy;
                    inner.policy = other(&inner.policy, &drawn, rng);
                }
                _ => change(inner, rng),
            },
        }
    }
}

fn about_itself(spec: &mut SupervisorSpec, rng: &mut Rng) {
    let drawn = supervisor("_", rng, 0, AutoShutdown::Never);
    match rng.u8(..6) {
        0 => spec.intensity = drawn.intensity,
        1 => spec.meltdown = drawn.meltdown,
        2 => spec.strategy = drawn.strategy,
        3 => spec.auto_shutdown = drawn.auto_shutdown,
        4 => spec.start = drawn.start,
        _ => {
            let policy = child("_", rng, AutoShutdown::Never).policy();
            spec.group.policy = PolicyPatch { enabled: None, ..policy };
            spec.group.max_children = spec.group.max_children.map(|_| rng.u32(1..4));
            spec.declare_many();
        }
    }
}

/// Enabled where it was disabled, or the other way round; or all else anew.
fn other(before: &PolicyPatch, drawn: &PolicyPatch, rng: &mut Rng) -> PolicyPatch {
    let mut policy = *before;
    if one(rng, &[true, false]) {
        let is_enabled = before.enabled.unwrap_or(true);
        policy.enabled = Some(!is_enabled);
    } else {
        let (enabled, follows) = (before.enabled, before.on_dependency_restart);
        policy = PolicyPatch { enabled, on_dependency_restart: follows, ..*drawn };
    }
    policy
}
