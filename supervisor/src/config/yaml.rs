//! The only place that knows the YAML parser.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Spanned};

use super::error::{ConfigDiagnostic, ConfigFault, KeyPath};
use super::node::{Entry, Node, Value};
use super::source::{Location, Source};

/// A supervisor takes two levels, and 64 of them may be nested.
const MAX_DEPTH: usize = 160;

/// Parses one document. An empty one is an empty section.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, ConfigDiagnostic> {
    let text = source.text();
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
    let start = Location::new(source, 0..0);
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { at: start, value: Value::Null });
    }
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(raw_to_node(raw, source)),
        Err(error) => {
            let at = error.location().map_or(start, |at| locate(at, source));
            Err(ConfigDiagnostic::new(Some(at), KeyPath::default(), fault(&error)))
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
            ConfigFault::SeveralDocuments
        }
        Error::Budget {
            breach: BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }, ..
        } => ConfigFault::TooManyValues,
        Error::Budget { .. } => ConfigFault::TooMuch,
        Error::NonFiniteFloat { .. } => {
            ConfigFault::BadValue { message: "a number has to be finite".into() }
        }
        // Only keys are read as text and nothing else.
        Error::NullIntoString { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::Unexpected { .. } => ConfigFault::KeyIsNoWord,
        // Our own words, from below.
        Error::Message { msg, .. } => ConfigFault::BadValue { message: msg.clone() },
        error => {
            let message = error.to_string();
            // How the scanner, which is ahead of the budget, and an alias say the same.
            if message.contains("recursion limit") || message.contains("budget breached") {
                return ConfigFault::TooMuch;
            }
            let why = REASONS.iter().find(|(theirs, _)| message.contains(theirs));
            ConfigFault::Syntax {
                why: why.map_or("it is not clear what is meant", |(_, ours)| ours),
            }
        }
    }
}

/// What the parser says, by a part of its message, and what we say.
const REASONS: &[(&str, &str)] = &[
    ("unclosed bracket", "this bracket is never closed"),
    ("mismatched bracket", "this bracket does not close the one that is open"),
    ("misplaced bracket", "there is no bracket that this one could close"),
    ("unclosed quote", "this quote is never closed"),
    ("unexpected EOF", "something is open at the end of the file"),
    ("unexpected eof", "something is open at the end of the file"),
    ("expected ',' or '}'", "a `,` or a `}` is missing before this"),
    ("expected ',' or ']'", "a `,` or a `]` is missing before this"),
    ("tab", "lines are indented with spaces, and this is a tab"),
    ("document indicator", "a document begins or ends inside a quoted text"),
    ("unknown anchor", "there is no anchor of this name before it"),
    ("nknown anchor", "there is no anchor of this name before it"),
    ("alias", "what this stands for holds itself, or is used too often"),
    ("erge", "only a section can be merged in here"),
    ("block mapping", "a key is expected here, as far to the right as those before it"),
    ("simple key", "a `:` is expected after a key"),
    ("':' must be followed", "a space is missing after the `:`"),
    ("':' indicator", "a `:` has no key before it"),
    ("mapping values", "a `:` cannot stand here; is a line indented too far?"),
    ("mapping keys", "a key cannot stand here"),
    ("'-' must be followed", "a space is missing after the `-`"),
    ("sequence entries", "a list cannot begin here"),
    ("expected '-'", "a `-` is expected here, as far to the right as those before it"),
    ("\"-\" is only valid", "a `-` cannot stand between brackets"),
    ("ndentation", "this is indented differently from what it belongs to"),
    ("ndented", "this is indented differently from what it belongs to"),
    ("escape", "there is no such escape; in single quotes a backslash is only itself"),
    ("hexadecimal", "an escape needs hexadecimal digits"),
    ("trailing content", "nothing can follow a quoted text in its line"),
    ("unexpected character", "this character cannot stand here; put the text into quotes"),
    ("plain scalar", "a text cannot begin like this; put it into quotes"),
    ("irective", "directives are not used in a configuration"),
    ("tag", "tags are not used in a configuration"),
    ("anchor or alias", "a name is missing here"),
    ("comment", "a space is missing before the `#`"),
    ("BOM", "a byte order mark can only be the first thing in a file"),
];

fn locate(at: serde_saphyr::Location, source: &Arc<Source>) -> Location {
    Location::new(source, bytes(at, source.text()))
}

/// The scanner's own errors come with a line and a column only.
fn bytes(at: serde_saphyr::Location, text: &str) -> Range<usize> {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let span = at.span();
    let by_line = || {
        let before = number(at.line()).saturating_sub(1);
        let line_start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
        let line = text.get(line_start..).unwrap_or_default();
        let before = number(at.column()).saturating_sub(1);
        line_start + line.chars().take(before).map(char::len_utf8).sum::<usize>()
    };
    let start = span.byte_offset().map_or_else(by_line, number);
    start..start.saturating_add(span.byte_len().map_or(1, number).max(1))
}

fn raw_to_node(raw: Spanned<Raw>, source: &Arc<Source>) -> Node {
    let at = locate(raw.referenced, source);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Int(value) => Value::Int(value),
        Raw::Float(value) => Value::Float(value),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => {
            Value::List(items.into_iter().map(|item| raw_to_node(item, source)).collect())
        }
        Raw::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let key_at = locate(key.referenced, source);
                (key.value, Entry { key_at, node: raw_to_node(value, source) })
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
