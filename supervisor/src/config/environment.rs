//! The environment over the files: which key a variable sets, found by walking the tree.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use super::error::{ConfigDiagnostic, ConfigFault, KeyPath, nearest};
use super::node::{Entry, Node, Value};
use super::schema::resolve;
use super::source::{Location, Source};
use super::{secrets, yaml};

/// Variables of the environment that set keys of a configuration.
///
/// A name is made of the prefix, the ids of the children on the way and the key, in upper case and
/// joined by `__`: `RUST_SUPERVISOR__PAYMENTS__LEDGER__BACKOFF__MAX`,
/// `RUST_SUPERVISOR__POLICY__RESTART`. What is no letter and no digit in an id is a `_`. A variable
/// is as strong as the key it sets, and beats the files there. An empty one is not set; one with
/// the prefix that sets nothing is a mistake.
#[derive(Clone)]
pub struct Environment {
    prefix: String,
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// What the names begin with unless [`with_prefix`](Self::with_prefix) says otherwise.
    pub const PREFIX: &'static str = "RUST_SUPERVISOR";

    /// The variables of this process, as they are now.
    pub fn of_process() -> Self {
        Self { prefix: Self::PREFIX.to_owned(), variables: env::vars_os().collect() }
    }

    /// These variables, whatever those of the process are.
    pub fn of<N: Into<OsString>, V: Into<OsString>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { prefix: Self::PREFIX.to_owned(), variables: variables.collect() }
    }

    /// No variables at all.
    pub fn none() -> Self {
        Self { prefix: Self::PREFIX.to_owned(), variables: Vec::new() }
    }

    /// The same variables, of which those count that begin with `prefix` and `__`.
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// What the variables say about a tree with this `schema`, strongest first, and what is wrong
    /// with them.
    pub(super) fn read(&self, schema: &Json) -> (Vec<Node>, Vec<ConfigDiagnostic>) {
        let (mut nodes, mut problems) = (Vec::new(), Vec::new());
        let prefix = format!("{}__", self.prefix);
        let ours: BTreeMap<_, _> = self
            .variables
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value)))
            .filter_map(|(name, value)| Some((name, name.strip_prefix(&prefix)?, value)))
            .map(|(name, rest, value)| (name, (rest, value)))
            .collect();
        for (name, (rest, value)) in ours {
            if value.is_empty() && !cfg!(plant_bug = "empty_variable_set") {
                continue;
            }
            match self.variable(name, rest, value, schema) {
                Ok(node) => nodes.push(node),
                Err(problem) => problems.push(problem),
            }
        }
        (nodes, problems)
    }

    fn variable(
        &self,
        name: &str,
        rest: &str,
        value: &OsString,
        schema: &Json,
    ) -> Result<Node, ConfigDiagnostic> {
        let whole = Location::whole(&Source::variable(name, String::new()));
        let refuse = |key, fault| ConfigDiagnostic::new(Some(whole.clone()), key, fault);
        let (path, leaf) = match &mut *keys(schema, rest) {
            [] => {
                let names = names(schema);
                let names = names.iter().map(|known| format!("{}__{known}", self.prefix));
                let names: Vec<_> = names.collect();
                let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
                let fault = ConfigFault::UnknownVariable { name: name.to_owned(), nearest };
                return Err(refuse(KeyPath::default(), fault));
            }
            [(path, leaf)] => (std::mem::take(path), *leaf),
            several => {
                let keys = several.iter().map(|(path, _)| KeyPath::from(path.clone())).collect();
                let fault = ConfigFault::AmbiguousVariable { name: name.to_owned(), keys };
                return Err(refuse(KeyPath::default(), fault));
            }
        };
        let Some(text) = value.to_str() else {
            return Err(refuse(path.into(), ConfigFault::VariableNotUtf8));
        };
        let source = Source::variable(name, text.to_owned());
        let mut node = scalar_or_section(&source, resolve(schema, leaf));
        for segment in path.into_iter().rev() {
            let entry = Entry { key_at: node.at.clone(), node };
            let at = entry.key_at.clone();
            node = Node { at, value: Value::Map(BTreeMap::from([(segment, entry)])) };
        }
        secrets::hide(&source, &node, schema);
        Ok(node)
    }
}

/// Without the values, which may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// What a variable says. A text is the value as it is; everything else is written as in a file.
fn scalar_or_section(source: &Arc<Source>, schema: &Json) -> Node {
    let as_it_is = || {
        let at = Location::new(source, 0..source.text().len());
        Node { at, value: Value::Text(source.text().to_owned()) }
    };
    // Where a text can stand, it is one: nothing is said by an empty variable, and not by null.
    let is_text = |kind: &Json| kind == "string";
    let kinds = schema.get("type");
    if kinds.is_some_and(|kinds| {
        is_text(kinds) || kinds.as_array().is_some_and(|kinds| kinds.iter().any(is_text))
    }) {
        return as_it_is();
    }
    // What is no YAML is no number, word or section either, and is refused as what it is.
    yaml::parse(source).unwrap_or_else(|_| as_it_is())
}

/// How a child or a key is called in the name of a variable.
pub(super) fn name_of(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect()
}

/// What the variable is called that sets this key of a child, with the prefix that there is unless
/// a program has another.
pub(super) fn variable_of(key: &KeyPath) -> Option<String> {
    let [first, rest @ ..] = key.segments() else { return None };
    if first != "supervisor" {
        return None;
    }
    let mut name = Environment::PREFIX.to_owned();
    let mut is_id = false;
    let mut is_tree = true;
    for segment in rest {
        if is_tree && !is_id && segment == "children" {
            is_id = true;
            continue;
        }
        // Below a key of its own a child has no others.
        is_tree &= is_id;
        is_id = false;
        name = format!("{name}__{}", name_of(segment));
    }
    Some(name)
}

/// A key and its schema.
type Found<'a> = (Vec<String>, &'a Json);

/// The keys that the rest of a name may mean.
fn keys<'a>(schema: &'a Json, rest: &str) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let mut visit = |path: &[String], name: &str, key: &'a Json| {
        let is_it = name == rest;
        if is_it {
            found.push((path.to_vec(), key));
        }
        // Below it only when the name goes on.
        rest.strip_prefix(name).is_some_and(|rest| rest.starts_with("__"))
    };
    walk(schema, resolve(schema, schema), &mut Vec::new(), "", &mut visit);
    found
}

/// The names of all single keys, for a hint.
fn names(schema: &Json) -> Vec<String> {
    let mut names = Vec::new();
    let mut visit = |_: &[String], name: &str, key: &Json| {
        let is_section = resolve(schema, key).get("properties").is_some();
        if !is_section {
            names.push(name.to_owned());
        }
        is_section
    };
    walk(schema, resolve(schema, schema), &mut Vec::new(), "", &mut visit);
    names
}

/// Shows each key with its path and name to `visit`, which says whether to look below it.
fn walk<'a>(
    root: &'a Json,
    section: &'a Json,
    path: &mut Vec<String>,
    name: &str,
    visit: &mut impl FnMut(&[String], &str, &'a Json) -> bool,
) {
    let at_root = path.is_empty();
    for (key, schema) in properties(section) {
        path.push(key.clone());
        match &**key {
            // Files are included by files.
            "include" if at_root => {}
            // Not named, because everything else is in it.
            "supervisor" if at_root => walk(root, resolve(root, schema), path, name, visit),
            "children" => {
                for (id, schema) in properties(resolve(root, schema)) {
                    path.push(id.clone());
                    step(root, schema, path, &join(name, id), visit);
                    path.pop();
                }
            }
            key => step(root, schema, path, &join(name, key), visit),
        }
        path.pop();
    }
}

fn step<'a>(
    root: &'a Json,
    schema: &'a Json,
    path: &mut Vec<String>,
    name: &str,
    visit: &mut impl FnMut(&[String], &str, &'a Json) -> bool,
) {
    if visit(path, name, schema) {
        walk(root, resolve(root, schema), path, name, visit);
    }
}

fn join(name: &str, key: &str) -> String {
    if name.is_empty() { name_of(key) } else { format!("{name}__{}", name_of(key)) }
}

fn properties(section: &Json) -> impl Iterator<Item = (&String, &Json)> {
    section.get("properties").and_then(Json::as_object).into_iter().flatten()
}
