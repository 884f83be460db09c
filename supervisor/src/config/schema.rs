//! The JSON Schema of a configuration, and the template with every key: both made from the types.

use std::sync::LazyLock;

use confique::Config;
use confique::meta::{Field, FieldKind, Meta};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::configurable::{ChildSection, SupervisorConfig};
use super::keys::{is_about_supervisors, is_about_tasks};
use super::settings::DeclaredSettings;
use crate::spec::NodeSpec;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;

/// The JSON Schema that an editor completes and checks a configuration file with.
pub fn json_schema() -> Value {
    SCHEMA.clone()
}

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<SupervisorConfig>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".into(), json!("Configuration of a supervision tree"));
    }
    without_empty_defaults(&mut schema);
    schema
});

/// The same as text: `supervisor.schema.json`.
pub fn json_schema_text() -> String {
    format!("{:#}\n", json_schema())
}

/// The same for one compiled tree: an editor knows each child by its id, and which keys it has.
pub fn json_schema_of(spec: &SupervisorSpec) -> Value {
    let mut schema = json_schema();
    let keys = ChildKeys::take(&mut schema);
    if let Some(properties) = schema.pointer_mut("/definitions/RootSection/properties") {
        properties["children"] = keys.children_of(spec);
    }
    if let Some(dynamic) = schema.pointer_mut("/properties/dynamic") {
        dynamic["items"] = keys.members_below(spec);
    }
    schema
}

/// What may be said about the children of a compiled tree.
struct ChildKeys {
    /// All keys of a child, by their names.
    all: Map<String, Value>,
}

impl ChildKeys {
    /// Puts the sections of a task and of the stop of a supervisor in the place of the section of
    /// any child.
    fn take(schema: &mut Value) -> Self {
        let mut all = Map::new();
        let Some(definitions) = schema.get_mut("definitions").and_then(Value::as_object_mut) else {
            return Self { all };
        };
        if let Some(Value::Object(mut child)) = definitions.remove("ChildSection")
            && let Some(Value::Object(keys)) = child.remove("properties")
        {
            all = keys;
        }
        let keys = Self { all };
        definitions.remove("DynamicSection");
        definitions.insert("TaskSection".into(), keys.task(None));
        if let Some(mut stop) = definitions.get("StopSection").cloned() {
            if let Some(keys) = stop.get_mut("properties").and_then(Value::as_object_mut) {
                keys.remove("abort_wait");
            }
            definitions.insert("SupervisorStopSection".into(), stop);
        }
        keys
    }

    fn task(&self, settings: Option<&Value>) -> Value {
        let mut keys = self.all.clone();
        keys.retain(|key, _| !is_about_supervisors(key) && !is_of_groups(key));
        if let Some(settings) = settings {
            keys.insert("settings".into(), settings.clone());
        }
        json!({ "type": "object", "additionalProperties": false, "properties": keys })
    }

    fn supervisor(&self, spec: &SupervisorSpec) -> Value {
        if spec.group.kind != GroupKind::None {
            return self.group(spec);
        }
        let mut keys = self.all.clone();
        keys.retain(|key, _| !is_about_tasks(key) && !is_of_groups(key));
        let stop = json!({ "$ref": "#/definitions/SupervisorStopSection" });
        keys.insert("shutdown".into(), or_null(&stop));
        keys.insert("children".into(), self.children_of(spec));
        json!({ "type": "object", "additionalProperties": false, "properties": keys })
    }

    /// A pool or a many: what is about a task is about each of its children.
    fn group(&self, spec: &SupervisorSpec) -> Value {
        let is_pool = spec.group.kind == GroupKind::Pool;
        let is_left_out = |key: &str| match key {
            "settings" => true,
            "strategy" | "start" | "auto_shutdown" | "count" => is_pool,
            "max_children" => !is_pool,
            _ => false,
        };
        let mut keys = self.all.clone();
        keys.retain(|key, _| !is_left_out(key));
        if let Some(settings) = &spec.group.settings {
            keys.insert("settings".into(), or_null(&settings.schema()));
        }
        keys.insert("children".into(), self.children_of(spec));
        json!({ "type": "object", "additionalProperties": false, "properties": keys })
    }

    /// The section of a task that has these settings, if any.
    fn task_with(&self, settings: Option<&DeclaredSettings>) -> Value {
        match settings {
            Some(settings) => self.task(Some(&or_null(&settings.schema()))),
            None => json!({ "$ref": "#/definitions/TaskSection" }),
        }
    }

    /// What can be a member of a pool somewhere below.
    fn members_below(&self, spec: &SupervisorSpec) -> Value {
        fn below(keys: &ChildKeys, spec: &SupervisorSpec, path: &str, members: &mut Vec<Value>) {
            if let Some(args) = spec.group.args {
                let settings = spec.group.settings.as_ref();
                let args = args.schema();
                let must_be_said = !can_be_left_out(&args);
                let required = [Some("pool"), Some("id"), must_be_said.then_some("args")];
                members.push(json!({
                    "type": "object",
                    "description": format!("A member of the pool `{path}`."),
                    "additionalProperties": false,
                    "required": required.into_iter().flatten().collect::<Vec<_>>(),
                    "properties": {
                        "pool": { "const": path, "description": "The path of the pool." },
                        "id": {
                            "type": "string",
                            "description": "What the member is called.",
                            "pattern": ID_PATTERN,
                        },
                        "args": if must_be_said { args } else { or_null(&args) },
                        "overrides": or_null(&keys.task_with(settings)),
                    },
                }));
            }
            for child in spec.children() {
                if let NodeSpec::Supervisor(inner) = child {
                    below(keys, inner, &format!("{path}/{}", inner.id()), members);
                }
            }
        }
        let mut members = Vec::new();
        below(self, spec, "/root", &mut members);
        // Nothing can be said where no pool says `from_config`.
        if members.is_empty() { json!({ "not": {} }) } else { json!({ "anyOf": members }) }
    }

    fn children_of(&self, spec: &SupervisorSpec) -> Value {
        let children = spec.children().iter().map(|child| {
            let section = match child {
                NodeSpec::Child(task) => self.task_with(task.settings.as_ref()),
                NodeSpec::Supervisor(inner) => self.supervisor(inner),
            };
            (child.id().to_owned(), or_null(&section))
        });
        let children: Map<_, _> = children.collect();
        json!({
            "description": "What is said about single children, by their ids.",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": children,
        })
    }
}

/// Whether the key is there for some children only, by what they are.
fn is_of_groups(key: &str) -> bool {
    matches!(key, "settings" | "count" | "max_children")
}

/// Whether what has this schema can be read from nothing.
fn can_be_left_out(schema: &Value) -> bool {
    let types = match schema.get("type") {
        Some(Value::String(only)) => vec![only.as_str()],
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let asks_nothing = schema.get("required").and_then(Value::as_array).is_none_or(Vec::is_empty);
    types.contains(&"null") || (types.contains(&"object") && asks_nothing)
}

/// What a child can be called.
const ID_PATTERN: &str = "^[A-Za-z0-9_.-]{1,128}$";

fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A configuration file with every key, its meaning, bounds and default: everything but the
/// sections behind a single `#`. It loads as it is, and with every such line taken out of its
/// comment.
pub fn template() -> String {
    let schema = json_schema();
    let mut printer = Printer { root: &schema, out: String::from(HEAD) };
    for (field, section) in in_order(&SupervisorConfig::META, &schema) {
        printer.out.push('\n');
        printer.key(field, section, None, 0, "");
    }
    printer.out
}

const HEAD: &str = "\
# yaml-language-server: $schema=supervisor.schema.json
#
## Every key there is. A line behind a single `#` shows a key with its default, or with an example
## where it has none: take the `#` away to set it. Lines behind `##` explain.
##
## Durations have a unit: 250ms, 10s, 1m 30s.
";

/// What the derives say about fields that are left out.
fn without_empty_defaults(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let is_empty =
                |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
            if map.get("default").is_some_and(is_empty) {
                map.remove("default");
            }
            map.values_mut().for_each(without_empty_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_empty_defaults),
        _ => {}
    }
}

/// The keys of a section in the order of their declaration, which the schema forgets.
fn in_order<'a>(
    meta: &'static Meta,
    section: &'a Value,
) -> impl Iterator<Item = (&'static Field, &'a Value)> {
    let properties = section.get("properties");
    meta.fields.iter().filter_map(move |field| Some((field, properties?.get(field.name)?)))
}

struct Printer<'a> {
    root: &'a Value,
    out: String,
}

impl<'a> Printer<'a> {
    fn line(&mut self, depth: usize, text: &str) {
        self.out.extend(std::iter::repeat_n("  ", depth));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn key(
        &mut self,
        field: &'static Field,
        schema: &'a Value,
        default: Option<&'a Value>,
        depth: usize,
        mark: &str,
    ) {
        let name = field.name;
        let target = resolve(self.root, schema);
        self.comment(schema, target, depth);
        let default = default.or_else(|| schema.get("default"));
        match (field.kind, target.get("additionalProperties")) {
            (FieldKind::Nested { meta }, _) => {
                // A section by itself says nothing, so it need not be a comment.
                self.line(depth, &format!("{mark}{name}:"));
                for (field, key) in in_order(meta, target) {
                    let default = default.and_then(|default| default.get(field.name));
                    self.key(field, key, default, depth + 1, mark);
                }
            }
            // Once is enough: a child has the same keys at every depth.
            (FieldKind::Leaf { .. }, Some(child)) if depth == 1 => {
                self.line(depth, &format!("#{name}:"));
                self.line(depth + 1, "#ID:");
                for (field, key) in in_order(&ChildSection::META, resolve(self.root, child)) {
                    self.key(field, key, None, depth + 2, "#");
                }
            }
            (FieldKind::Leaf { .. }, Some(_)) => self.line(depth, &format!("#{name}: {{}}")),
            (FieldKind::Leaf { .. }, None) => {
                let value = default.or_else(|| schema.pointer("/examples/0"));
                let value = value.map(yaml).unwrap_or_default();
                self.line(depth, &format!("#{name}: {value}"));
            }
        }
    }

    /// The description, and the words that there are.
    fn comment(&mut self, schema: &Value, target: &Value, depth: usize) {
        let text = |value: &Value| {
            let text = value.get("description").and_then(Value::as_str).unwrap_or_default();
            text.replace('\n', " ")
        };
        let width = 96 - 2 * depth;
        for line in wrap(&format!("{}{}", text(schema), bounds(schema)), width) {
            self.line(depth, &format!("## {line}"));
        }
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
}

fn bounds(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" From {least} to {most}."),
        (Some(least), None) if least.as_f64() != Some(0.0) => format!(" At least {least}."),
        _ => String::new(),
    }
}

/// What stands behind references and beside null.
pub(super) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let target = reference.and_then(|path| root.pointer(path.trim_start_matches('#')));
    if let Some(target) = target {
        return resolve(root, target);
    }
    let branches = schema.get("anyOf").or_else(|| schema.get("allOf"));
    let mut branches = branches.and_then(Value::as_array).into_iter().flatten();
    let branch = branches.find(|branch| branch["type"] != "null");
    branch.map_or(schema, |branch| resolve(root, branch))
}

/// A default as it is written in a file.
pub(crate) fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
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
