//! From files, and all that they include, and the environment, to one configuration that knows its
//! places.

mod certain;
pub(crate) mod sources;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use confique::{Config, Layer};
use serde_json::Value as Json;

use super::configurable::SupervisorConfig;
use super::effective::{EffectiveConfig, EffectiveValue, ValueOrigin};
use super::environment::Environment;
use super::error::{ConfigDiagnostic, ConfigError, ConfigFault, KeyPath};
use super::node::{Node, Value};
use super::schema::{json_schema, json_schema_of};
use super::source::{Location, Origin, Source};
use super::{overlay, secrets, tree, yaml};
use crate::spec::supervisor::SupervisorSpec;

/// The stack of the thread that reads. Sections nest as supervisors do, and without optimization
/// each takes 100 KiB.
const STACK: usize = 32 << 20;

/// A configuration out of files and the environment, and where each of its keys stands in them.
#[derive(Clone, Debug)]
pub struct LoadedConfig {
    config: SupervisorConfig,
    path: Option<PathBuf>,
    document: Option<Node>,
    version: OnceLock<Arc<str>>,
}

impl LoadedConfig {
    /// Reads `path` and everything that it includes. Blocks the thread on the disk.
    ///
    /// A file beats those that it includes, and of two includes the later one beats the earlier
    /// one. Sections are merged key by key, lists are replaced.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of the files.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        Ok(Self::on_a_thread(Start::file(path), &json_schema(), &Environment::none())?)
    }

    /// A configuration made in code with the `environment` over it, for a certain tree.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the variables.
    pub fn of_value_for(
        spec: &SupervisorSpec,
        config: SupervisorConfig,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let base = Self::from(config).document;
        let loaded = Self::on_a_thread(Start::Node(base), &json_schema_of(spec), environment);
        loaded.map_err(|unsound| unsound.beside_the_tree(spec))
    }

    /// The same for a certain tree, with the `environment` over the files: the children it names
    /// have to be in the tree.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of the files and variables.
    pub fn read_for(
        spec: &SupervisorSpec,
        path: impl AsRef<Path>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let loaded = Self::on_a_thread(Start::file(path), &json_schema_of(spec), environment);
        loaded.map_err(|unsound| unsound.beside_the_tree(spec))
    }

    /// A text that is no file, for a certain tree.
    pub(super) fn of_text(spec: &SupervisorSpec, text: &str) -> Result<Self, ConfigError> {
        let node = yaml::parse(&Source::manifest(text.to_owned()));
        let node = node.map_err(|problem| ConfigError::new(vec![problem]))?;
        let schema = json_schema_of(spec);
        Ok(Self::on_a_thread(Start::Node(Some(node)), &schema, &Environment::none())?)
    }

    fn on_a_thread(
        start: Start,
        schema: &Json,
        environment: &Environment,
    ) -> Result<Self, Unsound> {
        let thread = std::thread::Builder::new().name("config".into()).stack_size(STACK);
        std::thread::scope(|scope| {
            let read = thread
                .spawn_scoped(scope, || Self::read_here(start, schema, environment))
                .map_err(|error| {
                let fault = ConfigFault::Unreadable { message: error.to_string() };
                let problem = ConfigDiagnostic::new(None, KeyPath::default(), fault);
                Unsound { problems: vec![problem], rest: None }
            })?;
            read.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read_here(start: Start, schema: &Json, environment: &Environment) -> Result<Self, Unsound> {
        let (weaker, mut problems) = match &start {
            Start::File(path) => tree::read_all(path, schema),
            Start::Node(node) => (node.iter().cloned().collect(), Vec::new()),
        };
        let (mut variables, more) = environment.read(schema);
        problems.extend(more);
        variables.retain_mut(|variable| {
            // The files have been looked at one by one before.
            let Err(unsound) = variable.sift::<<SupervisorConfig as Config>::Layer>() else {
                return true;
            };
            problems.extend(unsound.problems);
            unsound.rest.is_some_and(|rest| {
                *variable = *rest;
                true
            })
        });
        let path = if let Start::File(path) = start { Some(path) } else { None };
        let document = variables.into_iter().chain(weaker).reduce(Node::over);
        match (Self::of_document(path, document), problems.is_empty()) {
            (Ok(whole), true) => Ok(whole),
            (Ok(rest), false) => Err(Unsound { problems, rest: Some(Box::new(rest)) }),
            (Err(more), _) => {
                problems.extend(more);
                Err(Unsound { problems, rest: None })
            }
        }
    }

    fn of_document(
        path: Option<PathBuf>,
        document: Option<Node>,
    ) -> Result<Self, Vec<ConfigDiagnostic>> {
        let layer = match document.as_ref().filter(|node| !matches!(node.value, Value::Null)) {
            Some(node) => node.read()?,
            None => <SupervisorConfig as Config>::Layer::empty(),
        };
        let layer = layer.with_fallback(<SupervisorConfig as Config>::Layer::default_values());
        let config = SupervisorConfig::from_layer(layer).map_err(|error| {
            let fault = ConfigFault::BadValue { message: error.to_string() };
            vec![ConfigDiagnostic::new(None, KeyPath::default(), fault)]
        })?;
        Ok(Self { config, path, document, version: OnceLock::new() })
    }

    /// The configuration itself.
    pub fn config(&self) -> &SupervisorConfig {
        &self.config
    }

    /// Names what it says: the same for all that say the same, and with the same version of this
    /// library in every process. `compiled` where nothing is said.
    pub fn version(&self) -> Arc<str> {
        let name = || {
            if self.config == SupervisorConfig::default() {
                return "compiled".into();
            }
            let text = serde_json::to_vec(&self.config).unwrap_or_default();
            // FNV-1a: nothing hangs on it but that two are told apart.
            let mix =
                |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            format!("{:016x}", text.iter().fold(0xcbf2_9ce4_8422_2325, mix)).into()
        };
        Arc::clone(self.version.get_or_init(name))
    }

    /// The same, without its places.
    pub fn into_config(self) -> SupervisorConfig {
        self.config
    }

    /// All that was read, put together.
    pub(super) fn document(&self) -> Option<&Node> {
        self.document.as_ref()
    }

    /// The file that was read first, unless the configuration was made in code.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Where the value of a key stands, if it is said.
    pub(super) fn place_of(&self, key: &KeyPath) -> Option<Location> {
        self.document.as_ref().and_then(|node| node.place_of(key)).cloned()
    }

    /// The same without the settings of children, for a tree whose children take none.
    #[cfg(feature = "record")]
    pub(crate) fn without_settings(mut self) -> Self {
        let root = KeyPath::of(&["supervisor", "children"]);
        let mut waiting = vec![(root, &mut self.config.supervisor.children)];
        while let Some((above, children)) = waiting.pop() {
            for (id, child) in children {
                let key = above.join(id);
                child.settings = None;
                if let Some(document) = &mut self.document {
                    document.remove(key.join("settings").segments());
                }
                waiting.push((key.join("children"), &mut child.children));
            }
        }
        self
    }

    /// What is wrong with one key beyond the tree.
    pub(crate) fn error_about(&self, key: KeyPath, fault: ConfigFault) -> ConfigError {
        let mut diagnostic = ConfigDiagnostic::new(None, key, fault);
        self.locate(&mut diagnostic);
        ConfigError::new(vec![diagnostic])
    }

    /// Lays it over a spec; see [`overlay`](overlay::overlay).
    ///
    /// # Errors
    ///
    /// As [`overlay`](overlay::overlay), each problem with its place in the files.
    pub fn overlay(&self, spec: SupervisorSpec) -> Result<SupervisorSpec, ConfigError> {
        let before = spec.clone();
        let nothing = || Node { at: Location::whole(&Source::code()), value: Value::Null };
        let document = self.document.clone().unwrap_or_else(nothing);
        let (spec, mut diagnostics) = overlay::overlay_with(spec, &self.config, &document);
        if diagnostics.is_empty() || !cfg!(plant_bug = "members_looked_at_last") {
            diagnostics.extend(self.wrong_members(&spec, &before));
        }
        if diagnostics.is_empty() {
            return Ok(spec);
        }
        for diagnostic in &mut diagnostics {
            self.locate(diagnostic);
        }
        if diagnostics.iter().any(is_rule) {
            let effective = self.effective(&before);
            for diagnostic in &mut diagnostics {
                relate(diagnostic, &effective);
            }
        }
        Err(ConfigError::new(diagnostics))
    }

    /// Puts in where the value stands that it is about, or the section that it is missing in.
    pub(super) fn locate_value(&self, diagnostic: &mut ConfigDiagnostic) {
        let at = self.place_of(diagnostic.key());
        let at = at.or_else(|| self.document.as_ref().map(|node| node.locate(diagnostic.key())));
        diagnostic.set_location(at.filter(|at| *at.source().origin() != Origin::Code));
    }

    fn locate(&self, diagnostic: &mut ConfigDiagnostic) {
        let is_code = |at: &Location| *at.source().origin() == Origin::Code;
        if let Some(at) = diagnostic.location().cloned() {
            diagnostic.set_location(Some(at).filter(|at| !is_code(at)));
            return;
        }
        let key = diagnostic.key();
        let value = if is_rule(diagnostic) { self.place_of(key) } else { None };
        let at = value.or_else(|| self.document.as_ref().map(|node| node.locate(key)));
        diagnostic.set_location(at.filter(|at| !is_code(at)));
    }
}

/// What could not be read, and what is right of the rest.
#[derive(Debug)]
struct Unsound {
    problems: Vec<ConfigDiagnostic>,
    rest: Option<Box<LoadedConfig>>,
}

impl Unsound {
    /// All that is wrong, with what of the rest does not fit the tree, so far as that is certain.
    fn beside_the_tree(mut self, spec: &SupervisorSpec) -> ConfigError {
        // seen by: cargo test -p supervisor-tests --test config_corpus
        let rest = self.rest.take().filter(|_| !cfg!(plant_bug = "shape_hides_children"));
        let of_tree = rest.and_then(|rest| rest.overlay(spec.clone()).err());
        let unread = self.problems.len();
        for problem in of_tree.into_iter().flat_map(ConfigError::into_diagnostics) {
            let is_around = |known: &ConfigDiagnostic| {
                known.key().segments().starts_with(problem.key().segments())
            };
            let (unread, _) = self.problems.split_at(unread);
            if certain::is_certain(&problem, unread) && !self.problems.iter().any(is_around) {
                self.problems.push(problem);
            }
        }
        self.into()
    }
}

impl From<Unsound> for ConfigError {
    fn from(unsound: Unsound) -> Self {
        Self::new(unsound.problems)
    }
}

fn is_rule(diagnostic: &ConfigDiagnostic) -> bool {
    matches!(diagnostic.fault(), ConfigFault::Rule { .. })
}

/// Says of a broken rule where the values come from that it is about: what the culprit has
/// overridden, and the other values that it does not go with.
fn relate(diagnostic: &mut ConfigDiagnostic, effective: &EffectiveConfig) {
    let ConfigFault::Rule { path, fault } = diagnostic.fault() else { return };
    let values = effective.explain(&overlay::at_fault(path, fault)).unwrap_or_default();
    let mut related = Vec::new();
    for key in overlay::concerned(fault) {
        let of_key = values.iter().filter(|it| starts_with(&it.key, &key) && !it.value.is_null());
        for EffectiveValue { key, value, origin, overrode, .. } in of_key {
            let is_culprit = match origin {
                ValueOrigin::Text { key, .. } | ValueOrigin::Value { key } => {
                    key == diagnostic.key()
                }
                ValueOrigin::BuiltIn
                | ValueOrigin::Role(_)
                | ValueOrigin::Code { .. }
                | ValueOrigin::Builder => false,
            };
            let text = super::schema::yaml(value);
            if !is_culprit {
                let location = origin.location().cloned();
                let place = match (&location, origin) {
                    (Some(_), _) => String::new(),
                    (None, ValueOrigin::BuiltIn) => ", built in".to_owned(),
                    (None, origin) => format!(", set in {origin}"),
                };
                related.push((location, format!("`{key}` is {text}{place}")));
            }
            let in_code =
                overrode.iter().find(|(_, origin)| matches!(origin, ValueOrigin::Code { .. }));
            if let (true, Some((value, origin))) = (is_culprit, in_code) {
                let text = super::schema::yaml(value);
                related.push((None, format!("it is set over {text} in {origin}")));
            }
        }
    }
    for (location, message) in related {
        diagnostic.relate(location, message);
    }
}

fn starts_with(path: &KeyPath, start: &[&str]) -> bool {
    let segments = path.segments();
    segments.len() >= start.len() && segments.iter().zip(start).all(|(a, b)| a == b)
}

/// Where reading starts.
enum Start {
    File(PathBuf),
    Node(Option<Node>),
}

impl Start {
    fn file(path: impl AsRef<Path>) -> Self {
        Self::File(tree::absolute(path.as_ref()))
    }
}

/// A configuration made in code has no places.
impl From<SupervisorConfig> for LoadedConfig {
    fn from(config: SupervisorConfig) -> Self {
        let json = serde_json::to_value(&config).unwrap_or_default();
        let document = Node::of_json(&json, &Location::whole(&Source::code()));
        Self { config, path: None, document: Some(document), version: OnceLock::new() }
    }
}

impl SupervisorConfig {
    /// Reads `path` and everything that it includes; see [`LoadedConfig::read`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of the files.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        LoadedConfig::read(path).map(LoadedConfig::into_config)
    }
}

/// A YAML text, for a test or a program that has its configuration from elsewhere.
///
/// Nothing can be included: a text is no file, and so is in no folder.
///
/// ```
/// use rust_supervisor::config::configurable::SupervisorConfig;
/// use rust_supervisor::policy::restart::Restart;
///
/// # fn main() -> Result<(), rust_supervisor::config::error::ConfigError> {
/// let config: SupervisorConfig = "policy: { restart: transient }".parse()?;
/// assert_eq!(config.policy.restart, Some(Restart::Transient));
/// let error = "policy: { restart: never }".parse::<SupervisorConfig>().unwrap_err();
/// assert!(error.to_string().contains("the text:1:20"));
/// # Ok(())
/// # }
/// ```
impl FromStr for SupervisorConfig {
    type Err = ConfigError;

    /// # Errors
    ///
    /// Everything that is wrong with the text, with its place in it.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let schema = json_schema();
        let source = Source::text_in_code(text.to_owned());
        let node = yaml::parse(&source).map_err(|problem| ConfigError::new(vec![problem]))?;
        secrets::hide(&source, &node, &schema);
        let start = Start::Node(Some(node));
        let loaded = LoadedConfig::on_a_thread(start, &schema, &Environment::none())?;
        if !loaded.config.include.is_empty() && !cfg!(plant_bug = "text_includes_nothing") {
            let message = "a text is in no folder that a file could be relative to".to_owned();
            let fault = ConfigFault::BadValue { message };
            return Err(loaded.error_about(KeyPath::of(&["include"]), fault));
        }
        Ok(loaded.config)
    }
}
