//! Members of pools that a configuration names, or an operator: what is said about them is read
//! and checked before any of them is spawned.

#[cfg(all(feature = "ipc", unix))]
pub(crate) mod shown;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::configurable::DynamicSection;
use super::error::{ConfigDiagnostic, ConfigError, ConfigFault, KeyPath, nearest};
use super::load::LoadedConfig;
use super::node::{Node, Value};
use super::overlay::{Overlay, concerned, paths};
use super::source::{Location, Source};
use super::{schema, secrets, yaml};
use crate::id::{ChildId, ChildPath};
use crate::spec::NodeSpec;
use crate::spec::child::ChildSpec;
use crate::spec::graph::Nothing;
use crate::spec::group::{GroupKind, MemberOverrides};
use crate::spec::plan::{PlanKind, SupervisorPlan};
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::validate::validate_added;
use crate::task::context::TaskContext;
use crate::task::factory::service_fn;
use crate::task::member::Arguments;

/// A member of a pool, as it is to be spawned.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) pool: ChildPath,
    pub(crate) id: ChildId,
    pub(crate) arguments: Arguments,
    pub(crate) overrides: MemberOverrides,
    /// Whether neither it nor anything around it is disabled.
    pub(crate) is_enabled: bool,
}

impl Manifest {
    fn path(&self) -> ChildPath {
        self.pool.join(&self.id)
    }
}

impl LoadedConfig {
    /// The members that are started with the tree; `spec` has the configuration over it.
    pub(crate) fn manifests(&self, spec: &SupervisorSpec) -> Result<Vec<Manifest>, ConfigError> {
        self.manifests_over(spec, None)
    }

    /// What is wrong with them, also where `spec` is only as far as the configuration could be laid
    /// over the tree that it was `before`.
    pub(super) fn wrong_members(
        &self,
        spec: &SupervisorSpec,
        before: &SupervisorSpec,
    ) -> Vec<ConfigDiagnostic> {
        let read = self.manifests_over(spec, Some(before));
        read.err().map(ConfigError::into_diagnostics).unwrap_or_default()
    }

    fn manifests_over(
        &self,
        spec: &SupervisorSpec,
        before: Option<&SupervisorSpec>,
    ) -> Result<Vec<Manifest>, ConfigError> {
        let sections = &self.config().dynamic;
        if sections.is_empty() {
            return Ok(Vec::new());
        }
        let nothing = Node { at: Location::whole(&Source::code()), value: Value::Null };
        let document = self.document().unwrap_or(&nothing);
        let mut reader = Reader::new(spec, document).or_as_it_was(before);
        let mut manifests: Vec<(Manifest, KeyPath)> = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            let key = KeyPath::of(&["dynamic", &index.to_string()]);
            let Some(manifest) = reader.read(section, document, &key) else { continue };
            let first = manifests.iter().find(|(known, _)| known.path() == manifest.path());
            if let Some((_, first)) = first.filter(|_| !cfg!(plant_bug = "member_twice")) {
                let fault = ConfigFault::DuplicateMember { path: manifest.path().to_string() };
                let at = Some(document.locate(&key.join("id")));
                let mut problem = ConfigDiagnostic::new(at, key.join("id"), fault);
                problem.relate(Some(document.locate(&first.join("id"))), "the first time".into());
                reader.problems.push(problem);
            }
            manifests.push((manifest, key));
        }
        reader.room(&manifests);
        reader.finish(document)?;
        Ok(manifests.into_iter().map(|(manifest, _)| manifest).collect())
    }

    /// Reads the manifest of one member, a JSON text, for a running tree; `spec` has the
    /// configuration over it.
    pub(crate) fn manifest(
        &self,
        spec: &SupervisorSpec,
        text: &str,
    ) -> Result<Manifest, ConfigError> {
        let source = Source::manifest(text.to_owned());
        let node = parse(&source).map_err(|problem| ConfigError::new(vec![problem]))?;
        let known = schema::json_schema_of(spec);
        let item = known.pointer("/properties/dynamic/items").unwrap_or(&Json::Null);
        secrets::hide_in(&source, &node, &known, item);
        let section = node.read::<DynamicSection>().map_err(ConfigError::new)?;
        let nothing = Node { at: Location::whole(&Source::code()), value: Value::Null };
        let mut reader = Reader::new(spec, self.document().unwrap_or(&nothing));
        let manifest = reader.read(&section, &node, &KeyPath::default());
        reader.finish(&node)?;
        manifest.ok_or_else(|| {
            let fault = ConfigFault::MissingKey;
            ConfigError::new(vec![ConfigDiagnostic::new(None, KeyPath::default(), fault)])
        })
    }
}

/// JSON, as far as there are places the same that YAML makes of it.
fn parse(source: &Arc<Source>) -> Result<Node, ConfigDiagnostic> {
    let text = source.text();
    let json: Json = serde_json::from_str(text).map_err(|error| {
        let before: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let start = before + error.column().saturating_sub(1);
        let at = Location::new(source, start..start + 1);
        ConfigDiagnostic::new(Some(at), KeyPath::default(), ConfigFault::NotJson)
    })?;
    match yaml::parse(source) {
        // What only the notation of YAML has no word for.
        Err(problem) if matches!(problem.fault(), ConfigFault::Syntax { .. }) => {
            Ok(Node::of_json(&json, &Location::whole(source)))
        }
        parsed => parsed,
    }
}

struct Reader<'a> {
    spec: &'a SupervisorSpec,
    /// What the whole tree amounts to; `None` when that cannot be, which has been said.
    plan: Option<Arc<SupervisorPlan>>,
    /// Whether that is the plan of the tree with its configuration, so that its rules can be asked.
    has_rules: bool,
    /// The configuration of the tree.
    document: &'a Node,
    problems: Vec<ConfigDiagnostic>,
}

/// A pool, and where it stands.
struct Found<'a> {
    path: ChildPath,
    spec: &'a SupervisorSpec,
    plan: Arc<SupervisorPlan>,
    /// Its entry in the configuration.
    key: KeyPath,
    is_enabled: bool,
}

impl<'a> Reader<'a> {
    fn new(spec: &'a SupervisorSpec, document: &'a Node) -> Self {
        let plan = spec.validate().ok().map(|valid| valid.root);
        Self { spec, plan, has_rules: true, document, problems: Vec::new() }
    }

    /// Where the tree breaks a rule with the configuration, looks at the members as far as they
    /// only depend on what there is.
    fn or_as_it_was(mut self, before: Option<&SupervisorSpec>) -> Self {
        if let (None, Some(before)) = (&self.plan, before) {
            self.plan = before.validate().ok().map(|valid| valid.root);
            self.has_rules = false;
        }
        self
    }

    fn report(&mut self, key: KeyPath, fault: ConfigFault) {
        self.problems.push(ConfigDiagnostic::new(None, key, fault));
    }

    /// What `section` says, which stands at `key` of `document`.
    fn read(
        &mut self,
        section: &DynamicSection,
        document: &Node,
        key: &KeyPath,
    ) -> Option<Manifest> {
        let before = self.problems.len();
        let pool = self.pool(section, key);
        let id = self.id(section, key);
        let DynamicSection { args: _, overrides, .. } = section;
        let pool = pool?;
        let path = id.as_ref().map_or_else(|| pool.path.clone(), |id| pool.path.join(id));

        let of_args = key.join("args");
        let nothing = Node { at: document.locate(&of_args), value: Value::Null };
        let node = document.node_of(&of_args).unwrap_or(&nothing);
        let arguments = if let Some(args) = &pool.spec.group.args {
            args.read(node, &of_args).map_err(|more| self.problems.extend(more)).ok()
        } else {
            let path = pool.path.to_string();
            self.report(key.join("pool"), ConfigFault::NotFromConfig { path });
            None
        };

        let of_overrides = key.join("overrides");
        let task = service_fn(async |_: TaskContext| {});
        let name = id.as_ref().map_or("member", ChildId::as_str);
        let mut member = ChildSpec::new(name, task);
        let mut overlay = Overlay::new(document);
        let weaker = pool.plan.pool().and_then(|pool| pool.policy.restart_limit);
        overlay.task(&mut member, overrides, weaker, &path, &of_overrides);
        self.problems.extend(overlay.problems);
        let settings = self.settings(&pool, document, &of_overrides.join("settings"), &path);
        let mut is_enabled = pool.is_enabled;
        if !self.has_rules {
            let said = member.policy.enabled.or(pool.spec.group.policy.enabled);
            is_enabled &= said != Some(false);
        } else if self.problems.len() == before {
            is_enabled &= self.rules(&member, &pool, section, &of_overrides);
        }
        let (id, arguments) = (id?, arguments?);
        let ChildSpec { policy, tags, .. } = member;
        let (policy, tags) = (*policy, overrides.tags.as_ref().map(|_| tags));
        let overrides = MemberOverrides { policy, tags, settings };
        Some(Manifest { pool: pool.path, id, arguments, overrides, is_enabled })
    }

    fn pool(&mut self, section: &DynamicSection, key: &KeyPath) -> Option<Found<'a>> {
        let Some(text) = &section.pool else {
            self.report(key.join("pool"), ConfigFault::MissingKey);
            return None;
        };
        let key = key.join("pool");
        let path = match ChildPath::parse(text) {
            Ok(path) => path,
            Err(error) => {
                let why = std::error::Error::source(&error).map(ToString::to_string);
                let message =
                    why.map_or_else(|| error.to_string(), |why| format!("{error}: {why}"));
                self.report(key, ConfigFault::BadValue { message });
                return None;
            }
        };
        // What is wrong with the tree itself has been said.
        let plan = self.plan.clone()?;
        let found = find(self.spec, plan, &path);
        match found {
            Some(found) if found.spec.group.kind == GroupKind::Pool => Some(found),
            Some(_) => {
                self.report(key, ConfigFault::NoPool { path: path.to_string() });
                None
            }
            None => {
                let known = paths(self.spec);
                if known.iter().any(|known| *known == path.as_str()) {
                    self.report(key, ConfigFault::NoPool { path: path.to_string() });
                    return None;
                }
                let near = nearest(path.as_str(), known.iter().map(String::as_str));
                let (path, nearest) = (path.to_string(), near.map(str::to_owned));
                self.report(key, ConfigFault::UnknownChild { path, nearest });
                None
            }
        }
    }

    fn id(&mut self, section: &DynamicSection, key: &KeyPath) -> Option<ChildId> {
        let key = key.join("id");
        let Some(text) = &section.id else {
            self.report(key, ConfigFault::MissingKey);
            return None;
        };
        let id = ChildId::new(text.as_str());
        id.map_err(|error| self.report(key, ConfigFault::BadValue { message: error.to_string() }))
            .ok()
    }

    /// Its own settings over those of all members, where any of its own are said.
    fn settings(
        &mut self,
        pool: &Found<'_>,
        document: &Node,
        key: &KeyPath,
        path: &ChildPath,
    ) -> Option<super::settings::ReadSettings> {
        let own = document.node_of(key).filter(|node| !matches!(node.value, Value::Null))?;
        let Some(declared) = pool.spec.group.settings else {
            self.report(key.clone(), ConfigFault::NoSettings { path: path.to_string() });
            return None;
        };
        let of_all = self.document.node_of(&pool.key.join("settings"));
        let node = match of_all {
            Some(of_all) => own.clone().over(of_all.clone()),
            None => own.clone(),
        };
        let read = declared.read(Some(&node), &node.at, key);
        read.map_err(|more| self.problems.extend(more)).ok()
    }

    /// The rules that the member breaks in its pool. Whether it is enabled.
    fn rules(
        &mut self,
        member: &ChildSpec,
        pool: &Found<'_>,
        section: &DynamicSection,
        key: &KeyPath,
    ) -> bool {
        let depth = pool.path.as_str().matches('/').count();
        let spec = NodeSpec::from(member.clone());
        let errors = match validate_added(&spec, &pool.path, depth, &pool.plan, &Nothing) {
            Ok(plan) => return plan.kind.policy().enabled,
            Err(_) if cfg!(plant_bug = "overrides_unchecked") => return true,
            Err(errors) => errors,
        };
        let said = serde_json::to_value(&section.overrides).unwrap_or_default();
        for violation in errors.violations() {
            let keys = concerned(violation.fault());
            let is_said = |path: &&Vec<&'static str>| {
                path.iter().try_fold(&said, |value, segment| value.get(segment)).is_some()
            };
            let culprit = keys.iter().find(is_said);
            let key = culprit.into_iter().flatten().fold(key.clone(), |key, name| key.join(name));
            let (path, fault) = (violation.path().to_owned(), violation.fault().clone());
            self.report(key, ConfigFault::Rule { path, fault });
        }
        true
    }

    /// No pool is given more members than it may have.
    fn room(&mut self, manifests: &[(Manifest, KeyPath)]) {
        // seen by: cargo test -p supervisor-tests --test config_members
        let waits = !self.has_rules && cfg!(plant_bug = "room_looked_at_last");
        let Some(plan) = self.plan.clone().filter(|_| !waits) else { return };
        let mut counts: BTreeMap<&ChildPath, u32> = BTreeMap::new();
        for (manifest, key) in manifests.iter().filter(|(manifest, _)| manifest.is_enabled) {
            let count = counts.entry(&manifest.pool).or_default();
            *count += 1;
            let pool = find(self.spec, Arc::clone(&plan), &manifest.pool);
            let most = pool.and_then(|pool| pool.spec.group.max_children);
            if let Some(most) = most.filter(|most| *count == most.saturating_add(1)) {
                let path = manifest.pool.to_string();
                self.report(key.clone(), ConfigFault::TooManyMembers { path, most });
            }
        }
    }

    fn finish(self, document: &Node) -> Result<(), ConfigError> {
        let mut problems = self.problems;
        if problems.is_empty() {
            return Ok(());
        }
        for problem in problems.iter_mut().filter(|problem| problem.location().is_none()) {
            let is_rule = matches!(problem.fault(), ConfigFault::Rule { .. });
            let value = document.node_of(problem.key()).filter(|_| is_rule);
            let at = value.map_or_else(|| document.locate(problem.key()), |node| node.at.clone());
            problem.set_location(Some(at));
        }
        Err(ConfigError::new(problems))
    }
}

/// The supervisor at `path`.
fn find<'a>(
    spec: &'a SupervisorSpec,
    plan: Arc<SupervisorPlan>,
    path: &ChildPath,
) -> Option<Found<'a>> {
    let (path, key) = (path.clone(), KeyPath::of(&["supervisor"]));
    let mut found = Found { is_enabled: true, path, spec, plan, key };
    let path = found.path.clone();
    for id in path.as_str().split('/').skip(2) {
        let spec = found.spec.children.iter().find_map(|child| match child {
            NodeSpec::Supervisor(inner) if inner.id() == id => Some(&**inner),
            _ => None,
        });
        let plan = found.plan.children.iter().find_map(|child| match &child.kind {
            PlanKind::Supervisor(plan) if child.path.name() == id => Some(Arc::clone(plan)),
            _ => None,
        });
        (found.spec, found.plan) = (spec?, plan?);
        found.key = found.key.join("children").join(id);
        // The plan may be that of the tree without its configuration.
        found.is_enabled &= found.plan.policy.enabled && found.spec.policy.enabled != Some(false);
    }
    Some(found)
}
