//! Lays a configuration over a spec.

use std::collections::BTreeMap;

use serde_json::Value;

use super::configurable::{
    ChildSection, LimitSection, ShutdownSection, StopSection, SupervisorConfig,
};
use super::duration::HumanDuration;
use super::error::{ConfigDiagnostic, ConfigError, ConfigFault, KeyPath, nearest};
use super::keys::SupervisorKeys;
use super::laid::laid;
use super::load::LoadedConfig;
use super::node::Node;
use super::node::Value::Null;
use super::settings::ReadSettings;
use crate::id::{ChildId, ChildPath};
use crate::policy::PolicyPatch;
use crate::policy::intensity::Limit;
use crate::policy::restart::Restart;
use crate::policy::rules::PolicyFault;
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::dependency::DependencyStep;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::tags::Tags;
use crate::spec::validate::{Fault, SpecViolation};

/// Lays `config` over `spec`.
///
/// What the code says about a child beats the defaults of the configuration; what the
/// configuration says about the child beats the code.
///
/// # Errors
///
/// Every child that is not in the tree, every key that its child cannot have, and every rule that
/// the tree breaks only because of the configuration. What was wrong with the spec before is left
/// to [`SupervisorSpec::validate`].
pub fn overlay(
    spec: SupervisorSpec,
    config: &SupervisorConfig,
) -> Result<SupervisorSpec, ConfigError> {
    LoadedConfig::from(config.clone()).overlay(spec)
}

/// The same, with what `config` was read from: all that could be laid, and what could not.
pub(super) fn overlay_with(
    spec: SupervisorSpec,
    config: &SupervisorConfig,
    document: &Node,
) -> (SupervisorSpec, Vec<ConfigDiagnostic>) {
    // What is `dynamic` is about children that the spec does not have, and the socket is no part of
    // it.
    let SupervisorConfig {
        include: _,
        supervisor,
        policy,
        shutdown,
        observability,
        ipc: _,
        dynamic: _,
    } = config;
    let ShutdownSection { grace, abort_wait, budget } = shutdown;

    let before = spec.clone();
    let mut spec = spec;
    let mut overlay = Overlay { problems: Vec::new(), paths: paths(&spec), document };
    for (key, fault) in observability.faults() {
        overlay.report(key, fault);
    }
    if let Some(HumanDuration(budget)) = laid("ShutdownSection", "budget", *budget) {
        spec.budget = Some(budget);
    }
    let stop = StopSection { grace: *grace, abort_wait: *abort_wait };
    let mut defaults = policy.policies();
    defaults.shutdown = laid("ShutdownSection", "grace and abort_wait", stop.patch());
    spec.configured_defaults = defaults.over(spec.configured_defaults);
    let outside = Above {
        in_code: None,
        said: laid("PolicySection", "restart_limit", policy.restart_limit),
        said_in: KeyPath::of(&["policy", "restart_limit"]),
    };
    let root = SupervisorKeys::of_root(supervisor);
    let key = KeyPath::of(&["supervisor"]);
    overlay.supervisor(&mut spec, &root, &outside, &ChildPath::root(), &key);
    overlay.rules(&before, &spec, config);
    (spec, overlay.problems)
}

/// The defaults for a restart limit on their way down the tree. Its halves may come from different
/// places, so they are put together anew at each supervisor.
struct Above {
    in_code: Option<Limit>,
    said: LimitSection,
    /// The key of what was said last.
    said_in: KeyPath,
}

pub(super) struct Overlay<'a> {
    document: &'a Node,
    pub(super) problems: Vec<ConfigDiagnostic>,
    /// Every path of the tree.
    paths: Vec<String>,
}

impl<'a> Overlay<'a> {
    /// Of a single child that is in no tree yet.
    pub(super) fn new(document: &'a Node) -> Self {
        Self { document, problems: Vec::new(), paths: Vec::new() }
    }

    fn report(&mut self, key: KeyPath, fault: ConfigFault) {
        self.problems.push(ConfigDiagnostic::new(None, key, fault));
    }

    /// About a supervisor and everything below it, whether or not anything is said about it.
    fn supervisor(
        &mut self,
        spec: &mut SupervisorSpec,
        keys: &SupervisorKeys<'_>,
        above: &Above,
        path: &ChildPath,
        key: &KeyPath,
    ) {
        let SupervisorKeys { intensity, defaults, children, .. } = *keys;
        keys.lay_over(spec);
        let weaker = spec.intensity.unwrap_or(Limit::DEFAULT);
        if let Ok(Some(intensity)) = whole(intensity, Some(weaker)) {
            spec.intensity = Some(intensity);
        }

        let mut level = Above {
            in_code: spec.defaults.restart_limit.or(above.in_code),
            said: above.said,
            said_in: above.said_in.clone(),
        };
        let mut is_said_here = path.is_root();
        if let Some(defaults) = defaults {
            let mut said = defaults.policies();
            said.shutdown = laid("DefaultsSection", "shutdown", defaults.shutdown.patch());
            spec.configured_defaults = said.over(spec.configured_defaults);
            if defaults.restart_limit != LimitSection::default() {
                let said = laid("DefaultsSection", "restart_limit", defaults.restart_limit);
                level.said = over(said, above.said);
                level.said_in = key.join("defaults").join("restart_limit");
                is_said_here = true;
            }
        }
        match whole(level.said, level.in_code) {
            Ok(limit) => {
                let configured = &mut spec.configured_defaults.restart_limit;
                *configured = limit.or(*configured);
            }
            Err(missing) if is_said_here => {
                self.report(level.said_in.clone(), ConfigFault::HalfLimit { missing });
            }
            Err(_) => {}
        }
        let weaker = spec.configured_defaults.restart_limit.or(level.in_code);

        let children_key = key.join("children");
        let of_all = self.settings_of_all(spec, key);
        for child in &mut spec.children {
            let section = children.and_then(|children| children.get(child.id()));
            // An id that is none has no path; validation reports it.
            let Ok(id) = ChildId::new(child.id()) else { continue };
            let (path, key) = (path.join(&id), children_key.join(id.as_str()));
            match child {
                NodeSpec::Child(task) => {
                    if let Some(section) = section {
                        self.task(task, section, weaker, &path, &key);
                    }
                    self.settings(task, of_all.as_ref(), &path, &key.join("settings"));
                }
                NodeSpec::Supervisor(inner) => {
                    if section.is_some_and(|section| section.settings.is_some())
                        && inner.group.settings.is_none()
                    {
                        let fault = ConfigFault::NoSettings { path: path.to_string() };
                        self.report(key.join("settings"), fault);
                    }
                    if let Some(section) = section {
                        self.as_child(inner, section, weaker, &path, &key);
                    }
                    let keys = section.map(SupervisorKeys::of_child).unwrap_or_default();
                    self.supervisor(inner, &keys, &level, &path, &key);
                }
            }
        }
        for id in children.into_iter().flat_map(BTreeMap::keys) {
            if spec.children.iter().any(|child| child.id() == id) {
                continue;
            }
            let key = children_key.join(id);
            let fault = if spec.group.kind == GroupKind::Pool {
                ConfigFault::PoolMember { path: path.to_string() }
            } else {
                self.unknown(spec, path, id)
            };
            self.report(key, fault);
        }
    }

    pub(super) fn task(
        &mut self,
        spec: &mut ChildSpec,
        section: &ChildSection,
        weaker: Option<Limit>,
        path: &ChildPath,
        key: &KeyPath,
    ) {
        for name in SupervisorKeys::of_child(section).said() {
            let fault = ConfigFault::NotASupervisor { path: path.to_string() };
            self.report(key.join(name), fault);
        }
        self.of_groups(section, GroupKind::None, path, key);
        spec.policy = self.about(section, &spec.policy, weaker, key).into();
        if let Some(tags) = laid("ChildSection", "tags of a task", section.tags.as_ref()) {
            spec.tags = Tags::new(tags.iter().map(String::as_str));
        }
    }

    /// Reads the child's own settings, which it may also have when nothing is said about it. `of_all`
    /// are those that it has where its own entry says none.
    fn settings(
        &mut self,
        spec: &mut ChildSpec,
        of_all: Option<&(Option<Node>, ReadSettings)>,
        path: &ChildPath,
        key: &KeyPath,
    ) {
        let node = self.document.node_of(key).filter(|node| !matches!(node.value, Null));
        match (spec.settings, node, of_all) {
            (None, None, _) => {}
            (None, Some(_), _) => {
                self.report(key.clone(), ConfigFault::NoSettings { path: path.to_string() });
            }
            (Some(_), None, Some((_, settings))) => {
                spec.task = spec.task.clone().with_settings(settings.clone());
            }
            (Some(settings), node, of_all) => {
                let node = laid("ChildSection", "settings", node);
                let nowhere = self.document.locate(key);
                let of_all = of_all.and_then(|(node, _)| node.clone());
                let merged = node.cloned().zip(of_all).map(|(node, of_all)| node.over(of_all));
                match settings.read(merged.as_ref().or(node), &nowhere, key) {
                    Ok(settings) => spec.task = spec.task.clone().with_settings(settings),
                    Err(problems) => self.problems.extend(problems),
                }
            }
        }
    }

    /// Reads the settings that all children of a pool or a many have, and what they were read from.
    fn settings_of_all(
        &mut self,
        spec: &mut SupervisorSpec,
        key: &KeyPath,
    ) -> Option<(Option<Node>, ReadSettings)> {
        let declared = spec.group.settings?;
        let key = key.join("settings");
        let node = self.document.node_of(&key).filter(|node| !matches!(node.value, Null));
        let read = declared.read(node, &self.document.locate(&key), &key);
        let settings = read.map_err(|problems| self.problems.extend(problems)).ok()?;
        let members = spec.group.members.take();
        spec.group.members = members.map(|members| members.with_settings(settings.clone()));
        Some((node.cloned(), settings))
    }

    /// About a supervisor as a child of the one above.
    fn as_child(
        &mut self,
        spec: &mut SupervisorSpec,
        section: &ChildSection,
        weaker: Option<Limit>,
        path: &ChildPath,
        key: &KeyPath,
    ) {
        self.of_groups(section, spec.group.kind, path, key);
        if spec.group.kind != GroupKind::None {
            return self.group(spec, section, weaker, key);
        }
        for name in section.said_about_a_task() {
            self.report(key.join(name), ConfigFault::NotATask { path: path.to_string() });
        }
        spec.policy = self.about(section, &spec.policy, weaker, key);
        if let Some(tags) = laid("ChildSection", "tags of a supervisor", section.tags.as_ref()) {
            spec.tags = Tags::new(tags.iter().map(String::as_str));
        }
    }

    /// The keys that only a pool, or only a many, has, and those that a pool has not.
    fn of_groups(
        &mut self,
        section: &ChildSection,
        kind: GroupKind,
        path: &ChildPath,
        key: &KeyPath,
    ) {
        let path = || path.to_string();
        let is_pool = kind == GroupKind::Pool;
        if section.max_children.is_some() && !is_pool {
            self.report(key.join("max_children"), ConfigFault::NotAPool { path: path() });
        }
        if section.count.is_some() && kind != GroupKind::Many {
            self.report(key.join("count"), ConfigFault::NotAMany { path: path() });
        }
        if section.auto_shutdown.is_some() && is_pool {
            self.report(key.join("auto_shutdown"), ConfigFault::NotForAPool { path: path() });
        }
    }

    /// About a pool or a many: what is about a child is about each of its children. But they
    /// depend on nothing themselves: the group waits for all of them.
    fn group(
        &mut self,
        spec: &mut SupervisorSpec,
        section: &ChildSection,
        weaker: Option<Limit>,
        key: &KeyPath,
    ) {
        let weaker = spec.defaults.restart_limit.or(weaker);
        spec.group.policy = self.about(section, &spec.group.policy, weaker, key);
        let follows = spec.group.policy.on_dependency_restart.take();
        let follows = laid("ChildSection", "on_dependency_restart of a group", follows);
        spec.policy.on_dependency_restart = follows.or(spec.policy.on_dependency_restart);
        if let Some(tags) = laid("ChildSection", "tags of a group", section.tags.as_ref()) {
            spec.group.tags = Tags::new(tags.iter().map(String::as_str));
        }
        // What the other kind has is refused already, and once is enough.
        // seen by: cargo test -p supervisor-tests --test config_corpus
        let is_twice = cfg!(plant_bug = "key_of_the_other_group_twice");
        let of = |kind| spec.group.kind == kind || is_twice;
        let max_children = section.max_children.filter(|_| of(GroupKind::Pool));
        let count = section.count.filter(|_| of(GroupKind::Many));
        let max_children = laid("ChildSection", "max_children", max_children);
        spec.group.max_children = max_children.or(spec.group.max_children);
        spec.group.count = laid("ChildSection", "count", count).or(spec.group.count);
        spec.declare_many();
    }

    /// What the section says about the child itself, over what the code said.
    fn about(
        &mut self,
        section: &ChildSection,
        in_code: &PolicyPatch,
        weaker: Option<Limit>,
        key: &KeyPath,
    ) -> PolicyPatch {
        let mut patch = section.policies();
        patch.enabled = laid("ChildSection", "enabled", section.enabled);
        patch.shutdown = laid("ChildSection", "shutdown", section.shutdown.patch());
        let is_temporary = section.restart == Some(Restart::Temporary);
        let of_code = in_code.restart_limit.filter(|_| !is_temporary);
        let said = laid("ChildSection", "restart_limit", section.restart_limit);
        match whole(said, of_code.or(weaker)) {
            Ok(limit) => patch.restart_limit = limit,
            Err(missing) => {
                self.report(key.join("restart_limit"), ConfigFault::HalfLimit { missing });
            }
        }
        patch.overrule(*in_code)
    }

    /// That a child is unknown, and which known one may be meant: one with a similar name beside
    /// it, or else one of that name elsewhere, or else one of a similar name elsewhere.
    fn unknown(&self, parent: &SupervisorSpec, path: &ChildPath, id: &str) -> ConfigFault {
        let beside = nearest(id, parent.children.iter().map(NodeSpec::id));
        let beside = beside.map(|id| format!("{path}/{id}"));
        let elsewhere = || {
            let names = self.paths.iter().filter_map(|path| path.rsplit('/').next());
            let name = nearest(id, names)?;
            self.paths.iter().find(|path| path.rsplit('/').next() == Some(name)).cloned()
        };
        ConfigFault::UnknownChild {
            path: format!("{path}/{id}"),
            nearest: beside.or_else(elsewhere),
        }
    }

    /// The rules that the tree breaks now and did not break before.
    fn rules(
        &mut self,
        before: &SupervisorSpec,
        after: &SupervisorSpec,
        config: &SupervisorConfig,
    ) {
        let Err(errors) = after.validate() else { return };
        let old = before.validate().err();
        let old = old.as_ref().map_or(&[][..], |errors| errors.violations());
        // What was said, as plain data, to look keys up in.
        let said = serde_json::to_value(config).unwrap_or_default();
        for violation in errors.violations().iter().filter(|violation| !old.contains(violation)) {
            let key = culprit(violation, after, &said);
            let fault = violation.fault().clone();
            // One key can break the same rule for many children.
            let is_known = self.problems.iter().any(|known| {
                *known.key() == key
                    && matches!(known.fault(), ConfigFault::Rule { fault: f, .. } if *f == fault)
            });
            if !is_known {
                let path = violation.path().to_owned();
                self.report(key, ConfigFault::Rule { path, fault });
            }
        }
    }
}

/// `section` over a weaker one, key by key.
fn over(section: LimitSection, weaker: LimitSection) -> LimitSection {
    let LimitSection { max, within } = section;
    let (max, within) = (laid("LimitSection", "max", max), laid("LimitSection", "within", within));
    LimitSection { max: max.or(weaker.max), within: within.or(weaker.within) }
}

/// The limit that `section` makes of a weaker one, or the key that neither has.
fn whole(section: LimitSection, weaker: Option<Limit>) -> Result<Option<Limit>, &'static str> {
    let weaker = weaker.map_or_else(LimitSection::default, LimitSection::from);
    if section == LimitSection::default() {
        return Ok(None);
    }
    let LimitSection { max, within } = over(section, weaker);
    let max = max.ok_or("max")?;
    let HumanDuration(within) = within.ok_or("within")?;
    Ok(Some(Limit::new(max, within)))
}

/// Every path of the tree but the root's.
pub(super) fn paths(spec: &SupervisorSpec) -> Vec<String> {
    fn below(spec: &SupervisorSpec, path: &str, paths: &mut Vec<String>) {
        for child in &spec.children {
            let path = format!("{path}/{}", child.id());
            if let NodeSpec::Supervisor(inner) = child {
                below(inner, &path, paths);
            }
            paths.push(path);
        }
    }
    let mut paths = Vec::new();
    below(spec, ChildPath::root().as_str(), &mut paths);
    paths
}

/// The key that is to blame for a broken rule: of those that were said, the strongest.
fn culprit(violation: &SpecViolation, spec: &SupervisorSpec, said: &Value) -> KeyPath {
    let keys = concerned(violation.fault());
    // The sections that bear on the child: its own, the defaults around it, those of the tree.
    let mut own = vec!["supervisor"];
    let mut sections = vec![vec![], vec!["policy"]];
    let mut above = Some(spec);
    let path = at_fault(violation.path(), violation.fault());
    for id in path.split('/').skip(2) {
        sections.push([&own[..], &["defaults"]].concat());
        // What is said about a many is about each of its children.
        if above.is_some_and(|above| above.group.kind == GroupKind::Many) {
            sections.push(own.clone());
        }
        own.extend(["children", id]);
        above = above
            .and_then(|above| above.children.iter().find(|child| child.id() == id))
            .and_then(|child| match child {
                NodeSpec::Supervisor(inner) => Some(&**inner),
                NodeSpec::Child(_) => None,
            });
    }
    sections.push(own.clone());
    let candidates = sections
        .iter()
        .rev()
        .flat_map(|section| keys.iter().map(|key| KeyPath::of(&[&section[..], key].concat())));
    let is_said = |key: &KeyPath| {
        let found = key.segments().iter().try_fold(said, |value, segment| value.get(segment));
        found.is_some()
    };
    let mut candidates = candidates.filter(is_said);
    candidates.next().unwrap_or_else(|| KeyPath::of(&own))
}

/// Whose entry may be to blame.
pub(super) fn at_fault(path: &str, fault: &Fault) -> String {
    match fault {
        Fault::DependsOnTemporary { temporary, .. } => temporary.to_string(),
        Fault::DependsOnDisabled { disabled, .. } => disabled.to_string(),
        Fault::DependencyCycle(steps) => {
            let order = steps.iter().find_map(|step| match step {
                DependencyStep::DeclaredAfter { later, .. } => later.parent(),
                _ => None,
            });
            order.map_or_else(|| path.to_owned(), |path| path.to_string())
        }
        _ => path.to_owned(),
    }
}

/// The keys that a rule is about, the likeliest culprit first.
pub(super) fn concerned(fault: &Fault) -> Vec<Vec<&'static str>> {
    let keys: &[&[&'static str]] = match fault {
        Fault::Policy(fault) => return about(*fault),
        Fault::OfClass { class, fault } => {
            let around = ["on_failure", class.word()];
            return about(*fault).into_iter().map(|key| [&around[..], &key].concat()).collect();
        }
        Fault::GraceBeyondBudget { .. } => &[&["shutdown", "grace"], &["shutdown", "budget"]],
        Fault::PoolWithStrategy => &[&["strategy"]],
        Fault::PoolWithStart => &[&["start"]],
        Fault::NoDependencies => &[&["on_dependency_restart"]],
        Fault::DependsOnTemporary { .. } => &[&["restart"], &["role"]],
        Fault::DependsOnDisabled { .. } => &[&["enabled"]],
        // The order of a sequential supervisor.
        Fault::DependencyCycle(_) => &[&["start"]],
        Fault::MaxChildren => &[&["max_children"]],
        Fault::Count(_) => &[&["count"]],
        Fault::Tag { .. } => &[&["tags"]],
        Fault::RootDisabled | Fault::EnabledByDefault => &[&["enabled"]],
        // Not the configuration's to change.
        Fault::Id(_)
        | Fault::DuplicateId
        | Fault::TooDeep
        | Fault::PoolWithChildren
        | Fault::Dependency { .. }
        | Fault::DependsOnItself
        | Fault::UnknownDependency { .. }
        | Fault::DependsOnMember { .. }
        | Fault::ManyArguments(_)
        | Fault::FromConfig { .. }
        | Fault::NotInAGroup { .. }
        | Fault::HealthOfSupervisor => &[],
    };
    keys.iter().map(|key| key.to_vec()).collect()
}

fn about(fault: PolicyFault) -> Vec<Vec<&'static str>> {
    let keys: &[&[&'static str]] = match fault {
        PolicyFault::ZeroWindow { key, .. } => &[&[key, "within"], &[key, "max"]],
        PolicyFault::HalfLimit { .. } => &[&["restart_limit"]],
        PolicyFault::InitialAboveMax { .. } => &[&["backoff", "initial"], &["backoff", "max"]],
        PolicyFault::Factor(_) => &[&["backoff", "factor"]],
        PolicyFault::Jitter(_) => &[&["backoff", "jitter"]],
        PolicyFault::Zero("start_timeout") => &[&["start_timeout"]],
        PolicyFault::Zero("stale_after") => &[&["health", "stale_after"]],
        PolicyFault::HeartbeatTooRare { .. } | PolicyFault::HalfHealth { .. } => {
            &[&["health", "heartbeat"], &["health", "stale_after"]]
        }
        PolicyFault::Zero("probe_after") => &[&["probe_after"]],
        PolicyFault::ProbeWithoutQuarantine(_) => {
            &[&["probe_after"], &["on_limit"], &["criticality"], &["role"]]
        }
        PolicyFault::Zero(_) => &[&["shutdown", "budget"]],
        PolicyFault::Grace(_) => &[&["shutdown", "grace"]],
        PolicyFault::AbortWait(_) => &[&["shutdown", "abort_wait"]],
        PolicyFault::Temporary(key) => &[&[key], &["restart"]],
        PolicyFault::SignificantPermanent => &[&["significant"], &["restart"], &["role"]],
        PolicyFault::SignificantUnderNever | PolicyFault::SignificantInPool => &[&["significant"]],
    };
    keys.iter().map(|key| key.to_vec()).collect()
}
