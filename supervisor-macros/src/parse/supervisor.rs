//! `#[supervisor(…)]` on a struct.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, Generics, Meta, Token, Type, Visibility};

use super::entry::{Entry, entries, up_to_comma};
use super::policy::{POLICIES, limit, not_here, policies, setting};
use crate::errors::Errors;
use crate::model::{Args, ArgsValue, Field, FieldOptions, Supervisor, SupervisorOptions};

pub(crate) const OPTIONS: [&str; 23] = [
    "strategy",
    "intensity",
    "start",
    "meltdown",
    "auto_shutdown",
    "defaults",
    "shutdown",
    "state",
    "crate",
    "role",
    "enabled",
    "tags",
    "restart",
    "backoff",
    "restart_limit",
    "on_limit",
    "on_failure",
    "probe_after",
    "criticality",
    "on_dependency_restart",
    "significant",
    "depends_on",
    "requires",
];

/// Reads the attribute and the struct. `None`, reported, when there is no struct with named fields.
pub(crate) fn supervisor(
    options: TokenStream,
    item: TokenStream,
    errors: &mut Errors,
) -> Option<Supervisor> {
    let options = supervisor_options(options, errors);
    let head = match syn::parse2::<Head>(item) {
        Ok(head) => head,
        Err(error) => {
            errors.push(error);
            return None;
        }
    };
    let fields = head.body.map(|body| fields(&body, errors)).unwrap_or_default();
    Some(Supervisor {
        options,
        attributes: head.attributes,
        visibility: head.visibility,
        name: head.name,
        generics: head.generics,
        fields,
    })
}

fn supervisor_options(tokens: TokenStream, errors: &mut Errors) -> SupervisorOptions {
    let mut options = SupervisorOptions::default();
    for entry in entries(tokens, errors) {
        match entry.name().as_str() {
            "strategy" => options.strategy = entry.choice(errors),
            "intensity" => options.intensity = limit(&entry, errors),
            "start" => options.start = entry.choice(errors),
            "meltdown" => options.meltdown = entry.choice(errors),
            "auto_shutdown" => options.auto_shutdown = entry.choice(errors),
            "defaults" => {
                let nested = entry.nested("restart(transient)", errors);
                options.defaults = policies(nested, errors);
            }
            "shutdown" => shutdown(&entry, &mut options, errors),
            "depends_on" => options.depends_on = entry.children(errors),
            "requires" => options.requires = entry.children(errors),
            "state" => options.state = entry.parsed("a type", errors),
            "crate" => options.krate = entry.parsed("a path", errors),
            "readiness" | "start_timeout" | "health" => errors.on(
                &entry.key,
                format!("`{0}` is about children: write `defaults({0}…)`", entry.key),
            ),
            _ if setting(&entry, &mut options.policy, errors) => {}
            "blocking" | "multiple" | "instance" | "classify" | "after" | "type" | "args"
            | "count" | "max_children" | "from_config" => {
                not_here(&entry, &OPTIONS, errors);
            }
            _ => entry.unknown("option", &OPTIONS, errors),
        }
    }
    options
}

fn shutdown(entry: &Entry, options: &mut SupervisorOptions, errors: &mut Errors) {
    for entry in entry.nested("budget = \"30s\"", errors) {
        match entry.name().as_str() {
            "grace" => options.policy.grace = entry.grace(errors),
            "abort_wait" => options.policy.abort_wait = entry.time(errors),
            "budget" => options.budget = entry.time(errors),
            _ => {
                let known = ["grace", "abort_wait", "budget"];
                entry.unknown("setting of `shutdown`", &known, errors);
            }
        }
    }
}

struct Head {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    generics: Generics,
    /// What stands in the braces; `None` for a struct without any.
    body: Option<Group>,
}

impl Parse for Head {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if !input.peek(Token![struct]) {
            return Err(
                input.error("`#[supervisor]` goes on a struct: its fields are the children")
            );
        }
        input.parse::<Token![struct]>()?;
        let name = input.parse()?;
        let mut generics: Generics = input.parse()?;
        generics.where_clause = input.parse()?;
        let body = match input.parse::<TokenTree>()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
            TokenTree::Punct(semicolon) if semicolon.as_char() == ';' => None,
            other => {
                return Err(syn::Error::new(
                    other.span(),
                    "`#[supervisor]` needs named fields: the name of a field is its child's id",
                ));
            }
        };
        Ok(Self { attributes, visibility, name, generics, body })
    }
}

/// The fields, each read by itself, so that a half-typed one costs only itself.
fn fields(body: &Group, errors: &mut Errors) -> Vec<Field> {
    let mut fields = Vec::new();
    for (tokens, end) in field_ends(body) {
        match syn::parse2::<Written>(tokens) {
            Ok(written) => fields.push(field(written, errors)),
            Err(error) => errors.at(end, format!("expected `name: child`: {error}")),
        }
    }
    fields
}

/// The tokens of each field, and where they end.
fn field_ends(body: &Group) -> Vec<(TokenStream, proc_macro2::Span)> {
    let mut tokens = body.stream().into_iter().peekable();
    let mut fields = Vec::new();
    while tokens.peek().is_some() {
        let field = up_to_comma(&mut tokens);
        let comma = tokens.next().map_or_else(|| body.span_close(), |comma| comma.span());
        let end = field.clone().into_iter().last().map_or(comma, |last| last.span());
        fields.push((field, end));
    }
    fields
}

fn field(mut written: Written, errors: &mut Errors) -> Field {
    let mut options = FieldOptions::default();
    let mut attributes = Vec::new();
    let mut is_said = false;
    for attribute in std::mem::take(&mut written.attributes) {
        if attribute.path().segments.last().is_none_or(|last| last.ident != "child") {
            attributes.push(attribute);
            continue;
        }
        match &attribute.meta {
            Meta::List(_) if is_said => errors.on(&attribute, "`#[child]` is set twice"),
            Meta::List(list) => options = field_options(list.tokens.clone(), errors),
            _ => errors.on(&attribute, "`#[child]` on a field takes options: `#[child(…)]`"),
        }
        is_said = true;
    }
    let Written { visibility, name, ty, .. } = written;
    Field { attributes, options, visibility, name, ty }
}

/// What a field can say beside policies.
pub(crate) const FIELD_OPTIONS: [&str; 8] = [
    "depends_on",
    "after",
    "args",
    "max_children",
    "from_config",
    "count",
    "intensity",
    "meltdown",
];

fn field_options(tokens: TokenStream, errors: &mut Errors) -> FieldOptions {
    let said_at = tokens.clone().into_iter().next().map(|first| first.span());
    let mut options = FieldOptions { says_something: true, said_at, ..FieldOptions::default() };
    for entry in entries(tokens, errors) {
        if setting(&entry, &mut options.policy, errors) {
            continue;
        }
        match entry.name().as_str() {
            "depends_on" => options.depends_on = Some(entry.children(errors)),
            "after" => options.after = entry.fields(errors),
            "args" => options.args = args(&entry, errors),
            "max_children" => options.max_children = entry.count(errors),
            "from_config" => options.from_config = Some(entry.flag(errors)),
            "count" => options.count = entry.count(errors),
            "intensity" => options.intensity = limit(&entry, errors),
            "meltdown" => options.meltdown = entry.choice(errors),
            _ => not_here(&entry, &[&POLICIES[..], &FIELD_OPTIONS].concat(), errors),
        }
    }
    options
}

fn args(entry: &Entry, errors: &mut Errors) -> Option<Args> {
    let value = match entry.parsed("an expression, or a closure that takes the state", errors)? {
        Expr::Closure(closure) => ArgsValue::OfState(closure),
        plain => ArgsValue::Plain(plain),
    };
    Some(Args { key: entry.key.span(), value })
}

/// A field before its attributes are looked into.
struct Written {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    name: Ident,
    ty: Type,
}

impl Parse for Written {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self { attributes, visibility, name, ty: input.parse()? })
    }
}
