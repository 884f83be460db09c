//! What holds for the members of pools that the configuration names.

use serde_json::Value as Json;

use super::{
    Above, EffectiveValue, Said, Secrets, Walk, built_in, defaults_of_settings, hide_secrets,
};
use crate::config::configurable::DynamicSection;
use crate::config::error::KeyPath;
use crate::config::keys::is_about_supervisors;
use crate::config::load::LoadedConfig;
use crate::config::secrets::{MASK, is_secret_at, takes_a_scalar_at};
use crate::id::{ChildId, ChildPath};
use crate::spec::NodeSpec;
use crate::spec::supervisor::SupervisorSpec;

impl Walk<'_> {
    /// Those of one pool; `above` has the defaults of the pool too.
    pub(super) fn members(
        &mut self,
        pool: &SupervisorSpec,
        path: &ChildPath,
        section: &[String],
        above: &Above,
    ) {
        if cfg!(plant_bug = "members_unexplained") {
            return;
        }
        let policy = &pool.group.policy;
        for (index, member) in self.config.dynamic.iter().enumerate() {
            let id = member.id.as_deref().and_then(|id| ChildId::new(id).ok());
            let Some(id) = id.filter(|_| member.pool.as_deref() == Some(path.as_str())) else {
                continue;
            };
            let about = Said { policy, field: pool.at_field.as_ref(), at: pool.declared_at };
            let mut code = self.about(&about, &pool.group.tags, &[], path, section);
            // What is said about a pool as if it were a task is about each of its members.
            let mut of_pool = self.entry(section);
            of_pool.retain(|key, _| {
                let first = key.split('.').next().unwrap_or_default();
                !is_about_supervisors(first) && !matches!(first, "max_children" | "enabled")
            });
            code.push(of_pool);
            let mut built_in = built_in(|key| !is_about_supervisors(key) && key != "budget");
            let schema = pool.group.settings.map(|settings| settings.schema());
            built_in.extend(schema.as_ref().map(defaults_of_settings).unwrap_or_default());
            let here = ["dynamic".to_owned(), index.to_string()];
            let overrides = [&here[..], &["overrides".to_owned()]].concat();
            let mut values = self.layers(built_in, code, &overrides, above);
            if let Some(schema) = schema.filter(|_| self.secrets == Secrets::Hidden) {
                hide_secrets(&schema, &mut values);
            }
            values.extend(self.args(pool, member, &here));
            values.sort_by(|a, b| a.key.cmp(&b.key));
            self.members.push((path.join(&id), values));
        }
    }

    /// What it is given.
    fn args(
        &self,
        pool: &SupervisorSpec,
        member: &DynamicSection,
        here: &[String],
    ) -> Option<EffectiveValue> {
        let (args, declared) = (member.args.as_ref()?, pool.group.args?);
        let value = match self.secrets {
            Secrets::Hidden => masked(&declared.schema(), args, &KeyPath::default()),
            Secrets::Shown => args.clone(),
        };
        let origin = self.origin_of(KeyPath::from([here, &["args".to_owned()]].concat()));
        Some(EffectiveValue { key: KeyPath::of(&["args"]), value, origin, overrode: Vec::new() })
    }
}

/// The value with `***` in the place of what must not be shown.
pub(in crate::config) fn masked(schema: &Json, value: &Json, key: &KeyPath) -> Json {
    match value {
        // What stands under a secret is one, and may be so by its keys.
        Json::Object(_) | Json::Array(_) if is_secret_at(schema, key) => MASK.into(),
        Json::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), masked(schema, value, &key.join(name))))
            .collect(),
        Json::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| masked(schema, item, &key.join(&index.to_string())))
            .collect(),
        Json::Null => Json::Null,
        _ if is_secret_at(schema, key) || !takes_a_scalar_at(schema, key) => MASK.into(),
        value => value.clone(),
    }
}

/// A member that the configuration names, as one value: as it is, and as it may be shown.
pub(in crate::config) struct NamedMember {
    pub(in crate::config) path: ChildPath,
    pub(in crate::config) raw: Json,
    pub(in crate::config) shown: EffectiveValue,
}

impl LoadedConfig {
    /// The members that are named; `spec` is the tree that they are in.
    pub(in crate::config) fn named_members(&self, spec: &SupervisorSpec) -> Vec<NamedMember> {
        let walk = Walk::new(self, Secrets::Hidden);
        let named = self.config().dynamic.iter().enumerate().filter_map(|(index, member)| {
            let pool = ChildPath::parse(member.pool.as_deref()?).ok()?;
            let path = pool.join(&ChildId::new(member.id.as_deref()?).ok()?);
            let pool = find(spec, &pool)?;
            let raw = serde_json::to_value(member).ok()?;
            let mut value = raw.clone();
            if let (Some(args), Some(declared)) = (value.get_mut("args"), pool.group.args) {
                *args = masked(&declared.schema(), args, &KeyPath::default());
            }
            if let Some(settings) = value.pointer_mut("/overrides/settings") {
                let schema = pool.group.settings.map(|settings| settings.schema());
                *settings = masked(&schema.unwrap_or_default(), settings, &KeyPath::default());
            }
            let key = KeyPath::of(&["dynamic", &index.to_string()]);
            let origin = walk.origin_of(key);
            let key = KeyPath::of(&["dynamic"]);
            let shown = EffectiveValue { key, value, origin, overrode: Vec::new() };
            Some(NamedMember { path, raw, shown })
        });
        named.collect()
    }
}

/// The pool or other supervisor at `path`.
pub(in crate::config) fn find<'a>(
    spec: &'a SupervisorSpec,
    path: &ChildPath,
) -> Option<&'a SupervisorSpec> {
    path.as_str().split('/').skip(2).try_fold(spec, |spec, id| {
        spec.children.iter().find_map(|child| match child {
            NodeSpec::Supervisor(inner) if inner.id() == id => Some(&**inner),
            _ => None,
        })
    })
}
