//! The only place that knows the YAML parser.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Spanned};

use super::error::{ConfigFault, ConfigProblem, KeyPath, Location};
use super::node::{Entry, Node, Value};

/// A supervisor takes two levels, and 64 of them may be nested.
const MAX_DEPTH: usize = 160;

/// Parses one document. An empty one is an empty section.
pub(super) fn parse(text: &str, file: &Arc<PathBuf>) -> Result<Node, ConfigProblem> {
    let options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: 100_000,
            max_events: 400_000,
            max_aliases: 1_000,
            max_documents: 1,
        },
    };
    let start = Location { file: Arc::clone(file), line: 1, column: 1 };
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { at: start, value: Value::Null });
    }
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(raw_to_node(raw, file)),
        Err(error) => {
            let at = error.location().map_or(start, |at| locate(at, file));
            Err(ConfigProblem::new(Some(at), KeyPath::default(), fault(&error)))
        }
    }
}

fn fault(error: &Error) -> ConfigFault {
    match error.without_snippet() {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            ConfigFault::DuplicateKey { name: key.clone(), section: KeyPath::default() }
        }
        Error::MultipleDocuments { .. }
        | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            ConfigFault::Syntax { message: "there is more than one document in the file".into() }
        }
        Error::Budget { .. } => too_much(),
        Error::NonFiniteFloat { .. } => {
            ConfigFault::BadValue { message: "a number has to be finite".into() }
        }
        // Only keys are read as text and nothing else.
        Error::NullIntoString { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::Unexpected { .. } => {
            ConfigFault::BadValue { message: "a key has to be a word".into() }
        }
        // Our own words, from below.
        Error::Message { msg, .. } => ConfigFault::BadValue { message: msg.clone() },
        error => {
            // The location is ours to say.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            // How the scanner, which is ahead of the budget, and an alias say the same.
            if message.contains("recursion limit") || message.contains("budget breached") {
                return too_much();
            }
            ConfigFault::Syntax { message: format!("this is not YAML: {message}") }
        }
    }
}

fn too_much() -> ConfigFault {
    let message = "the file is nested too deep, or repeats itself too often, to be a configuration";
    ConfigFault::Syntax { message: message.into() }
}

fn locate(at: serde_saphyr::Location, file: &Arc<PathBuf>) -> Location {
    Location { file: Arc::clone(file), line: at.line(), column: at.column() }
}

fn raw_to_node(raw: Spanned<Raw>, file: &Arc<PathBuf>) -> Node {
    let at = locate(raw.referenced, file);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Int(value) => Value::Int(value),
        Raw::Float(value) => Value::Float(value),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => {
            Value::List(items.into_iter().map(|item| raw_to_node(item, file)).collect())
        }
        Raw::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let key_at = locate(key.referenced, file);
                (key.value, Entry { key_at, node: raw_to_node(value, file) })
            });
            Value::Map(entries.collect::<BTreeMap<_, _>>())
        }
    };
    Node { at, value }
}

enum Raw {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Raw, E> {
        i128::try_from(value).map(Raw::Int).map_err(|_| E::custom("a number is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map: Vec<(Spanned<String>, Spanned<Raw>)> = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        // `1` and `"1"` differ for the parser.
        let mut names: Vec<_> = map.iter().map(|(key, _)| &key.value).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(A::Error::custom(format_args!("the key `{name}` is there twice")));
        }
        Ok(Raw::Map(map))
    }
}
