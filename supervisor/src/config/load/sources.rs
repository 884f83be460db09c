//! Where the configuration of a tree comes from: remembered, so that it can be read again.

use std::path::PathBuf;

use super::LoadedConfig;
use crate::config::configurable::SupervisorConfig;
use crate::config::environment::Environment;
use crate::config::error::ConfigError;
use crate::spec::supervisor::SupervisorSpec;

/// A file or a value, and the variables over it. By default nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    base: Option<Base>,
    pub(crate) environment: Option<Environment>,
}

#[derive(Clone, Debug)]
enum Base {
    Value(Box<SupervisorConfig>),
    File(PathBuf),
}

impl Sources {
    /// The same variables over this value.
    pub(crate) fn with_value(&self, config: SupervisorConfig) -> Self {
        Self { base: Some(Base::Value(Box::new(config))), environment: self.environment.clone() }
    }

    /// The same variables over this file.
    pub(crate) fn with_file(&self, path: impl Into<PathBuf>) -> Self {
        Self { base: Some(Base::File(path.into())), environment: self.environment.clone() }
    }

    /// Whether there is a file that may have changed.
    pub(crate) fn have_a_file(&self) -> bool {
        matches!(self.base, Some(Base::File(_)))
    }

    /// Whether reading takes time: it looks at a disk, or at variables.
    pub(crate) fn are_outside(&self) -> bool {
        matches!(self.base, Some(Base::File(_))) || self.environment.is_some()
    }

    /// Reads all of it, for a certain tree. Blocks the thread on the disk.
    pub(crate) fn load(&self, spec: &SupervisorSpec) -> Result<LoadedConfig, ConfigError> {
        let value = || match &self.base {
            Some(Base::Value(config)) => SupervisorConfig::clone(config),
            Some(Base::File(_)) | None => SupervisorConfig::default(),
        };
        match (&self.base, &self.environment) {
            (Some(Base::File(path)), environment) => {
                let environment = environment.clone().unwrap_or_else(Environment::of_process);
                LoadedConfig::read_for(spec, path, &environment)
            }
            (_, None) => Ok(LoadedConfig::from(value())),
            (_, Some(environment)) => LoadedConfig::of_value_for(spec, value(), environment),
        }
    }
}
