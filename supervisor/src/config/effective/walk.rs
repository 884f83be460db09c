//! The walk over a tree that finds out what holds in it.

pub(in crate::config) mod members;
mod taken;

use std::collections::BTreeMap;
use std::panic;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use self::taken::{InCode, add_taken_back, taken};
use super::beside::Beside;
use super::{EffectiveConfig, EffectiveValue, ValueOrigin};
use crate::config::configurable::{ChildSection, SupervisorConfig};
use crate::config::duration::HumanDuration;
use crate::config::error::KeyPath;
use crate::config::keys::{
    SupervisorKeys, is_about_supervisors, is_about_tasks, is_inherited_by_supervisors,
};
use crate::config::load::LoadedConfig;
use crate::config::schema::{json_schema, resolve};
use crate::config::secrets::{MASK, is_secret_at};
use crate::config::source::Origin;
use crate::id::{ChildId, ChildPath};
use crate::policy::PolicyPatch;
use crate::policy::failure::Criticality;
use crate::policy::role::Role;
use crate::spec::child::ChildSpec;
use crate::spec::dependency::Dependency;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;
use crate::spec::tags::Tags;
use crate::spec::{AtField, NodeSpec};

impl LoadedConfig {
    /// What holds in the tree that `spec` declares, with this configuration over it.
    pub fn effective(&self, spec: &SupervisorSpec) -> EffectiveConfig {
        self.effective_beside(spec, &Beside::default())
    }

    /// The same, for comparing and not for showing.
    pub(in crate::config) fn effective_with_secrets(
        &self,
        spec: &SupervisorSpec,
        beside: &Beside,
    ) -> EffectiveConfig {
        self.effective_with(spec, beside, Secrets::Shown)
    }

    /// The same, with what the code says to the builder of the tree.
    pub(crate) fn effective_beside(
        &self,
        spec: &SupervisorSpec,
        beside: &Beside,
    ) -> EffectiveConfig {
        self.effective_with(spec, beside, Secrets::Hidden)
    }

    fn effective_with(
        &self,
        spec: &SupervisorSpec,
        beside: &Beside,
        secrets: Secrets,
    ) -> EffectiveConfig {
        let mut walk = Walk::new(self, secrets);
        let mut policy = walk.said_in(&["policy"]);
        policy.extend(walk.said_under(&["shutdown"], "shutdown"));
        policy.remove("shutdown.budget");
        let above = Above { in_code: Vec::new(), configured: vec![policy] };
        walk.root(spec, beside, above);
        let Walk { mut nodes, members, .. } = walk;
        nodes.extend(members);
        EffectiveConfig { nodes }
    }
}

/// Whether what is secret is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Hidden,
    Shown,
}

/// The keys that somebody said in one place, without sections around them: `backoff.max`.
pub(super) type Layer = BTreeMap<String, (Json, ValueOrigin)>;

/// The defaults on their way down, the weakest first.
#[derive(Clone)]
struct Above {
    in_code: Vec<Layer>,
    configured: Vec<Layer>,
}

impl Above {
    /// As a supervisor takes them.
    fn for_supervisor(&self) -> Self {
        let inherited = |layer: &Layer| {
            let keys = layer.iter().filter(|(key, _)| {
                is_inherited_by_supervisors(key.split('.').next().unwrap_or_default())
            });
            keys.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        Self {
            in_code: self.in_code.iter().map(inherited).collect(),
            configured: self.configured.iter().map(inherited).collect(),
        }
    }
}

pub(super) struct Walk<'a> {
    loaded: &'a LoadedConfig,
    config: &'a SupervisorConfig,
    /// The same as plain data.
    said: Json,
    nodes: Vec<(ChildPath, Vec<EffectiveValue>)>,
    /// The members of pools that the configuration names.
    members: Vec<(ChildPath, Vec<EffectiveValue>)>,
    secrets: Secrets,
}

impl<'a> Walk<'a> {
    fn new(loaded: &'a LoadedConfig, secrets: Secrets) -> Self {
        let said = serde_json::to_value(loaded.config()).unwrap_or_default();
        let (config, nodes, members) = (loaded.config(), Vec::new(), Vec::new());
        Self { loaded, config, said, nodes, members, secrets }
    }

    fn root(&mut self, spec: &SupervisorSpec, beside: &Beside, above: Above) {
        let path = ChildPath::root();
        let section = vec!["supervisor".to_owned()];
        let code = code_layer(&SupervisorKeys::section_of(spec), &path, spec.declared_at);
        let mut code = code;
        if let Some(budget) = spec.budget {
            let value = json(&HumanDuration(budget));
            let origin = ValueOrigin::Code { path: path.clone(), at: spec.declared_at };
            code.insert("shutdown.budget".into(), (value, origin));
        }
        let mut own = self.entry(&section);
        let mut budget = self.said_under(&["shutdown"], "shutdown");
        budget.retain(|key, _| key == "shutdown.budget");
        own.extend(budget);
        let is_of_root = |key: &str| is_about_supervisors(key) && key != "meltdown";
        let built_in = built_in(|key| is_of_root(key) || key == "budget");
        let mut layers = vec![built_in, code, own];
        layers.extend(self.beside_the_tree(beside));
        self.nodes.push((path.clone(), resolve_layers(layers)));
        self.below(spec, &path, &section, above);
    }

    /// Everything below a supervisor.
    fn below(
        &mut self,
        spec: &SupervisorSpec,
        path: &ChildPath,
        section: &[String],
        mut above: Above,
    ) {
        self.defaults_of(spec, path, section, &mut above);
        for child in &spec.children {
            let Ok(id) = ChildId::new(child.id()) else { continue };
            let path = path.join(&id);
            let section = [section, &["children".to_owned(), child.id().to_owned()]].concat();
            match child {
                NodeSpec::Child(task) => self.task(task, path, &section, &above),
                NodeSpec::Supervisor(inner) => {
                    if inner.group.kind == GroupKind::None {
                        self.supervisor(inner, &path, &section, &above.for_supervisor());
                    } else {
                        // Its own defaults are for each of its children too.
                        let mut inside = above.clone();
                        self.defaults_of(inner, &path, &section, &mut inside);
                        self.group(inner, &path, &section, &inside);
                        self.members(inner, &path, &section, &inside);
                    }
                    self.below(inner, &path, &section, above.clone());
                }
            }
        }
    }

    /// The defaults of one supervisor, over those above it.
    fn defaults_of(
        &self,
        spec: &SupervisorSpec,
        path: &ChildPath,
        section: &[String],
        above: &mut Above,
    ) {
        let defaults = ChildSection::of(spec.defaults);
        above.in_code.push(code_layer(&defaults, path, spec.declared_at));
        let configured: Vec<_> = section.iter().map(String::as_str).chain(["defaults"]).collect();
        above.configured.push(self.said_in(&configured));
    }

    fn task(&mut self, spec: &ChildSpec, path: ChildPath, section: &[String], above: &Above) {
        let about =
            Said { policy: &spec.policy, field: spec.at_field.as_ref(), at: spec.declared_at };
        let code = self.about(&about, &spec.tags, &spec.dependencies, &path, section);
        let mut built_in = built_in(|key| !is_about_supervisors(key) && key != "budget");
        let Some(settings) = &spec.settings else {
            let values = self.layers(built_in, code, section, above);
            self.nodes.push((path, values));
            return;
        };
        let schema = settings.schema();
        built_in.extend(defaults_of_settings(&schema));
        let mut values = self.layers(built_in, code, section, above);
        if self.secrets == Secrets::Hidden {
            hide_secrets(&schema, &mut values);
        }
        self.nodes.push((path, values));
    }

    fn supervisor(
        &mut self,
        spec: &SupervisorSpec,
        path: &ChildPath,
        section: &[String],
        above: &Above,
    ) {
        let about =
            Said { policy: &spec.policy, field: spec.at_field.as_ref(), at: spec.declared_at };
        let mut code = self.about(&about, &spec.tags, &spec.dependencies, path, section);
        code.layers
            .insert(0, code_layer(&SupervisorKeys::section_of(spec), path, spec.declared_at));
        let mut built_in = built_in(|key| !is_about_tasks(key) && key != "budget");
        // What is below it has its own, and it as long as that needs.
        built_in.remove("shutdown.abort_wait");
        built_in.insert("shutdown.grace".into(), ("infinite".into(), ValueOrigin::BuiltIn));
        let values = self.layers(built_in, code, section, above);
        self.nodes.push((path.clone(), values));
    }

    /// A pool or a many: what is about a child is about each of its children.
    fn group(
        &mut self,
        spec: &SupervisorSpec,
        path: &ChildPath,
        section: &[String],
        above: &Above,
    ) {
        let policy = &spec.group.policy;
        let about = Said { policy, field: spec.at_field.as_ref(), at: spec.declared_at };
        let mut code = self.about(&about, &spec.group.tags, &spec.dependencies, path, section);
        let mut keys = SupervisorKeys::section_of(spec);
        keys.max_children = spec.group.max_children;
        keys.count = spec.group.count;
        if !cfg!(plant_bug = "group_unexplained") {
            // What only a pool or a many has stands at its field.
            let at = spec.at_field.as_ref().map_or(spec.declared_at, |field| field.at);
            code.layers.push(code_layer(&keys, path, at));
        }
        let is_of_tree = |key: &str| matches!(key, "strategy" | "auto_shutdown" | "budget");
        let mut built_in = built_in(|key| !is_of_tree(key));
        let schema = spec.group.settings.map(|settings| settings.schema());
        built_in.extend(schema.as_ref().map(defaults_of_settings).unwrap_or_default());
        let mut values = self.layers(built_in, code, section, above);
        if let Some(schema) = schema.filter(|_| self.secrets == Secrets::Hidden) {
            hide_secrets(&schema, &mut values);
        }
        self.nodes.push((path.clone(), values));
    }

    fn layers(
        &self,
        built_in: Layer,
        code: InCode,
        section: &[String],
        above: &Above,
    ) -> Vec<EffectiveValue> {
        let InCode { layers: code, taken_back } = code;
        let own = self.entry(section);
        // Heartbeats are expected of a child that asks for them itself; the rest is values.
        let own_layers = || code.iter().chain([&own]);
        let is_asked = own_layers().flat_map(BTreeMap::keys).any(|key| key.starts_with("health."));
        let mut layers = vec![built_in];
        layers.extend(above.in_code.iter().chain(&above.configured).cloned());
        // Said by somebody: the built-in one changes nothing.
        let said = layers[1..].iter().chain(own_layers());
        let roles = said.filter_map(|layer| layer.get("role"));
        let role = {
            let mut roles = roles;
            roles.next_back()
        }
        .and_then(|(role, _)| Role::deserialize(role).ok());
        if let Some(role) = role {
            let section = json(&ChildSection::of(role.defaults()));
            let mut keys = Vec::new();
            flatten(Some(&section), &mut Vec::new(), &mut keys);
            let keys = keys.into_iter().map(|(path, value)| (path.join("."), value.clone()));
            let keys = keys.filter(|(key, _)| layers[0].contains_key(key));
            layers
                .insert(1, keys.map(|(k, value)| (k, (value, ValueOrigin::Role(role)))).collect());
        }
        if !is_asked {
            for layer in &mut layers {
                layer.retain(|key, _| !key.starts_with("health."));
            }
        }
        if cfg!(plant_bug = "explained_by_code") {
            layers.push(own);
            layers.extend(code);
        } else {
            layers.extend(code);
            layers.push(own);
        }
        let mut values = resolve_layers(layers);
        // seen by: cargo test -p supervisor-tests --test config_effective
        if !cfg!(plant_bug = "taken_back_unexplained") {
            add_taken_back(&mut values, taken_back);
        }
        values
    }

    /// What the code says about a child, and what of it is taken back.
    fn about(
        &self,
        said: &Said<'_>,
        tags: &Tags,
        dependencies: &[Dependency],
        path: &ChildPath,
        section: &[String],
    ) -> InCode {
        let entry = section.iter().skip(1).collect::<Vec<_>>();
        let mut children = Some(&self.config.supervisor.children);
        let mut found = None;
        for step in entry.chunks(2) {
            found = children.and_then(|children| children.get(step.last()?.as_str()));
            children = found.map(|found: &ChildSection| &found.children);
        }
        let left = |policy: PolicyPatch| {
            found.map_or(policy, |section| section.policies().left_of(policy))
        };
        let Said { policy, field, at } = *said;
        let layer = |policy: PolicyPatch, at| code_layer(&ChildSection::of(policy), path, at);
        let mut taken_back = Vec::new();
        // seen by: cargo test -p supervisor-tests --test config_effective
        let field = field.filter(|_| !cfg!(plant_bug = "field_explained_by_function"));
        let Some(AtField { said, before, has_tags, at: of_field }) = field else {
            let mut in_code = layer(left(*policy), at);
            taken(&mut taken_back, layer(*policy, at), &in_code, &self.entry(section));
            tagged(&mut in_code, tags, path, at);
            needs(&mut in_code, dependencies, path, at);
            return InCode { layers: vec![in_code], taken_back };
        };
        let (said, of_field) = (**said, *of_field);
        let of_function = said.left_of(**before);
        let mut function = layer(left(of_function), at);
        let mut of_field_left = layer(left(said), of_field);
        let entry = self.entry(section);
        taken(&mut taken_back, layer(said, of_field), &of_field_left, &entry);
        taken(&mut taken_back, layer(of_function, at), &function, &entry);
        let by_field = layer(said, of_field);
        taken(&mut taken_back, layer(**before, at), &layer(of_function, at), &by_field);
        let of_tags = if *has_tags { of_field } else { at };
        tagged(&mut of_field_left, tags, path, of_tags);
        needs(&mut function, dependencies, path, at);
        InCode { layers: vec![function, of_field_left], taken_back }
    }

    /// What the entry of a child, or of the root, says about itself.
    fn entry(&self, section: &[String]) -> Layer {
        let section: Vec<_> = section.iter().map(String::as_str).collect();
        let mut layer = self.said_in(&section);
        layer.retain(|key, _| !key.starts_with("defaults.") && !key.starts_with("children."));
        layer
    }

    fn said_in(&self, section: &[&str]) -> Layer {
        self.said_under(section, "")
    }

    fn origin_of(&self, key: KeyPath) -> ValueOrigin {
        match self.loaded.place_of(&key) {
            Some(at) if *at.source().origin() != Origin::Code => ValueOrigin::Text { key, at },
            _ => ValueOrigin::Value { key },
        }
    }

    /// What is said in `section`, under the keys that it has inside `around`.
    pub(super) fn said_under(&self, section: &[&str], around: &str) -> Layer {
        let found = section.iter().try_fold(&self.said, |value, segment| match value {
            Json::Array(items) => items.get(segment.parse::<usize>().ok()?),
            value => value.get(segment),
        });
        let mut keys = Vec::new();
        flatten(found, &mut Vec::new(), &mut keys);
        keys.into_iter()
            .map(|(path, value)| {
                let segments: Vec<_> =
                    section.iter().copied().chain(path.iter().copied()).collect();
                let origin = self.origin_of(KeyPath::of(&segments));
                let around = if around.is_empty() { None } else { Some(around) };
                let path: Vec<_> = around.into_iter().chain(path).collect();
                (path.join("."), (value.clone(), origin))
            })
            .collect()
    }
}

/// All single values, with the keys that lead to them.
fn flatten<'a>(
    value: Option<&'a Json>,
    path: &mut Vec<&'a str>,
    keys: &mut Vec<(Vec<&'a str>, &'a Json)>,
) {
    match value {
        Some(Json::Object(map)) => {
            for (name, value) in map {
                path.push(name);
                flatten(Some(value), path, keys);
                path.pop();
            }
        }
        None | Some(Json::Null) => {}
        Some(value) => keys.push((path.clone(), value)),
    }
}

fn code_layer(
    section: &ChildSection,
    path: &ChildPath,
    at: &'static panic::Location<'static>,
) -> Layer {
    let origin = || ValueOrigin::Code { path: path.clone(), at };
    let value = json(section);
    let mut keys = Vec::new();
    flatten(Some(&value), &mut Vec::new(), &mut keys);
    keys.into_iter().map(|(path, value)| (path.join("."), (value.clone(), origin()))).collect()
}

/// What the code says about a child, and where.
struct Said<'a> {
    policy: &'a PolicyPatch,
    field: Option<&'a AtField>,
    /// Where its function is.
    at: &'static panic::Location<'static>,
}

/// Adds the tags that are given in the code.
fn tagged(code: &mut Layer, tags: &Tags, path: &ChildPath, at: &'static panic::Location<'static>) {
    list(code, "tags", &tags.iter().collect::<Vec<_>>(), path, at);
}

/// Adds what it depends on, which only the code can say.
fn needs(
    code: &mut Layer,
    dependencies: &[Dependency],
    path: &ChildPath,
    at: &'static panic::Location<'static>,
) {
    let dependencies: Vec<_> = dependencies.iter().map(Dependency::as_str).collect();
    list(code, "depends_on", &dependencies, path, at);
}

fn list(
    code: &mut Layer,
    key: &str,
    items: &[&str],
    path: &ChildPath,
    at: &'static panic::Location<'static>,
) {
    if !items.is_empty() {
        let origin = ValueOrigin::Code { path: path.clone(), at };
        code.insert(key.into(), (json(&items), origin));
    }
}

/// The defaults of settings with this schema.
fn defaults_of_settings(schema: &Json) -> Layer {
    let mut keys = BTreeMap::new();
    defaults(schema, resolve(schema, schema), "settings", None, &mut keys);
    keys.into_iter().map(|(key, value)| (key, (value, ValueOrigin::BuiltIn))).collect()
}

fn json(value: &impl Serialize) -> Json {
    serde_json::to_value(value).unwrap_or_default()
}

/// The defaults that are built in, of those keys of a child and of the root that are wanted.
fn built_in(is_wanted: impl Fn(&str) -> bool) -> Layer {
    let keys = BUILT_IN.iter().filter(|(key, _)| match &***key {
        "shutdown.budget" => is_wanted("budget"),
        key => is_wanted(key.split('.').next().unwrap_or_default()),
    });
    keys.map(|(key, value)| (key.clone(), (value.clone(), ValueOrigin::BuiltIn))).collect()
}

/// As the schema says them.
static BUILT_IN: LazyLock<BTreeMap<String, Json>> = LazyLock::new(|| {
    let schema = json_schema();
    let mut keys = BTreeMap::new();
    let definition = |name: &str| &schema["definitions"][name];
    defaults(&schema, definition("ShutdownSection"), "shutdown", None, &mut keys);
    defaults(&schema, definition("ChildSection"), "", None, &mut keys);
    keys
});

/// The defaults of all keys below `section`, which is called `around`.
pub(super) fn defaults(
    root: &Json,
    section: &Json,
    around: &str,
    default: Option<&Json>,
    keys: &mut BTreeMap<String, Json>,
) {
    let properties = section.get("properties").and_then(Json::as_object);
    for (name, schema) in properties.unwrap_or(&Map::new()) {
        // What is left out of `on_failure` is the child's own.
        if matches!(&**name, "defaults" | "children" | "on_failure") && around.is_empty() {
            continue;
        }
        let target = resolve(root, schema);
        let key = if around.is_empty() { name.clone() } else { format!("{around}.{name}") };
        let default = default.and_then(|default| default.get(name));
        let default = default.or_else(|| schema.get("default"));
        if target.get("properties").is_some() {
            defaults(root, target, &key, default, keys);
        } else if let Some(default) = default {
            keys.insert(key, default.clone());
        }
    }
}

/// Puts `***` in the place of the settings that must not be shown.
fn hide_secrets(schema: &Json, values: &mut [EffectiveValue]) {
    for value in values {
        let Some(("settings", rest)) = value.key.segments().split_first().map(|(a, b)| (&**a, b))
        else {
            continue;
        };
        if is_secret_at(schema, &KeyPath::from(rest.to_vec())) {
            value.value = MASK.into();
            value.overrode.iter_mut().for_each(|(value, _)| *value = MASK.into());
        }
    }
}

/// The strongest of each key, the weakest layer first.
fn resolve_layers(layers: Vec<Layer>) -> Vec<EffectiveValue> {
    let mut all: BTreeMap<String, Vec<(Json, ValueOrigin)>> = BTreeMap::new();
    for layer in layers {
        for (key, value) in layer {
            all.entry(key).or_default().insert(0, value);
        }
    }
    // A limit that nobody said whole is none.
    let halves = all.keys().filter(|key| key.starts_with("restart_limit.")).count();
    if halves == 1 {
        all.retain(|key, _| !key.starts_with("restart_limit."));
    }
    // What happens at the limit follows the criticality, unless it is said.
    let criticality = all.get("criticality").and_then(|values| values.first());
    let criticality = criticality.and_then(|(value, _)| Criticality::deserialize(value).ok());
    if let (Some(criticality), Some(values)) = (criticality, all.get_mut("on_limit"))
        && let Some((value, ValueOrigin::BuiltIn)) = values.last_mut()
    {
        *value = json(&criticality.on_limit());
    }
    let values = all.into_iter().filter_map(|(key, values)| {
        let key = KeyPath::of(&key.split('.').collect::<Vec<_>>());
        let mut values = values.into_iter();
        let (value, origin) = values.next()?;
        Some(EffectiveValue { key, value, origin, overrode: values.collect() })
    });
    values.collect()
}
