//! What the members of a pool are given, read from a configuration.

use std::any::{Any, type_name};
use std::fmt;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::error::{ConfigDiagnostic, ConfigFault, KeyPath, nearest};
use super::node::{Node, Value};
use super::schema::{resolve, with_their_bounds};
use super::secrets::is_secret_at;
use crate::task::member::Arguments;

/// What the arguments of a member can be read into.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a configuration",
    label = "its members take a `{Self}`, and the pool says `from_config`",
    note = "it derives `serde::Deserialize` and `schemars::JsonSchema`, and is `Clone`, `Send` and \
            `Sync`"
)]
pub trait ArgsType: DeserializeOwned + JsonSchema + Any + Clone + Send + Sync {}

impl<T: DeserializeOwned + JsonSchema + Any + Clone + Send + Sync> ArgsType for T {}

/// That the arguments of members can be read, and into which type.
#[derive(Clone, Copy)]
pub struct DeclaredArgs {
    name: fn() -> &'static str,
    schema: fn() -> Json,
    read: fn(&Node) -> Result<Arguments, Vec<ConfigDiagnostic>>,
}

impl fmt::Debug for DeclaredArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeclaredArgs").field(&self.type_name()).finish()
    }
}

impl DeclaredArgs {
    /// Arguments of type `A`.
    pub const fn of<A: ArgsType>() -> Self {
        Self { name: type_name::<A>, schema: schema_of::<A>, read: read::<A> }
    }

    pub(crate) fn type_name(&self) -> &'static str {
        (self.name)()
    }

    /// Closed: what it does not know is refused.
    pub(super) fn schema(&self) -> Json {
        (self.schema)()
    }

    /// Reads what stands at `key`; where nothing does, `node` is nothing at the nearest place.
    pub(super) fn read(
        &self,
        node: &Node,
        key: &KeyPath,
    ) -> Result<Arguments, Vec<ConfigDiagnostic>> {
        let schema = self.schema();
        let mut diagnostics = Vec::new();
        unknown_keys(&schema, Some(&schema), node, &KeyPath::default(), &mut diagnostics);
        let read = (self.read)(node).map_err(|more| {
            // What is unknown has been said, also where the type itself refuses it.
            let is_unknown = |problem: &ConfigDiagnostic| {
                matches!(problem.fault(), ConfigFault::UnknownKey { .. })
            };
            diagnostics.extend(more.into_iter().filter(|problem| !is_unknown(problem)));
        });
        match read {
            Ok(arguments) if diagnostics.is_empty() => Ok(arguments),
            _ => {
                let inside = |diagnostic: ConfigDiagnostic| {
                    let is_secret = is_secret_at(&schema, diagnostic.key());
                    diagnostic.inside(key, is_secret)
                };
                Err(diagnostics.into_iter().map(inside).collect())
            }
        }
    }
}

fn read<A: ArgsType>(node: &Node) -> Result<Arguments, Vec<ConfigDiagnostic>> {
    node.read::<A>().map(Arguments::new)
}

fn schema_of<A: ArgsType>() -> Json {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<A>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.remove("$schema");
        root.remove("title");
    }
    with_their_bounds(&mut schema);
    close(&mut schema);
    schema
}

/// Whether all that a value may hold is known by name, here alone.
fn is_closed(schema: &Map<String, Json>) -> bool {
    schema.contains_key("properties")
        && ["additionalProperties", "patternProperties", "allOf", "anyOf", "oneOf", "$ref"]
            .iter()
            .all(|open| !schema.contains_key(*open))
}

/// Refuses unknown keys wherever all known ones are named.
fn close(schema: &mut Json) {
    match schema {
        Json::Object(map) => {
            map.values_mut().for_each(close);
            if is_closed(map) {
                map.insert("additionalProperties".into(), Json::Bool(false));
            }
        }
        Json::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Finds the keys that a closed section does not know, which a type may read over.
fn unknown_keys(
    root: &Json,
    schema: Option<&Json>,
    node: &Node,
    path: &KeyPath,
    diagnostics: &mut Vec<ConfigDiagnostic>,
) {
    let Some(schema) = schema.map(|schema| resolve(root, schema)) else { return };
    match &node.value {
        Value::Map(entries) => {
            let properties = schema.get("properties").and_then(Json::as_object);
            let is_closed = schema.get("additionalProperties") == Some(&Json::Bool(false));
            for (name, entry) in entries {
                let property = properties.and_then(|properties| properties.get(name));
                let path = path.join(name);
                if let (None, Some(known), true) = (property, properties, is_closed) {
                    let fault = ConfigFault::UnknownKey {
                        name: name.clone(),
                        section: path.parent(),
                        nearest: nearest(name, known.keys().map(String::as_str)).map(str::to_owned),
                        known: known.keys().cloned().collect(),
                    };
                    diagnostics.push(ConfigDiagnostic::new(
                        Some(entry.key_at.clone()),
                        path,
                        fault,
                    ));
                    continue;
                }
                unknown_keys(root, property, &entry.node, &path, diagnostics);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = path.join(&index.to_string());
                unknown_keys(root, schema.get("items"), item, &path, diagnostics);
            }
        }
        _ => {}
    }
}
