//! The grammar inside an attribute: `word`, `key(…)`, `key = …`, separated by commas.

use std::fmt::Display;
use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::nearest::{did_you_mean, list};

/// One setting.
pub(super) struct Entry {
    pub(super) key: Ident,
    name: String,
    pub(super) value: Value,
}

pub(super) enum Value {
    /// `word`
    None,
    /// `key(…)`
    List(Group),
    /// `key = 10`, which is read without a parser, as most values are.
    Literal(Literal),
    /// `key = …`
    Assigned(TokenStream),
}

impl Entry {
    /// What stands on the right, whichever way it was written.
    pub(super) fn tokens(&self) -> TokenStream {
        match &self.value {
            Value::None => TokenStream::new(),
            Value::List(group) => bare(group.stream()),
            Value::Literal(literal) => TokenTree::from(literal.clone()).into(),
            Value::Assigned(tokens) => bare(tokens.clone()),
        }
    }

    /// Where to complain about the value: at the key when there is none.
    pub(super) fn span(&self) -> Span {
        if let Value::Literal(literal) = &self.value {
            return literal.span();
        }
        let tokens = self.tokens();
        if tokens.is_empty() { self.key.span() } else { tokens.span() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Reports a key that is not among `known`.
    pub(super) fn unknown(&self, what: &str, known: &[&str], errors: &mut Errors) {
        let (name, known) = (self.name(), known.iter().copied());
        let hint = match (whole(name), did_you_mean(name, known.clone())) {
            (Some((option, whole)), _) if known.clone().any(|known| known == option) => {
                format!("; write `{whole}`")
            }
            (_, hint) if hint.is_empty() => format!("; known are {}", list(known)),
            (_, hint) => hint,
        };
        // `setting of …` is said around the name.
        let (what, of) = what.split_at(what.find(" of ").unwrap_or(what.len()));
        errors.on(&self.key, format!("unknown {what} `{name}`{of}{hint}"));
    }

    /// The settings inside `key(…)`.
    pub(super) fn nested(&self, example: &str, errors: &mut Errors) -> Vec<Entry> {
        let name = self.name();
        let expected = || format!("`{name}` takes settings: `{name}({example})`");
        match &self.value {
            Value::List(group) if !group.stream().is_empty() => {
                read(group.stream(), expected, errors)
            }
            _ => {
                errors.at(self.span(), expected());
                Vec::new()
            }
        }
    }

    /// For a word that takes no value: where it stands.
    pub(super) fn flag(&self, errors: &mut Errors) -> Span {
        if !matches!(self.value, Value::None) {
            errors.at(self.span(), format!("`{}` takes no value: write the word alone", self.key));
        }
        self.key.span()
    }
}

/// What `macro_rules!` puts around a `$value` is not there for whoever reads it.
fn bare(tokens: TokenStream) -> TokenStream {
    let mut all = tokens.clone().into_iter();
    match (all.next(), all.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            bare(group.stream())
        }
        _ => tokens,
    }
}

/// The option that a word belongs into, and all of it, where the word is easily written alone.
fn whole(word: &str) -> Option<(&'static str, String)> {
    let (option, value) = match word {
        "permanent" | "transient" | "temporary" => ("restart", ""),
        "one_for_one" | "one_for_all" | "rest_for_one" => ("strategy", ""),
        "sequential" | "parallel" => ("start", ""),
        "immediate" | "explicit" => ("readiness", ""),
        "standard" | "critical" | "best_effort" => ("criticality", ""),
        "quarantine" | "escalate" | "stop" | "shutdown_tree" => ("on_limit", ""),
        "initial" | "factor" | "jitter" | "reset_after" => ("backoff", " = …"),
        "service" | "worker" | "job" | "sidecar" => ("role", ""),
        "grace" | "abort_wait" => ("shutdown", " = …"),
        _ => return None,
    };
    Some((option, format!("{option}({word}{value})")))
}

/// Reads settings and goes on at the next comma after what is none. A key that is repeated is
/// reported; the first one counts.
pub(super) fn entries(tokens: TokenStream, errors: &mut Errors) -> Vec<Entry> {
    read(tokens, || "expected a setting: `name`, `name(…)` or `name = …`", errors)
}

/// What was expected is said once, however often something else is found.
fn read<D: Display>(
    tokens: TokenStream,
    expected: impl FnOnce() -> D,
    errors: &mut Errors,
) -> Vec<Entry> {
    let mut expected = Some(expected);
    let mut tokens = tokens.into_iter().peekable();
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(token) = tokens.next() {
        let TokenTree::Ident(key) = token else {
            if is_comma(&token) {
                errors.at(token.span(), "a setting is missing before this comma");
            } else {
                if let Some(expected) = expected.take() {
                    errors.at(token.span(), expected());
                }
                skip_to_comma(&mut tokens);
            }
            continue;
        };
        let value = value(&key, &mut tokens, errors);
        match tokens.next() {
            Some(token) if !is_comma(&token) => {
                errors.at(token.span(), "expected a comma before this");
                skip_to_comma(&mut tokens);
            }
            _ => {}
        }
        let Some(value) = value else { continue };
        let name = key.to_string();
        if entries.iter().any(|earlier| earlier.name == name) {
            errors.on(&key, format!("`{key}` is set twice"));
        } else {
            entries.push(Entry { key, name, value });
        }
    }
    entries
}

fn value(key: &Ident, tokens: &mut Peekable<IntoIter>, errors: &mut Errors) -> Option<Value> {
    match tokens.peek() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            let group = group.clone();
            tokens.next();
            Some(Value::List(group))
        }
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {
            let equals = punct.span();
            tokens.next();
            let assigned = up_to_comma(tokens);
            if let [TokenTree::Literal(literal)] = &assigned[..] {
                return Some(Value::Literal(literal.clone()));
            }
            if assigned.is_empty() {
                errors.at(equals, format!("`{key}` has no value"));
                return None;
            }
            Some(Value::Assigned(assigned.into_iter().collect()))
        }
        _ => Some(Value::None),
    }
}

/// Everything before the next comma that is not inside `<…>`.
pub(super) fn up_to_comma(tokens: &mut Peekable<IntoIter>) -> Vec<TokenTree> {
    let mut taken = Vec::new();
    let mut depth = 0_i32;
    let mut after_dash = false;
    while let Some(token) = tokens.next_if(|token| depth > 0 || !is_comma(token)) {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !after_dash => depth -= 1,
                _ => {}
            }
            after_dash = punct.as_char() == '-';
        }
        taken.push(token);
    }
    taken
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn skip_to_comma(tokens: &mut Peekable<IntoIter>) {
    for token in tokens {
        if is_comma(&token) {
            return;
        }
    }
}
