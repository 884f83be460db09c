//! What of a configuration must not be shown: what the schema calls `writeOnly`, and everything
//! under a key that it does not know, because nobody can tell what that is.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use serde_json::Value as Json;

use super::error::KeyPath;
use super::node::{Node, Value};
use super::schema::{json_schema, resolve};
use super::source::{Location, Source};

/// What is shown instead.
pub(crate) const MASK: &str = "***";

/// Says to `source`, which `node` was parsed from, what of it must not be shown.
pub(super) fn hide(source: &Arc<Source>, node: &Node, schema: &Json) {
    hide_in(source, node, schema, schema);
}

/// The same, of a value with a `schema` that stands inside of `root`.
pub(super) fn hide_in(source: &Arc<Source>, node: &Node, root: &Json, schema: &Json) {
    let mut secrets = Vec::new();
    if !cfg!(plant_bug = "secret_in_snippet") {
        let found = Found { schema: Some(schema), keys: KeysOf::Tree };
        collect(source, node, root, found, &mut secrets);
    }
    source.hide(secrets);
}

/// What is known about the place of a value.
#[derive(Clone, Copy)]
struct Found<'a> {
    schema: Option<&'a Json>,
    keys: KeysOf,
}

/// Whose keys a section has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeysOf {
    Tree,
    /// The program's: settings, or what the members of a pool are given.
    Program,
}

impl Found<'_> {
    fn below(self, name: &str) -> Self {
        let is_program = matches!(name, "settings" | "args");
        let keys = if is_program { KeysOf::Program } else { self.keys };
        Self { schema: self.schema.and_then(|schema| below(schema, name)), keys }
    }
}

fn collect(
    source: &Arc<Source>,
    node: &Node,
    root: &Json,
    found: Found<'_>,
    secrets: &mut Vec<Range<usize>>,
) {
    let schema = found.schema.filter(|schema| !is_secret(schema));
    let schema = schema.and_then(|schema| known(root, schema, Some(node)));
    let schema = schema.filter(|schema| !is_secret(schema));
    // An alias stands where its anchor does not.
    let mut hide = |at: &Location| {
        if at.source() == source {
            secrets.push(at.all());
        }
    };
    match &node.value {
        Value::Map(entries) => {
            for entry in entries.values() {
                // `{ hunter2 }` is a section with a key and nothing else.
                let is_alone = matches!(entry.node.value, Value::Null);
                let is_free = is_alone || found.keys == KeysOf::Program;
                if schema.is_none() && is_free && !cfg!(plant_bug = "secret_as_a_key") {
                    hide(&entry.key_at);
                }
            }
            for (name, entry) in entries {
                let found = Found { schema, ..found }.below(name);
                collect(source, &entry.node, root, found, secrets);
            }
        }
        Value::List(items) => {
            let schema = schema.and_then(|schema| schema.get("items"));
            for item in items {
                collect(source, item, root, Found { schema, ..found }, secrets);
            }
        }
        _ if schema.is_none() => hide(&node.at),
        Value::Text(text)
            if found.keys == KeysOf::Program
                && may_hold_another_key(text, node, schema)
                && !cfg!(plant_bug = "secret_behind_a_value") =>
        {
            hide(&node.at);
        }
        Value::Null | Value::TakenOut => {}
        // What was meant to be a section may be all of its text: `token:hunter2`.
        _ if found.keys == KeysOf::Program
            && !schema.is_some_and(takes_a_scalar)
            && !cfg!(plant_bug = "secret_in_a_scalar") =>
        {
            hide(&node.at);
        }
        _ => {}
    }
}

/// Whether a text may have taken in what was meant to be another key: `3, token:hunter2`.
fn may_hold_another_key(text: &str, node: &Node, schema: Option<&Json>) -> bool {
    let kind = schema.and_then(|schema| schema.get("type"));
    let is_text = match kind {
        Some(Json::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        kind => kind.is_none_or(|kind| kind == "string"),
    };
    let has_lines = node.at.source().text().get(node.at.all()).is_some_and(|it| it.contains('\n'));
    has_lines || (!is_text && text.contains([':', '=']))
}

/// What is known about a value: what stands behind references and beside null, and for a member of
/// a pool what is said about the members of that pool. `None` where it could be several things.
fn known<'a>(root: &'a Json, schema: &'a Json, node: Option<&Node>) -> Option<&'a Json> {
    let branches = |of: &'a Json| of.get("anyOf").and_then(Json::as_array);
    let Some(several) = branches(schema) else {
        let target = resolve(root, schema);
        return if branches(target).is_some() { known(root, target, node) } else { Some(target) };
    };
    let some: Vec<_> = several.iter().filter(|branch| branch["type"] != "null").collect();
    if let [only] = &*some {
        return known(root, only, node);
    }
    let pool = node.and_then(|node| node.node_of(&KeyPath::of(&["pool"])));
    let Some(Value::Text(pool)) = pool.map(|pool| &pool.value) else { return None };
    let is_it = |branch: &&&Json| {
        branch.pointer("/properties/pool/const").and_then(Json::as_str) == Some(pool)
    };
    some.iter().find(is_it).map(|branch| resolve(root, branch))
}

/// The schema of the key `name`, or of the item with this index, if it is known.
fn below<'a>(schema: &'a Json, name: &str) -> Option<&'a Json> {
    let property = schema.get("properties").and_then(|properties| properties.get(name));
    let other = || schema.get("additionalProperties").filter(|schema| schema.is_object());
    let item = || schema.get("items").filter(|_| name.parse::<usize>().is_ok());
    property.or_else(other).or_else(item)
}

/// Whether the value of `key` must not be shown.
pub(super) fn is_secret_at(schema: &Json, key: &KeyPath) -> bool {
    let mut section = Some(schema);
    for segment in key.segments() {
        let Some(around) = section else { return true };
        if is_secret(around) {
            return true;
        }
        section = known(schema, around, None).and_then(|around| below(around, segment));
    }
    section.is_none_or(|last| is_secret(last) || known(schema, last, None).is_none_or(is_secret))
}

/// Whether something can stand at `key` that is neither a section nor a list.
pub(super) fn takes_a_scalar_at(schema: &Json, key: &KeyPath) -> bool {
    let around = key.segments().iter().try_fold(schema, |around, segment| {
        known(schema, around, None).and_then(|around| below(around, segment))
    });
    around.and_then(|last| known(schema, last, None)).is_some_and(takes_a_scalar)
}

fn takes_a_scalar(schema: &Json) -> bool {
    let is_scalar = |kind: &Json| !matches!(kind.as_str(), Some("object" | "array" | "null"));
    match schema.get("type") {
        Some(Json::Array(kinds)) => kinds.iter().any(is_scalar),
        Some(kind) => is_scalar(kind),
        None => schema.get("properties").is_none() && schema.get("items").is_none(),
    }
}

pub(super) fn is_secret(schema: &Json) -> bool {
    schema.get("writeOnly").and_then(Json::as_bool) == Some(true)
}

/// One line of `source` without its secrets, and where `span` of it stands then.
///
/// # Panics
///
/// When the spans are not on the boundaries of characters.
pub(super) fn masked(
    source: &Source,
    line: Range<usize>,
    span: Range<usize>,
) -> (String, Range<usize>) {
    let text = source.text();
    let guessed;
    let secrets = if let Some(secrets) = source.secrets() {
        secrets
    } else {
        guessed = unknown_words(text, line.clone());
        &guessed
    };
    let mut shown = String::new();
    let mut at = line.start;
    // Where an offset into the text stands in what is shown.
    let moved = |offset: usize, shown: &str, at: usize| shown.len() + offset.saturating_sub(at);
    let (mut start, mut end) = (None, None);
    for secret in secrets {
        let secret = secret.start.clamp(at, line.end)..secret.end.clamp(at, line.end);
        if secret.is_empty() {
            continue;
        }
        if span.start < secret.end && start.is_none() {
            start = Some(moved(span.start.min(secret.start), &shown, at));
        }
        if span.end <= secret.start && end.is_none() {
            end = Some(moved(span.end, &shown, at));
        }
        shown.push_str(&text[at..secret.start]);
        shown.push_str(MASK);
        at = secret.end;
        if span.end <= secret.end && end.is_none() {
            end = Some(shown.len());
        }
    }
    let start = start.unwrap_or_else(|| moved(span.start, &shown, at));
    let end = end.unwrap_or_else(|| moved(span.end, &shown, at));
    shown.push_str(&text[at..line.end]);
    (shown, start..end.max(start))
}

/// A text that cannot be parsed has no keys that could be known. What is no key itself and no
/// word of a configuration may be a secret.
fn unknown_words(text: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let is_word = |c: char| !c.is_whitespace() && !"{}[],:#&*!|>'\"%@`-?".contains(c);
    let mut words = Vec::new();
    let mut rest = line.start;
    while rest < line.end {
        let Some(start) = text[rest..line.end].find(is_word).map(|at| rest + at) else { break };
        let end = text[start..line.end].find(|c| !is_word(c)).map_or(line.end, |at| start + at);
        // What follows a `:` is a value, though another one follows it.
        let is_value = text[line.start..start].trim_end().ends_with(':');
        let is_value = is_value && !cfg!(plant_bug = "secret_between_colons");
        let is_key = text[end..line.end].trim_start_matches(['\'', '"']).starts_with(':');
        let is_key = is_key && !is_value;
        if !is_key && !KNOWN_WORDS.contains(&text[start..end]) {
            words.push(start..end);
        }
        rest = end;
    }
    words
}

static KNOWN_WORDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    fn collect(schema: &Json, words: &mut BTreeSet<String>) {
        match schema {
            Json::Object(map) => {
                for (key, value) in map {
                    match (&**key, value) {
                        ("properties", Json::Object(properties)) => {
                            words.extend(properties.keys().cloned());
                        }
                        ("const", Json::String(word)) => drop(words.insert(word.clone())),
                        _ => {}
                    }
                    collect(value, words);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| collect(item, words)),
            _ => {}
        }
    }
    let mut words = BTreeSet::from(["true".to_owned(), "false".to_owned()]);
    collect(&json_schema(), &mut words);
    words
});
