//! Settings of a child's own: typed, read from its entry before the first child starts.

use std::any::{Any, type_name};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use confique::meta::{FieldKind, LeafKind, Meta};
use confique::{Config, Layer};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

use super::error::{ConfigDiagnostic, ConfigFault, KeyPath, nearest};
use super::node::{Node, Value};
use super::schema::with_their_bounds;
use super::secrets::{MASK, is_secret_at};
use super::source::Location;
use crate::policy::failure::TaskFailureKind;
use crate::task::exit::TaskFailure;
use crate::tree::parameter::{Extract, Run, RunContext};

/// A parameter of a child: its own settings, from `settings` in its entry in the configuration.
///
/// They are read, and everything that is wrong with them is reported, before the first child
/// starts; each run of the child gets the same ones. `T` is a `confique::Config` and a
/// `schemars::JsonSchema`, so that the template, the schema and the environment know its keys.
///
/// ```
/// use confique::Config;
/// use rust_supervisor::config::environment::Environment;
/// use rust_supervisor::config::settings::Settings;
/// use rust_supervisor::prelude::*;
/// use schemars::JsonSchema;
///
/// /// How the ledger writes.
/// #[derive(Config, JsonSchema)]
/// struct Batches {
///     /// How many entries are written at once.
///     #[config(default = 100)]
///     batch_size: u32,
/// }
///
/// #[child]
/// async fn ledger(ctx: TaskContext, settings: Settings<Batches>) {
///     assert_eq!(settings.batch_size, 500);
///     ctx.stopped().await;
/// }
///
/// #[supervisor]
/// struct App {
///     ledger: ledger,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), SupervisorError> {
/// // What a file says as `supervisor: { children: { ledger: { settings: { batch_size: 500 } } } }`.
/// let environment = Environment::of([("RUST_SUPERVISOR__LEDGER__SETTINGS__BATCH_SIZE", "500")]);
/// let app = App::builder(()).environment(environment).start().await?;
/// # app.shutdown(("doc", "end of the example")).await?;
/// # Ok(())
/// # }
/// ```
///
/// A unit test calls the function with `Settings::from(value)`.
pub struct Settings<T>(Arc<T>);

impl<T> Clone for Settings<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Settings<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Settings<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

/// Without what is set, which may be a secret.
impl<T> fmt::Debug for Settings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl<S, C: RunContext, T: SettingsType> Extract<S, C> for Settings<T> {
    fn extract(run: &Run<S, C>) -> Result<Self, TaskFailure> {
        let settings = run.context.read_settings().and_then(ReadSettings::get);
        settings.ok_or_else(|| {
            TaskFailure::new(TaskFailureKind::FatalBug, "its settings have not been read")
        })
    }
}

/// A parameter that is made of settings.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a configuration",
    note = "the `T` of `Settings<T>` derives `confique::Config` and `schemars::JsonSchema`, and is \
            `Send` and `Sync`"
)]
pub trait TakesSettings {
    /// Of which type.
    const SETTINGS: DeclaredSettings;
}

impl<T: SettingsType> TakesSettings for Settings<T> {
    const SETTINGS: DeclaredSettings = DeclaredSettings::of::<T>();
}

impl ReadSettings {
    pub(crate) fn get<T: SettingsType>(&self) -> Option<Settings<T>> {
        Arc::clone(&self.0).downcast().ok().map(Settings)
    }
}

/// What settings can be read into.
pub trait SettingsType: Config + JsonSchema + Send + Sync + 'static {}

impl<T: Config + JsonSchema + Send + Sync + 'static> SettingsType for T {}

/// Settings as they were read.
#[derive(Clone)]
pub struct ReadSettings(Arc<dyn Any + Send + Sync>);

/// Without what is set, which may be a secret.
impl fmt::Debug for ReadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadSettings").finish_non_exhaustive()
    }
}

/// That a child takes settings, and of which type.
#[derive(Clone, Copy)]
pub struct DeclaredSettings {
    name: fn() -> &'static str,
    schema: fn() -> Json,
    meta: &'static Meta,
    read: fn(&Node) -> Result<ReadSettings, Vec<ConfigDiagnostic>>,
}

impl fmt::Debug for DeclaredSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeclaredSettings").field(&(self.name)()).finish()
    }
}

impl DeclaredSettings {
    /// Settings of type `T`.
    pub const fn of<T: SettingsType>() -> Self {
        Self { name: type_name::<T>, schema: schema_of::<T>, meta: &T::META, read: read::<T> }
    }

    pub(super) fn schema(&self) -> Json {
        (self.schema)()
    }

    /// Its keys, in their order.
    pub(super) fn meta(&self) -> &'static Meta {
        self.meta
    }

    /// Reads what stands at `key`, where it is said at all.
    pub(super) fn read(
        &self,
        node: Option<&Node>,
        nowhere: &Location,
        key: &KeyPath,
    ) -> Result<ReadSettings, Vec<ConfigDiagnostic>> {
        let empty = Node { at: nowhere.clone(), value: Value::Map(BTreeMap::new()) };
        let schema = self.schema();
        (self.read)(node.unwrap_or(&empty)).map_err(|diagnostics| {
            let hide = |diagnostic: ConfigDiagnostic| {
                let is_secret = is_secret_at(&schema, diagnostic.key());
                diagnostic.inside(key, is_secret)
            };
            diagnostics.into_iter().map(hide).collect()
        })
    }
}

fn read<T: SettingsType>(node: &Node) -> Result<ReadSettings, Vec<ConfigDiagnostic>> {
    let mut diagnostics = Vec::new();
    check_keys(&T::META, node, node, &KeyPath::default(), &mut diagnostics);
    let layer = match node.read::<T::Layer>() {
        Ok(layer) => layer,
        Err(more) => {
            // What is unknown has been said, also where the type itself refuses it.
            let is_unknown = |problem: &ConfigDiagnostic| {
                matches!(problem.fault(), ConfigFault::UnknownKey { .. })
            };
            diagnostics.extend(more.into_iter().filter(|problem| !is_unknown(problem)));
            return Err(diagnostics);
        }
    };
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let settings = T::from_layer(layer.with_fallback(T::Layer::default_values()));
    settings.map(|settings| ReadSettings(Arc::new(settings))).map_err(|error| {
        let fault = ConfigFault::BadValue { message: error.to_string() };
        vec![ConfigDiagnostic::new(Some(node.at.clone()), KeyPath::default(), fault)]
    })
}

/// Finds the keys that are not known, and those that nobody has set.
fn check_keys(
    meta: &'static Meta,
    section: &Node,
    around: &Node,
    path: &KeyPath,
    diagnostics: &mut Vec<ConfigDiagnostic>,
) {
    let nothing = BTreeMap::new();
    let entries = match &section.value {
        Value::Map(entries) => entries,
        Value::Null => &nothing,
        // Refused for what it is.
        _ => return,
    };
    let names = || meta.fields.iter().map(|field| field.name);
    for (name, entry) in entries {
        if names().all(|known| known != name) {
            let fault = ConfigFault::UnknownKey {
                name: name.clone(),
                section: path.clone(),
                nearest: nearest(name, names()).map(str::to_owned),
                known: names().map(str::to_owned).collect(),
            };
            let at = Some(entry.key_at.clone());
            diagnostics.push(ConfigDiagnostic::new(at, path.join(name), fault));
        }
    }
    for field in meta.fields {
        let entry = entries.get(field.name).map(|entry| &entry.node);
        let entry = entry.filter(|node| !matches!(node.value, Value::Null));
        match field.kind {
            FieldKind::Nested { meta } => {
                let nobody = Node { at: around.at.clone(), value: Value::Null };
                let (section, around) = entry.map_or((&nobody, around), |node| (node, node));
                check_keys(meta, section, around, &path.join(field.name), diagnostics);
            }
            FieldKind::Leaf { kind: LeafKind::Required { default: None }, .. }
                if entry.is_none() =>
            {
                let at = Some(around.at.clone());
                let fault = ConfigFault::MissingSetting;
                diagnostics.push(ConfigDiagnostic::new(at, path.join(field.name), fault));
            }
            FieldKind::Leaf { .. } => {}
        }
    }
}

/// The schema of the section: no key is required there, because a default or another file may say
/// it; each may be null, and knows its default.
fn schema_of<T: SettingsType>() -> Json {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(root) = schema.as_object_mut() {
        root.remove("$schema");
        root.remove("title");
    }
    with_their_bounds(&mut schema);
    repair(&T::META, &mut schema);
    schema
}

fn repair(meta: &'static Meta, schema: &mut Json) {
    let Some(section) = schema.as_object_mut() else { return };
    section.remove("required");
    section.insert("additionalProperties".into(), Json::Bool(false));
    let Some(properties) = section.get_mut("properties").and_then(Json::as_object_mut) else {
        return;
    };
    for field in meta.fields {
        let Some(property) = properties.get_mut(field.name) else { continue };
        match field.kind {
            FieldKind::Nested { meta } => {
                repair(meta, property);
                let_be_null(property);
            }
            FieldKind::Leaf { kind, .. } => {
                let_be_null(property);
                if let LeafKind::Required { default: Some(default) } = kind
                    && let (Some(property), Ok(default)) =
                        (property.as_object_mut(), serde_json::to_value(default))
                {
                    property.insert("default".into(), default);
                }
            }
        }
    }
}

/// Null says nothing.
fn let_be_null(schema: &mut Json) {
    let Some(map) = schema.as_object_mut() else { return };
    // A word that has to be one of some is not null, whatever its type.
    let is_plain = ["enum", "const", "properties", "oneOf", "anyOf", "allOf"];
    let is_plain = !is_plain.iter().any(|key| map.contains_key(*key));
    match map.get_mut("type") {
        Some(Json::Array(kinds)) if is_plain => {
            if !kinds.iter().any(|kind| kind == "null") {
                kinds.push("null".into());
            }
        }
        Some(kind @ Json::String(_)) if is_plain => *kind = json!([kind.take(), "null"]),
        _ => {
            let about = ["description", "writeOnly"].map(|key| (key, map.get(key).cloned()));
            *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] });
            for (key, value) in about {
                if let Some(value) = value {
                    schema[key] = value;
                }
            }
        }
    }
}

/// What is said about a value that must not be shown.
pub(super) fn without_secret(fault: ConfigFault) -> ConfigFault {
    let hidden = format!("`{MASK}`");
    match fault {
        ConfigFault::WrongValue { expected, .. } => {
            ConfigFault::WrongValue { expected, found: hidden }
        }
        ConfigFault::UnknownWord { known, .. } => {
            ConfigFault::UnknownWord { found: hidden, nearest: None, known }
        }
        ConfigFault::BadValue { .. } => {
            ConfigFault::BadValue { message: "the value, which is a secret, cannot be used".into() }
        }
        fault => fault,
    }
}
