//! The JSON Schema of a configuration, made from the types.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::configurable::SupervisorConfig;
use super::environment::{Environment, name_of};
use super::keys::{is_about_supervisors, is_about_tasks};
use super::settings::DeclaredSettings;
use crate::spec::NodeSpec;
use crate::spec::group::GroupKind;
use crate::spec::supervisor::SupervisorSpec;

pub use super::template::{template, template_of};

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
    with_their_bounds(&mut schema);
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
        properties["children"] = keys.children_of(spec, Environment::PREFIX);
    }
    if let Some(dynamic) = schema.pointer_mut("/properties/dynamic") {
        dynamic["items"] = keys.members_below(spec);
    }
    schema
}

const ABORT_WAIT_OF_A_SUPERVISOR: &str = "How long all that is below it may take to disappear when \
    it is aborted because the grace of the supervisor is over. By default each as long as it says.";

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
            stop["properties"]["grace"]["default"] = json!("infinite");
            let wait = &mut stop["properties"]["abort_wait"];
            wait["description"] = json!(ABORT_WAIT_OF_A_SUPERVISOR);
            wait["examples"] = json!(["1s"]);
            if let Some(wait) = wait.as_object_mut() {
                wait.remove("default");
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

    /// `variables` is how the names of its variables begin.
    fn supervisor(&self, spec: &SupervisorSpec, variables: &str) -> Value {
        if spec.group.kind != GroupKind::None {
            return self.group(spec, variables);
        }
        let mut keys = self.all.clone();
        keys.retain(|key, _| !is_about_tasks(key) && !is_of_groups(key));
        let stop = json!({ "$ref": "#/definitions/SupervisorStopSection" });
        keys.insert("shutdown".into(), or_null(&stop));
        keys.insert("children".into(), self.children_of(spec, variables));
        json!({ "type": "object", "additionalProperties": false, "properties": keys })
    }

    /// A pool or a many: what is about a task is about each of its children.
    fn group(&self, spec: &SupervisorSpec, variables: &str) -> Value {
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
            keys.insert("settings".into(), or_null(&shown(settings.schema(), Some(variables))));
        }
        keys.insert("children".into(), self.children_of(spec, variables));
        json!({ "type": "object", "additionalProperties": false, "properties": keys })
    }

    /// The section of a task that has these settings, if any.
    fn task_with(&self, settings: Option<&DeclaredSettings>, variables: Option<&str>) -> Value {
        match settings {
            Some(settings) => self.task(Some(&or_null(&shown(settings.schema(), variables)))),
            None => json!({ "$ref": "#/definitions/TaskSection" }),
        }
    }

    /// What can be a member of a pool somewhere below.
    fn members_below(&self, spec: &SupervisorSpec) -> Value {
        fn below(keys: &ChildKeys, spec: &SupervisorSpec, path: &str, members: &mut Vec<Value>) {
            if let Some(args) = spec.group.args {
                let settings = spec.group.settings.as_ref();
                let args = shown(args.schema(), None);
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
                        "overrides": or_null(&keys.task_with(settings, None)),
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

    fn children_of(&self, spec: &SupervisorSpec, variables: &str) -> Value {
        let children = spec.children().iter().map(|child| {
            let variables = format!("{variables}__{}", name_of(child.id()));
            let (section, what) = match child {
                NodeSpec::Child(task) => {
                    (self.task_with(task.settings.as_ref(), Some(&variables)), "a task")
                }
                NodeSpec::Supervisor(inner) => {
                    (self.supervisor(inner, &variables), inner.group.kind.in_words())
                }
            };
            let mut section = or_null(&section);
            section["description"] =
                format!("`{}`, {what}. Its variables: `{variables}__…`", child.id()).into();
            (child.id().to_owned(), section)
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

/// The schema of a child's own as others see it: without the defaults of what is secret, and with
/// the names of the variables that set its keys, as far as there are some.
fn shown(mut schema: Value, variables: Option<&str>) -> Value {
    let variables = variables.map(|variables| format!("{variables}__SETTINGS"));
    show(&mut schema, variables.as_deref());
    schema
}

fn show(schema: &mut Value, variable: Option<&str>) {
    let Some(map) = schema.as_object_mut() else { return };
    if map.get("writeOnly") == Some(&Value::Bool(true)) {
        map.remove("default");
    }
    if let Some(branches) = map.get_mut("anyOf").and_then(Value::as_array_mut) {
        for branch in branches {
            show(branch, variable);
        }
    }
    let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        let variable = variable.map(|variable| format!("{variable}__{}", name_of(name)));
        show(property, variable.as_deref());
        if let (Some(variable), Some(property)) = (variable, property.as_object_mut()) {
            let said = property.get("description").and_then(Value::as_str).unwrap_or_default();
            let said = format!("{said} Variable: `{variable}`.").trim_start().to_owned();
            property.insert("description".into(), said.into());
        }
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

/// How large a number can be that is one of a certain size.
pub(super) fn with_their_bounds(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let most = match map.get("format").and_then(Value::as_str) {
                Some("uint8") => Some(json!(u8::MAX)),
                Some("uint16") => Some(json!(u16::MAX)),
                Some("uint32") => Some(json!(u32::MAX)),
                Some("uint64" | "uint") => Some(json!(u64::MAX)),
                Some("int8") => Some(json!(i8::MAX)),
                Some("int16") => Some(json!(i16::MAX)),
                Some("int32") => Some(json!(i32::MAX)),
                Some("int64" | "int") => Some(json!(i64::MAX)),
                _ => None,
            };
            if let Some(most) = most {
                map.entry("maximum").or_insert(most);
            }
            map.values_mut().for_each(with_their_bounds);
        }
        Value::Array(items) => items.iter_mut().for_each(with_their_bounds),
        _ => {}
    }
}

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
