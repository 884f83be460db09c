//! The only place that knows `rust-config-tree`, which walks the includes: in which order, relative
//! to which file, and that no file includes itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use confique::{Config, Layer};
use rust_config_tree::{
    ConfigSchema, ConfigSource, ConfigTreeError, ConfigTreeOptions, IncludeOrder,
    absolutize_lexical, resolve_include_path,
};
use serde::Deserialize;
use serde_json::Value as Json;

use super::configurable::SupervisorConfig;
use super::error::{ConfigDiagnostic, ConfigFault, KeyPath};
use super::node::{Node, Value};
use super::source::{Location, Source};
use super::{read, secrets, yaml};

/// How many files one configuration may have.
pub(super) const MAX_FILES: usize = 64;

/// How many files may stand between the first and the innermost.
pub(super) const MAX_DEPTH: usize = 16;

impl ConfigSchema for SupervisorConfig {
    fn include_paths(layer: &<Self as Config>::Layer) -> Vec<PathBuf> {
        layer.include.clone().unwrap_or_default()
    }
}

/// Reads `path` and everything that it includes, and checks each file against the types; `schema`
/// says what in it is secret.
///
/// The strongest file comes first: each before what it includes, and of two includes the later one.
pub(super) fn read_all(path: &Path, schema: &Json) -> (Vec<Node>, Vec<ConfigDiagnostic>) {
    let walk = Walk { schema, reached: HashMap::new(), files: 0, problems: Vec::new() };
    let walk = RefCell::new(walk);
    let options = ConfigTreeOptions::default().include_order(IncludeOrder::Reverse);
    let tree = options.load(path, |file| -> Result<_, Stop> { walk.borrow_mut().visit(file) });
    let walk = walk.into_inner();
    match tree {
        Ok(tree) => (tree.into_values(), walk.problems),
        Err(error) => (Vec::new(), walk.end(path, error)),
    }
}

/// Ends the walk. What it is about has been written down.
#[derive(Debug, thiserror::Error)]
#[error("the walk has ended")]
struct Stop;

/// How a file came to be read.
#[derive(Clone)]
struct Reached {
    depth: usize,
    /// The item of the `include` list.
    by: (Location, KeyPath),
}

struct Walk<'a> {
    schema: &'a Json,
    reached: HashMap<PathBuf, Reached>,
    files: usize,
    problems: Vec<ConfigDiagnostic>,
}

impl Walk<'_> {
    /// Reads one file. One that cannot be read stops nothing but its own includes.
    fn visit(&mut self, file: &Path) -> Result<ConfigSource<Node>, Stop> {
        let reached = self.reached.get(file).cloned();
        let depth = reached.as_ref().map_or(0, |reached| reached.depth);
        self.files += 1;
        if self.files > MAX_FILES {
            self.report(file, reached, ConfigFault::TooManyFiles);
            return Err(Stop);
        }
        if depth > MAX_DEPTH {
            self.report(file, reached, ConfigFault::IncludedTooDeep);
            return Err(Stop);
        }
        let nothing =
            |source: &Arc<Source>| Node { at: Location::whole(source), value: Value::Null };
        let text = match read::read(file) {
            Ok(text) => text,
            Err(fault) => {
                let fault = if reached.is_some() {
                    ConfigFault::Include { file: file.to_owned(), fault: Box::new(fault) }
                } else {
                    fault
                };
                self.report(file, reached, fault);
                let source = Source::file(file, String::new());
                return Ok(ConfigSource::new(nothing(&source), vec![]));
            }
        };
        let source = Source::file(file, text);
        let mut node = match yaml::parse(&source) {
            Ok(node) => node,
            Err(problem) => {
                self.problems.push(problem);
                return Ok(ConfigSource::new(nothing(&source), vec![]));
            }
        };
        secrets::hide(&source, &node, self.schema);
        // Each file by itself, so that a mistake is found although a stronger file hides it.
        let layer = node.sift::<<SupervisorConfig as Config>::Layer>().unwrap_or_else(|unsound| {
            self.problems.extend(unsound.problems);
            // What it includes, and what is right of the rest, is looked at all the same.
            let include = match &node.value {
                Value::Map(entries) => entries.get("include").map(|entry| &entry.node),
                _ => None,
            };
            let include = include.and_then(|include| Vec::deserialize(include).ok());
            let mut layer = <SupervisorConfig as Config>::Layer::empty();
            layer.include = include;
            node = unsound.rest.map_or_else(|| nothing(&source), |rest| *rest);
            layer
        });
        let includes = self.includes(file, depth, &node, &layer);
        Ok(ConfigSource::new(node, includes))
    }

    /// The files that `file` includes, once each.
    fn includes(
        &mut self,
        file: &Path,
        depth: usize,
        node: &Node,
        layer: &<SupervisorConfig as Config>::Layer,
    ) -> Vec<PathBuf> {
        let mut includes = SupervisorConfig::include_paths(layer);
        for (index, include) in includes.iter().enumerate() {
            let key = KeyPath::of(&["include", &index.to_string()]);
            let at = node.locate(&key);
            if include.as_os_str().is_empty() {
                self.problems.push(ConfigDiagnostic::new(Some(at), key, ConfigFault::EmptyInclude));
                continue;
            }
            let target = resolve_include_path(file, include);
            self.reached.insert(target, Reached { depth: depth + 1, by: (at, key) });
        }
        includes.retain(|include| !include.as_os_str().is_empty());
        includes
    }

    fn report(&mut self, file: &Path, reached: Option<Reached>, fault: ConfigFault) {
        let (at, key) = reached.map_or_else(
            || (Location::whole(&Source::file(file, String::new())), KeyPath::default()),
            |reached| reached.by,
        );
        self.problems.push(ConfigDiagnostic::new(Some(at), key, fault));
    }

    fn end(mut self, path: &Path, error: ConfigTreeError) -> Vec<ConfigDiagnostic> {
        match error {
            // Written down before the walk was ended.
            ConfigTreeError::Load { .. } | ConfigTreeError::EmptyIncludePath { .. } => {}
            ConfigTreeError::CurrentDir { source } => {
                let fault = ConfigFault::NoWorkingDirectory { message: source.to_string() };
                self.report(path, None, fault);
            }
            ConfigTreeError::IncludeCycle { chain } => {
                let reached = chain.last().and_then(|file| self.reached.get(file)).cloned();
                let fault = ConfigFault::IncludeCycle { files: chain };
                self.report(path, reached, fault);
            }
        }
        self.problems
    }
}

/// The whole path of a file, without `.` and `..`.
pub(super) fn absolute(path: &Path) -> PathBuf {
    absolutize_lexical(path).unwrap_or_else(|_| path.to_owned())
}
