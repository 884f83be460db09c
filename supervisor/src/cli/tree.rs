//! `tree`: the tree as it would be started.

use serde_json::{Value as Json, json};

use super::explain::origin_json;
use super::{Answer, Asked, Loaded};
use crate::config::effective::{EffectiveConfig, EffectiveValue, ValueOrigin};
use crate::config::schema::yaml;
use crate::config::secrets::MASK;
use crate::error::types::SupervisorError;
use crate::id::{ChildId, ChildPath};
use crate::spec::NodeSpec;
use crate::spec::dependency::Dependency;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;

impl Asked<'_> {
    pub(super) fn tree(&self) -> Result<Answer, SupervisorError> {
        let Loaded { config, spec } = self.load(None)?;
        spec.validate()?;
        let effective = config.effective(self.builder.spec());
        let root = Branch::of_supervisor(&spec, ChildPath::root(), &effective);
        let mut text = String::new();
        root.draw("", "", &mut text);
        Ok(self.format.done(text, || root.to_json()))
    }
}

/// A child or a supervisor, and what is below it.
struct Branch<'a> {
    path: ChildPath,
    kind: &'static str,
    strategy: Option<&'a Json>,
    /// As it was written.
    depends_on: Vec<String>,
    /// What differs from what is built in.
    policies: Vec<&'a EffectiveValue>,
    children: Vec<Branch<'a>>,
}

impl<'a> Branch<'a> {
    fn of_supervisor(
        spec: &SupervisorSpec,
        path: ChildPath,
        effective: &'a EffectiveConfig,
    ) -> Self {
        let (kind, strategy) = match spec.group.kind {
            GroupKind::None => ("supervisor", effective.value(path.as_str(), "strategy")),
            GroupKind::Pool => ("pool", None),
            GroupKind::Many => ("many", None),
        };
        let below = spec.children.iter().filter_map(|child| {
            let path = path.join(&ChildId::new(child.id()).ok()?);
            Some(match child {
                NodeSpec::Supervisor(inner) => Self::of_supervisor(inner, path, effective),
                NodeSpec::Child(task) => Branch {
                    kind: "task",
                    strategy: None,
                    depends_on: names(&task.dependencies),
                    policies: policies(&path, effective),
                    children: vec![],
                    path,
                },
            })
        });
        let children = match spec.group.kind {
            // They are all alike, and may be thousands.
            GroupKind::Many => Vec::new(),
            GroupKind::None => below.collect(),
            GroupKind::Pool => members(&path, effective),
        };
        Self {
            kind,
            depends_on: names(&spec.dependencies),
            strategy: strategy.map(|strategy| &strategy.value),
            policies: policies(&path, effective),
            children,
            path,
        }
    }

    /// `first` stands before its own line, `rest` before those of what is below it.
    fn draw(&self, first: &str, rest: &str, out: &mut String) {
        let name = if self.path.is_root() { self.path.as_str() } else { self.path.name() };
        let kind = match (self.kind, self.strategy) {
            ("task", _) => None,
            (_, Some(strategy)) => Some(yaml(strategy)),
            (kind, None) => Some(kind.to_owned()),
        };
        let policies =
            self.policies.iter().map(|value| format!("{}: {}", value.key, yaml(&value.value)));
        let needs = (!self.depends_on.is_empty())
            .then(|| format!("depends on {}", self.depends_on.join(" and ")));
        let about: Vec<_> = kind.into_iter().chain(needs).chain(policies).collect();
        let line = format!("{first}{name}  {}", about.join(", "));
        out.push_str(line.trim_end());
        out.push('\n');
        for (n, child) in self.children.iter().enumerate() {
            let is_last = n + 1 == self.children.len();
            let (mark, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            child.draw(&format!("{rest}{mark}"), &format!("{rest}{below}"), out);
        }
    }

    fn to_json(&self) -> Json {
        let policies = self.policies.iter().map(|value| {
            json!({
                "key": value.key.to_string(),
                "value": value.value,
                "origin": origin_json(&value.origin),
            })
        });
        json!({
            "path": self.path.as_str(),
            "kind": self.kind,
            "strategy": self.strategy,
            "depends_on": self.depends_on,
            "policies": policies.collect::<Vec<_>>(),
            "children": self.children.iter().map(Self::to_json).collect::<Vec<_>>(),
        })
    }
}

/// As they were written: the id of a sibling, or a path.
fn names(dependencies: &[Dependency]) -> Vec<String> {
    dependencies.iter().map(|dependency| dependency.as_str().to_owned()).collect()
}

/// The members of a pool that the configuration names.
fn members<'a>(pool: &ChildPath, effective: &'a EffectiveConfig) -> Vec<Branch<'a>> {
    let named = effective.nodes().map(|(path, _)| path);
    let named = named.filter(|path| path.parent().as_ref() == Some(pool));
    let member = |path: &ChildPath| Branch {
        path: path.clone(),
        kind: "task",
        strategy: None,
        depends_on: vec![],
        policies: policies(path, effective),
        children: vec![],
    };
    named.map(member).collect()
}

/// What holds there and is not what is built in.
fn policies<'a>(path: &ChildPath, effective: &'a EffectiveConfig) -> Vec<&'a EffectiveValue> {
    let values = effective.explain(path.as_str()).unwrap_or_default();
    let differs = |value: &&EffectiveValue| {
        let is_built_in = |origin: &ValueOrigin| *origin == ValueOrigin::BuiltIn;
        let built_in = value.overrode.iter().find(|(_, origin)| is_built_in(origin));
        !is_built_in(&value.origin)
            && !value.value.is_null()
            // What is hidden cannot be compared.
            && (value.value == MASK || built_in.is_none_or(|(known, _)| *known != value.value))
            // Drawn in their own way.
            && !matches!(&*value.key.to_string(), "strategy" | "depends_on")
    };
    let differs = |value: &&EffectiveValue| differs(value) || cfg!(plant_bug = "tree_of_defaults");
    values.iter().filter(differs).collect()
}
