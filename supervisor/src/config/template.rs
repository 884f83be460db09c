//! Configuration files with every key, its meaning, bounds and default.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use confique::Config;
use confique::meta::{Field, FieldKind, Meta};
use serde_json::Value;

use super::configurable::{ChildSection, SupervisorConfig};
use super::effective::EffectiveConfig;
use super::environment::{Environment, name_of};
use super::error::KeyPath;
use super::load::LoadedConfig;
use super::schema::{json_schema, json_schema_of, resolve, yaml};
use super::secrets::is_secret;
use crate::id::ChildPath;
use crate::spec::NodeSpec;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;

/// Everything but the sections stands behind a single `#`. It loads as it is, and with every such
/// line taken out of its comment.
pub fn template() -> String {
    let schema = json_schema();
    let mut printer = Printer::new(&schema, None);
    printer.all();
    printer.out
}

/// The same for one compiled tree: with each of its children, the keys that it can have, the values
/// that hold for it as the program was compiled, and its own settings.
///
/// It loads as it is, and with every line behind a single `#` taken out of its comment; then it says
/// of each key what holds anyway, or shows an example. A setting that has to be said stands there
/// with an example. An example that would not go with the rest is behind `##`.
pub fn template_of(spec: &SupervisorSpec) -> String {
    let schema = json_schema_of(spec);
    let holds = LoadedConfig::from(SupervisorConfig::default()).effective(spec);
    let mut misfits = BTreeMap::new();
    loop {
        let tree = Tree { spec, holds: &holds, misfits: &misfits };
        let mut printer = Printer::new(&schema, Some(tree));
        printer.all();
        let text = printer.out;
        let found = misfits_in(spec, &text);
        let before = misfits.len();
        misfits.extend(found);
        if misfits.len() == before || cfg!(plant_bug = "misfits_in_template") {
            return text;
        }
    }
}

/// The keys that the rules of the tree refuse when every line is taken out of its comment, and why.
fn misfits_in(spec: &SupervisorSpec, text: &str) -> BTreeMap<KeyPath, String> {
    let loaded = LoadedConfig::of_text(spec, &uncommented(text));
    let Err(error) = loaded.and_then(|loaded| loaded.overlay(spec.clone())) else {
        return BTreeMap::new();
    };
    let misfits = error.diagnostics().iter();
    misfits.map(|it| (it.key().clone(), it.fault().to_string())).collect()
}

/// The template with every line that is behind a single `#` taken out of its comment.
pub(super) fn uncommented(template: &str) -> String {
    let line = |line: &str| {
        let text = line.trim_start();
        let is_key = text.starts_with('#') && !text.starts_with("##") && !text.starts_with("# ");
        if is_key && text != "#" {
            format!("{}{}\n", &line[..line.len() - text.len()], &text[1..])
        } else {
            format!("{line}\n")
        }
    };
    template.lines().map(line).collect()
}

const HEAD: &str = "\
# yaml-language-server: $schema=supervisor.schema.json
#
## Every key there is. A line behind a single `#` shows a key with its default, or with an example
## where it has none: take the `#` away to set it. Lines behind `##` explain.
##
## Durations have a unit: 250ms, 10s, 1m 30s.
";

/// The keys of a section in the order of their declaration, which the schema forgets.
fn in_order<'a>(
    meta: &'static Meta,
    section: &'a Value,
) -> impl Iterator<Item = (&'static Field, &'a Value)> {
    let properties = section.get("properties");
    meta.fields.iter().filter_map(move |field| Some((field, properties?.get(field.name)?)))
}

/// A compiled tree, and what holds in it.
struct Tree<'a> {
    spec: &'a SupervisorSpec,
    holds: &'a EffectiveConfig,
    /// Keys that cannot be said, and why not.
    misfits: &'a BTreeMap<KeyPath, String>,
}

/// Where a key is, and what it has there.
#[derive(Clone)]
struct At<'a> {
    depth: usize,
    mark: &'static str,
    /// The whole key.
    key: KeyPath,
    default: Option<&'a Value>,
    /// The path of the child whose section it is in, and the key there.
    child: Option<(String, String)>,
}

impl At<'_> {
    fn below(&self, name: &str) -> Self {
        let of_child = |(path, key): &(String, String)| {
            let key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
            (path.clone(), key)
        };
        let child = self.child.as_ref().map(of_child);
        let default = self.default.and_then(|default| default.get(name));
        Self { depth: self.depth + 1, mark: self.mark, key: self.key.join(name), default, child }
    }
}

struct Printer<'a> {
    root: &'a Value,
    tree: Option<Tree<'a>>,
    out: String,
}

impl<'a> Printer<'a> {
    fn new(root: &'a Value, tree: Option<Tree<'a>>) -> Self {
        Self { root, tree, out: String::from(HEAD) }
    }

    fn all(&mut self) {
        for (field, section) in in_order(&SupervisorConfig::META, self.root) {
            self.out.push('\n');
            let key = KeyPath::of(&[field.name]);
            let root = || (ChildPath::root().to_string(), String::new());
            let child = (field.name == "supervisor").then(root);
            let at = At { depth: 0, mark: "", key, default: None, child };
            self.key(field, section, &at);
        }
    }

    fn line(&mut self, depth: usize, text: &str) {
        self.out.extend(std::iter::repeat_n("  ", depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn key(&mut self, field: &'static Field, schema: &'a Value, at: &At<'a>) {
        let (name, depth, mark) = (field.name, at.depth, at.mark);
        let target = resolve(self.root, schema);
        self.comment(schema, target, depth);
        let default = at.default.or_else(|| schema.get("default"));
        match (field.kind, target.get("additionalProperties")) {
            (FieldKind::Nested { meta }, _) => {
                // A section by itself says nothing, so it need not be a comment.
                self.line(depth, &format!("{mark}{name}:"));
                for (field, key) in in_order(meta, target) {
                    let here = At { default, ..at.clone() };
                    self.key(field, key, &here.below(field.name));
                }
            }
            (FieldKind::Leaf { .. }, _) if name == "dynamic" && self.tree.is_some() => {
                self.members(target);
            }
            (FieldKind::Leaf { .. }, Some(_)) if name == "children" => {
                let spec = self.tree.as_ref().map(|tree| tree.spec);
                match spec {
                    Some(spec) if depth == 1 => {
                        self.children(spec, "/root", Environment::PREFIX, schema, at);
                    }
                    // Once is enough: a child has the same keys at every depth.
                    None if depth == 1 => {
                        self.line(depth, "#children:");
                        self.line(depth + 1, "#ID:");
                        let child = target.get("additionalProperties").unwrap_or(&Value::Null);
                        for (field, key) in in_order(&ChildSection::META, resolve(self.root, child))
                        {
                            let here = At { mark: "#", depth: depth + 1, ..at.clone() };
                            self.key(field, key, &here.below(field.name));
                        }
                    }
                    _ => self.line(depth, "#children: {}"),
                }
            }
            (FieldKind::Leaf { .. }, Some(_)) => self.line(depth, &format!("#{name}: {{}}")),
            (FieldKind::Leaf { .. }, None) => {
                let holds = at.child.as_ref().and_then(|(path, key)| {
                    Some(&self.tree.as_ref()?.holds.value(path, key)?.value)
                });
                let value = holds.or(default).or_else(|| schema.pointer("/examples/0"));
                let value = value.map(written).unwrap_or_default();
                self.leaf(name, &value, at);
            }
        }
    }

    /// A line with a key and its value; an example that cannot stand there is only shown.
    fn leaf(&mut self, name: &str, value: &str, at: &At<'_>) {
        let around = |key: &KeyPath| at.key.segments().starts_with(key.segments());
        let misfits = self.tree.as_ref().map(|tree| tree.misfits);
        let why = misfits.and_then(|misfits| misfits.iter().find(|(key, _)| around(key)));
        match why {
            Some((_, why)) => {
                let why = why.clone();
                self.line(at.depth, &format!("## {name}: {value}"));
                self.text(&format!("Not here: {why}."), at.depth);
            }
            None => self.line(at.depth, &format!("#{name}: {value}")),
        }
    }

    /// Each child of a compiled supervisor, with the keys that it can have.
    fn children(
        &mut self,
        spec: &'a SupervisorSpec,
        path: &str,
        variables: &str,
        schema: &'a Value,
        at: &At<'a>,
    ) {
        let mark = if spec.children.is_empty() { "#" } else { "" };
        self.line(at.depth, &format!("{mark}children:"));
        let known = resolve(self.root, schema).get("properties");
        for child in &spec.children {
            let id = child.id();
            let Some(schema) = known.and_then(|known| known.get(id)) else { continue };
            let path = format!("{path}/{id}");
            let variables = format!("{variables}__{}", name_of(id));
            let depth = at.depth + 1;
            let (kind, settings) = match child {
                NodeSpec::Child(task) => ("a task", task.settings),
                NodeSpec::Supervisor(inner) => (inner.group.kind.in_words(), inner.group.settings),
            };
            self.text(&format!("`{path}`, {kind}. Its variables: `{variables}__…`"), depth);
            self.line(depth, &format!("{}:", written(&id.into())));
            let key = at.key.join(id);
            let child_at = At {
                depth,
                mark: "",
                key,
                default: None,
                child: Some((path.clone(), String::new())),
            };
            for (field, key) in in_order(&ChildSection::META, resolve(self.root, schema)) {
                let here = child_at.below(field.name);
                match (field.name, child) {
                    ("settings", _) => {
                        if let Some(settings) = settings {
                            self.comment(key, resolve(self.root, key), here.depth);
                            self.line(here.depth, "settings:");
                            self.settings(settings.meta(), resolve(self.root, key), &here);
                        }
                    }
                    // They are alike, and may be thousands.
                    ("children", NodeSpec::Supervisor(inner))
                        if inner.group.kind == GroupKind::None =>
                    {
                        self.children(inner, &path, &variables, key, &here);
                    }
                    ("children", _) => {}
                    _ => self.key(field, key, &here),
                }
            }
        }
    }

    /// What a child reads into a type of its own.
    fn settings(&mut self, meta: &'static Meta, section: &'a Value, at: &At<'a>) {
        for (field, schema) in in_order(meta, section) {
            let (target, here) = (resolve(self.root, schema), at.below(field.name));
            let name = field.name;
            self.comment(schema, target, here.depth);
            let secret = is_secret(schema) || is_secret(target);
            if secret {
                self.text("A secret: it is shown nowhere.", here.depth);
            }
            match field.kind {
                FieldKind::Nested { meta } => {
                    self.line(here.depth, &format!("{name}:"));
                    self.settings(meta, target, &here);
                }
                FieldKind::Leaf { kind, .. } => {
                    let is_missing =
                        matches!(kind, confique::meta::LeafKind::Required { default: None });
                    let default = schema.get("default").or_else(|| target.get("default"));
                    if is_missing {
                        self.text("Has to be said; this is an example.", here.depth);
                        let value = written(&sample(self.root, schema));
                        self.line(here.depth, &format!("{name}: {value}"));
                    } else {
                        // Null says nothing, so that no secret is set by mistake.
                        let value = default.filter(|_| !secret).map_or("null".into(), written);
                        self.leaf(name, &value, &here);
                    }
                }
            }
        }
    }

    /// One member of each pool that a configuration can name members of.
    fn members(&mut self, target: &'a Value) {
        self.line(0, "dynamic:");
        let items = target.get("items").unwrap_or(&Value::Null);
        let only = std::slice::from_ref(items);
        let pools = items.get("anyOf").and_then(Value::as_array).map_or(only, |pools| pools);
        for member in pools {
            let Some(pool) = member.pointer("/properties/pool/const").and_then(Value::as_str)
            else {
                continue;
            };
            self.text(&format!("A member of the pool `{pool}`, with what it is given."), 1);
            let args = member.pointer("/properties/args").unwrap_or(&Value::Null);
            let known = resolve(self.root, args).get("properties").and_then(Value::as_object);
            for (name, schema) in known.into_iter().flatten() {
                let said = schema.get("description").and_then(Value::as_str).unwrap_or_default();
                self.text(&format!("- args.{name}: {said}{}", bounds(schema)), 1);
            }
            let args = sample(self.root, args);
            self.line(
                1,
                &format!("#- {{ pool: {pool}, id: example, args: {args}, overrides: {{}} }}"),
            );
        }
    }

    /// The description, and the words that there are.
    fn comment(&mut self, schema: &Value, target: &Value, depth: usize) {
        let text = |value: &Value| {
            let text = value.get("description").and_then(Value::as_str).unwrap_or_default();
            text.replace('\n', " ")
        };
        self.text(&format!("{}{}", text(schema), bounds(schema)), depth);
        let width = width_at(depth);
        for word in target.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
            let name = word.get("const").and_then(Value::as_str).unwrap_or_default();
            let mut lines = wrap(&format!("- {name}: {}", text(word)), width - 4).into_iter();
            if let Some(line) = lines.next() {
                self.line(depth, &format!("##   {line}"));
            }
            for line in lines {
                self.line(depth, &format!("##     {line}"));
            }
        }
    }

    fn text(&mut self, text: &str, depth: usize) {
        for line in wrap(text, width_at(depth)) {
            self.line(depth, &format!("## {line}"));
        }
    }
}

/// How much text has room in a line.
fn width_at(depth: usize) -> usize {
    96_usize.saturating_sub(2 * depth).max(40)
}

fn bounds(schema: &Value) -> String {
    // What is only the size of a type says little to who reads it.
    let most = schema
        .get("maximum")
        .filter(|most| most.as_f64().is_none_or(|most| most < f64::from(i32::MAX)));
    match (schema.get("minimum"), most) {
        (Some(least), Some(most)) => format!(" From {least} to {most}."),
        (Some(least), None) if least.as_f64() != Some(0.0) => format!(" At least {least}."),
        _ => String::new(),
    }
}

/// A value as it is written in a file: a text that would be read as something else is quoted.
fn written(value: &Value) -> String {
    let Value::String(text) = value else { return yaml(value) };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | ' ');
    let is_other = text.parse::<f64>().is_ok()
        || matches!(&*text.to_lowercase(), "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/');
    let is_plain = begins && !is_other && !text.ends_with(' ') && text.chars().all(is_plain);
    if is_plain { text.clone() } else { value.to_string() }
}

/// Something that could stand there.
fn sample(root: &Value, schema: &Value) -> Value {
    let target = resolve(root, schema);
    let of = |key: &str| schema.get(key).or_else(|| target.get(key));
    if let Some(known) = of("default").or_else(|| of("const")) {
        return known.clone();
    }
    let first = |key: &str| of(key).and_then(Value::as_array).and_then(|values| values.first());
    if let Some(example) = first("examples").or_else(|| first("enum")) {
        return example.clone();
    }
    if let Some(branch) = first("oneOf") {
        return sample(root, branch);
    }
    let kind = match of("type") {
        Some(Value::Array(kinds)) => kinds.first(),
        kind => kind,
    };
    match kind.and_then(Value::as_str) {
        // The only texts with a pattern are durations.
        Some("string") if of("pattern").is_some() => "1s".into(),
        Some("string") => "".into(),
        Some("boolean") => false.into(),
        Some("integer" | "number") => of("minimum").cloned().unwrap_or_else(|| 0.into()),
        Some("array") => Value::Array(vec![]),
        Some("object") => {
            let names = target.get("required").and_then(Value::as_array).into_iter().flatten();
            let names = names.filter_map(Value::as_str);
            let member = |name: &str| {
                let schema = target.get("properties").and_then(|known| known.get(name));
                (name.to_owned(), schema.map_or(Value::Null, |schema| sample(root, schema)))
            };
            Value::Object(names.map(member).collect())
        }
        _ => Value::Null,
    }
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
