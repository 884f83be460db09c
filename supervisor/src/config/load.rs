//! From a file, and all that it includes, to one configuration that knows its places.

use std::path::{Path, PathBuf};

use confique::{Config, Layer};

use super::configurable::SupervisorConfig;
use super::error::{ConfigError, ConfigFault, ConfigProblem, KeyPath};
use super::node::{Node, Value};
use super::{overlay, tree};
use crate::spec::supervisor::SupervisorSpec;

/// The stack of the thread that reads. Sections nest as supervisors do, and without optimization
/// each takes 100 KiB.
const STACK: usize = 32 << 20;

/// A configuration out of files, and where each of its keys stands in them.
#[derive(Clone, Debug)]
pub struct LoadedConfig {
    config: SupervisorConfig,
    path: Option<PathBuf>,
    document: Option<Node>,
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
        let path = tree::absolute(path.as_ref());
        let thread = std::thread::Builder::new().name("config".into()).stack_size(STACK);
        std::thread::scope(|scope| {
            let read = thread.spawn_scoped(scope, || Self::read_here(&path)).map_err(|error| {
                let fault = ConfigFault::Unreadable { message: error.to_string() };
                ConfigError::new(vec![ConfigProblem::new(None, KeyPath::default(), fault)])
            })?;
            read.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read_here(path: &Path) -> Result<Self, ConfigError> {
        let nodes = tree::read_all(path).map_err(ConfigError::new)?;
        let document = nodes.into_iter().reduce(Node::over);
        let layer = match document.as_ref().filter(|node| !matches!(node.value, Value::Null)) {
            Some(node) => node.read().map_err(ConfigError::new)?,
            None => <SupervisorConfig as Config>::Layer::empty(),
        };
        let layer = layer.with_fallback(<SupervisorConfig as Config>::Layer::default_values());
        let config = SupervisorConfig::from_layer(layer).map_err(|error| {
            let fault = ConfigFault::BadValue { message: error.to_string() };
            ConfigError::new(vec![ConfigProblem::new(None, KeyPath::default(), fault)])
        })?;
        Ok(Self { config, path: Some(path.to_owned()), document })
    }

    /// The configuration itself.
    pub fn config(&self) -> &SupervisorConfig {
        &self.config
    }

    /// The same, without its places.
    pub fn into_config(self) -> SupervisorConfig {
        self.config
    }

    /// The file that was read first, unless the configuration was made in code.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Lays it over a spec; see [`overlay`](overlay::overlay).
    ///
    /// # Errors
    ///
    /// As [`overlay`](overlay::overlay), each problem with its place in the files.
    pub fn overlay(&self, spec: SupervisorSpec) -> Result<SupervisorSpec, ConfigError> {
        overlay::overlay(spec, &self.config).map_err(|mut error| {
            for problem in error.problems_mut() {
                let at = self.document.as_ref().map(|node| node.locate(problem.key()));
                problem.set_location(at);
            }
            error
        })
    }
}

/// A configuration made in code has no places.
impl From<SupervisorConfig> for LoadedConfig {
    fn from(config: SupervisorConfig) -> Self {
        Self { config, path: None, document: None }
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
