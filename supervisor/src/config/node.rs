//! Parsed YAML that knows where each key and value stands: merged file over file, then read into
//! typed values with all problems at once.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::{ConfigDiagnostic, ConfigFault, KeyPath, nearest};
use super::settings::without_secret;
use super::source::Location;

/// How many problems one file may have before the rest of them is not looked for.
const MAX_PROBLEMS: usize = 100;

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Location,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(BTreeMap<String, Entry>),
    /// An item of a list that could not be read. Those after it keep their places.
    TakenOut,
}

/// What could not be read, and what is left without it.
#[derive(Debug)]
pub(super) struct Unsound {
    pub(super) problems: Vec<ConfigDiagnostic>,
    /// `None` where not all of it was looked at.
    pub(super) rest: Option<Box<Node>>,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key_at: Location,
    pub(super) node: Node,
}

impl Node {
    /// What was made in code.
    pub(super) fn of_json(json: &serde_json::Value, at: &Location) -> Self {
        use serde_json::Value as Json;
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i128(), number.as_f64()) {
                (Some(number), _) => Value::Int(number),
                (None, number) => Value::Float(number.unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => {
                Value::List(items.iter().map(|item| Self::of_json(item, at)).collect())
            }
            Json::Object(map) => {
                let entries = map.iter().map(|(name, value)| {
                    let entry = Entry { key_at: at.clone(), node: Self::of_json(value, at) };
                    (name.clone(), entry)
                });
                Value::Map(entries.collect())
            }
        };
        Self { at: at.clone(), value }
    }

    /// Lays this node over a weaker one: sections key by key, everything else as a whole. Null
    /// says nothing.
    pub(super) fn over(self, weaker: Self) -> Self {
        match (self.value, weaker.value) {
            (Value::Map(mut strong), Value::Map(weak)) => {
                for (name, entry) in weak {
                    let entry = match strong.remove(&name) {
                        None => entry,
                        Some(Entry { key_at, node }) => {
                            Entry { key_at, node: node.over(entry.node) }
                        }
                    };
                    strong.insert(name, entry);
                }
                Self { at: self.at, value: Value::Map(strong) }
            }
            (Value::Null, value) => Self { at: weaker.at, value },
            (value, _) => Self { at: self.at, value },
        }
    }

    /// Where the value of the key at `path` stands, if it is there.
    pub(super) fn place_of(&self, path: &KeyPath) -> Option<&Location> {
        self.node_of(path).map(|node| &node.at)
    }

    pub(super) fn node_of(&self, path: &KeyPath) -> Option<&Self> {
        path.segments().iter().try_fold(self, |node, segment| match &node.value {
            Value::Map(entries) => entries.get(segment).map(|entry| &entry.node),
            Value::List(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Where the key at `path` stands, or the nearest section around it that is there.
    pub(super) fn locate(&self, path: &KeyPath) -> Location {
        let mut node = self;
        let mut at = &self.at;
        for segment in path.segments() {
            match &node.value {
                Value::Map(entries) => match entries.get(segment) {
                    Some(entry) => (node, at) = (&entry.node, &entry.key_at),
                    None => break,
                },
                Value::List(items) => {
                    match segment.parse().ok().and_then(|index: usize| items.get(index)) {
                        Some(item) => (node, at) = (item, &item.at),
                        None => break,
                    }
                }
                _ => break,
            }
        }
        at.clone()
    }

    /// Reads a typed value. What cannot be read is reported and left out, so that the rest is
    /// looked at too.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Vec<ConfigDiagnostic>> {
        self.sift().map_err(|unsound| unsound.problems)
    }

    /// The same, with what is left.
    pub(super) fn sift<T: DeserializeOwned>(&self) -> Result<T, Unsound> {
        let mut problems: Vec<ConfigDiagnostic> = Vec::new();
        let mut rest = self.clone();
        loop {
            let mismatch = match T::deserialize(&rest) {
                Ok(value) if problems.is_empty() => return Ok(value),
                Ok(_) => return Err(Unsound { problems, rest: Some(Box::new(rest)) }),
                Err(mismatch) => mismatch,
            };
            let path: Vec<String> = mismatch.path.into_iter().rev().collect();
            let was_there = rest.remove(&path);
            let path = KeyPath::from(path);
            // It was taken out, because something else is wrong with it.
            if mismatch.fault == ConfigFault::MissingKey
                && problems.iter().any(|known| *known.key() == path)
            {
                return Err(Unsound { problems, rest: None });
            }
            let at = mismatch.at.unwrap_or_else(|| self.at.clone());
            let fault = match mismatch.fault {
                ConfigFault::UnknownKey { name, nearest, known, .. } => {
                    ConfigFault::UnknownKey { name, section: path.parent(), nearest, known }
                }
                ConfigFault::WrongValue { mut expected, found } => {
                    let example = match path.segments().last().map(String::as_str) {
                        Some("intensity" | "restart_limit") => "{ max: 5, within: 30s }",
                        Some("backoff") => "{ initial: 100ms, max: 30s }",
                        Some("shutdown") => "{ grace: 5s }",
                        Some("include") => "[a.yaml]",
                        _ => "",
                    };
                    if matches!(&*expected, "a section" | "a list") && !example.is_empty() {
                        expected = format!("{expected}, such as `{example}`");
                    }
                    ConfigFault::WrongValue { expected, found }
                }
                fault => fault,
            };
            let is_hidden = at.is_hidden() && !cfg!(plant_bug = "hidden_value_in_headline");
            let fault = if is_hidden { without_secret(fault) } else { fault };
            problems.push(ConfigDiagnostic::new(Some(at), path, fault));
            if !was_there || problems.len() >= MAX_PROBLEMS {
                return Err(Unsound { problems, rest: None });
            }
        }
    }

    pub(super) fn remove(&mut self, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        match &mut self.value {
            Value::Map(entries) if rest.is_empty() => entries.remove(first).is_some(),
            Value::Map(entries) => {
                entries.get_mut(first).is_some_and(|entry| entry.node.remove(rest))
            }
            Value::List(items) => {
                let item = first.parse().ok().and_then(|index: usize| items.get_mut(index));
                item.is_some_and(|item| {
                    if rest.is_empty() {
                        item.value = Value::TakenOut;
                        return true;
                    }
                    item.remove(rest)
                })
            }
            _ => false,
        }
    }
}

/// A value that is not what is wanted there. The path is built from the inside out.
#[derive(Debug)]
pub(super) struct Mismatch {
    path: Vec<String>,
    at: Option<Location>,
    fault: ConfigFault,
}

impl Mismatch {
    fn new(fault: ConfigFault) -> Self {
        Self { path: Vec::new(), at: None, fault }
    }

    fn inside(mut self, segment: &str, at: &Location) -> Self {
        self.path.push(segment.to_owned());
        self.at.get_or_insert_with(|| at.clone());
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.fault, f)
    }
}

impl std::error::Error for Mismatch {}

impl Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ConfigFault::BadValue { message: message.to_string() })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(ConfigFault::WrongValue {
            expected: in_words(&expected.to_string()),
            found: found_in_words(found),
        })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        let path = vec![field.to_owned()];
        Self { path, at: None, fault: ConfigFault::MissingKey }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ConfigFault::UnknownWord {
            found: format!("`{}`", in_short(variant)),
            nearest: nearest(variant, expected.iter().copied()).map(str::to_owned),
            known: expected.iter().map(|&word| word.to_owned()).collect(),
        })
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ConfigFault::UnknownKey {
            name: field.to_owned(),
            section: KeyPath::default(),
            nearest: nearest(field, expected.iter().copied()).map(str::to_owned),
            known: expected.iter().map(|&word| word.to_owned()).collect(),
        })
    }
}

fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        // What looks like a whole number, and is none, is not to look like one.
        Unexpected::Float(value) => format!("`{value:?}`"),
        Unexpected::Str(value) if value.parse::<f64>().is_ok() => format!("the text `{value}`"),
        Unexpected::Str(value) => format!("`{}`", in_short(value)),
        Unexpected::Seq => "a list".into(),
        Unexpected::Map => "a section".into(),
        other => other.to_string(),
    }
}

/// The first line of a text, and not all of a long one.
fn in_short(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    let start: String = line.chars().take(MOST).collect();
    if start.len() < text.trim_end().len() { format!("{start}…") } else { start }
}

/// What serde and the derives call the types that stand in a configuration.
fn in_words(expected: &str) -> String {
    match expected {
        "u8" => whole(0, u8::MAX),
        "u16" => whole(0, u16::MAX),
        "u32" => whole(0, u32::MAX),
        "u64" | "usize" => whole(0, u64::MAX),
        "i8" => whole(i8::MIN, i8::MAX),
        "i16" => whole(i16::MIN, i16::MAX),
        "i32" => whole(i32::MIN, i32::MAX),
        "i64" | "isize" => whole(i64::MIN, i64::MAX),
        "u128" | "i128" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "a string" => "a text".into(),
        "a boolean" => "`true` or `false`".into(),
        "a sequence" => "a list".into(),
        "path string" => "a path".into(),
        "a map" => "a section".into(),
        expected if expected.starts_with("struct ") => "a section".into(),
        expected => expected.to_owned(),
    }
}

fn whole(least: impl fmt::Display, most: impl fmt::Display) -> String {
    format!("a whole number from {least} to {most}")
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.value {
            Value::Null | Value::TakenOut => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => {
                    let found = format!("`{value}`");
                    Err(Mismatch::invalid_value(Unexpected::Other(&found), &visitor))
                }
            },
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_str(value),
            Value::List(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Map(entries) => visitor.visit_map(Entries::of(entries)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match &self.value {
            Value::Null => visitor.visit_map(Entries::of(&BTreeMap::new())),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match &self.value {
            Value::Null => visitor.visit_map(Entries::of(&BTreeMap::new())),
            // Not as a list of its fields, which the derive would take too.
            Value::List(_) => Err(Mismatch::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let found = match &self.value {
            Value::Text(text) => {
                return visitor.visit_enum(StrDeserializer::<Mismatch>::new(text));
            }
            Value::Null | Value::TakenOut => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Int(value) => match i64::try_from(*value) {
                Ok(value) => Unexpected::Signed(value),
                Err(_) => Unexpected::Other("a number"),
            },
            Value::Float(value) => Unexpected::Float(*value),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        };
        Err(Mismatch::new(ConfigFault::UnknownWord {
            found: found_in_words(found),
            nearest: None,
            known: words.iter().map(|&word| word.to_owned()).collect(),
        }))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a>(std::iter::Enumerate<std::slice::Iter<'a, Node>>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mismatch> {
        let is_left = |(_, item): &(usize, &Node)| !matches!(item.value, Value::TakenOut);
        let Some((index, item)) = self.0.find(is_left) else { return Ok(None) };
        match seed.deserialize(item) {
            Ok(value) => Ok(Some(value)),
            Err(mismatch) => Err(mismatch.inside(&index.to_string(), &item.at)),
        }
    }
}

struct Entries<'a> {
    rest: std::collections::btree_map::Iter<'a, String, Entry>,
    current: Option<(&'a String, &'a Entry)>,
}

impl<'a> Entries<'a> {
    fn of(entries: &'a BTreeMap<String, Entry>) -> Self {
        Self { rest: entries.iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mismatch> {
        self.current = self.rest.next();
        let Some((name, entry)) = self.current else { return Ok(None) };
        let key: StrDeserializer<'_, Mismatch> = name.as_str().into_deserializer();
        match seed.deserialize(key) {
            Ok(key) => Ok(Some(key)),
            Err(mismatch) => Err(mismatch.inside(name, &entry.key_at)),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let Some((name, entry)) = self.current.take() else {
            return Err(Mismatch::custom("a value was asked for before its key"));
        };
        seed.deserialize(&entry.node).map_err(|mismatch| mismatch.inside(name, &entry.node.at))
    }
}
