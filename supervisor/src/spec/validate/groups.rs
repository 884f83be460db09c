//! Rules about pools and manies.

use std::sync::Arc;

use super::{Around, Checker, Fault, SpecViolation};
#[cfg(feature = "config")]
use crate::id::ChildPath;
use crate::policy::restart::Strategy;
use crate::policy::{Policy, PolicyPatch};
use crate::spec::group::{Group, GroupKind, MAX_COUNT};
use crate::spec::plan::{GroupPlan, PoolPlan};
use crate::spec::supervisor::SupervisorSpec;
use crate::task::member::Arguments;
#[cfg(feature = "config")]
use crate::task::member::MemberFactory;

impl Checker {
    pub(super) fn group(&mut self, spec: &SupervisorSpec, around: &Around<'_>) -> GroupPlan {
        let Group { kind, members, policy: said, tags, max_children, count, .. } = &spec.group;
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
        #[cfg(feature = "config")]
        self.from_config(&spec.group, path);
        match kind {
            GroupKind::None => GroupPlan::None,
            GroupKind::Pool => {
                if !spec.children.is_empty() {
                    self.report(path, Fault::PoolWithChildren);
                }
                if !matches!(spec.strategy, None | Some(Strategy::OneForOne)) {
                    self.report(path, Fault::PoolWithStrategy);
                }
                if spec.start.is_some() {
                    self.report(path, Fault::PoolWithStart);
                }
                if *max_children == Some(0) {
                    self.report(path, Fault::MaxChildren);
                }
                let (max_children, members) = (*max_children, members.clone());
                let (policy, is_sound) = self.member_policy(said, around);
                self.tags(path, tags);
                let tags = tags.clone();
                GroupPlan::Pool(Box::new(PoolPlan {
                    max_children,
                    members,
                    said: *said,
                    tags,
                    policy,
                    is_sound,
                }))
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
                GroupPlan::Many(members.clone())
            }
        }
    }

    /// What a configuration can give has to be what the members take.
    #[cfg(feature = "config")]
    fn from_config(&mut self, group: &Group, path: &ChildPath) {
        if group.settings.is_some() && group.kind == GroupKind::None {
            let (key, whose) = ("member_settings", "a pool or a many");
            self.report(path, Fault::NotInAGroup { key, whose });
        }
        let Some(args) = group.args else { return };
        if group.kind != GroupKind::Pool {
            self.report(path, Fault::NotInAGroup { key: "from_config", whose: "a pool" });
            return;
        }
        let takes = group.members.as_ref().map(MemberFactory::type_name);
        if takes != Some(args.type_name()) {
            let (takes, reads) = (takes.map(str::to_owned), args.type_name());
            self.report(path, Fault::FromConfig { takes, reads });
        }
    }

    /// What the members of a pool will amount to: what is wrong with all of them is said now, and
    /// not when the first is spawned. What is wrong with the defaults around it is said then.
    fn member_policy(&mut self, said: &PolicyPatch, around: &Around<'_>) -> (Arc<Policy>, bool) {
        let all = around.defaults.under(said);
        let policy = all.resolve();
        let before = self.violations.len();
        self.policy(around.path, said, &all, &policy);
        self.room(around.path, &all, around.room);
        self.health(around.path, all.health);
        self.significance(around.path, &policy, around);
        let is_sound = self.violations.len() == before;
        if !said.says_something() {
            self.violations.truncate(before);
        }
        (Arc::new(policy), is_sound)
    }

    /// The children of a many are alike: what has been said about one of them is not said again.
    pub(super) fn say_once(&mut self, before: usize) {
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
}
