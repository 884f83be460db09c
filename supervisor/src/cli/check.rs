//! `check`: everything that is wrong with a configuration, and what is unlikely to be meant.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use super::{Answer, Asked, Loaded};
use crate::error::types::SupervisorError;

impl Asked<'_> {
    pub(super) fn check(&self, file: Option<&PathBuf>) -> Result<Answer, SupervisorError> {
        let Loaded { config, spec } = self.load(file)?;
        let warnings = spec.validate()?.warnings();
        let path = config.path().map(|path| path.display().to_string());
        let mut text = match &path {
            Some(path) => format!("{path}: nothing is wrong"),
            None => "there is no configuration file, and nothing is wrong without one".into(),
        };
        let s = if warnings.len() == 1 { "" } else { "s" };
        if !warnings.is_empty() {
            _ = write!(text, ", {} warning{s}", warnings.len());
        }
        text.push('\n');
        for warning in &warnings {
            _ = writeln!(text, "  {warning}");
        }
        let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        Ok(self.format.done(
            text,
            || json!({ "ok": true, "file": path, "diagnostics": [], "warnings": warnings }),
        ))
    }
}
