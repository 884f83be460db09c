//! `#[derive(Failure)]` on an enum or a struct.

use proc_macro2::{Ident, Span, TokenStream};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Index, Member, Meta, Path};

use super::entry::{Entry, Value, entries};
use crate::errors::Errors;
use crate::model::{Class, FailingVariant, FailureDerive, FailureKind, Source, Words};

/// Reads the type. `None`, reported, when it is neither an enum nor a struct.
pub(crate) fn failure(item: TokenStream, errors: &mut Errors) -> Option<FailureDerive> {
    let input: DeriveInput = syn::parse2(item).map_err(|error| errors.push(error)).ok()?;
    let said = options(&input.attrs, true, errors);
    let name = input.ident;
    let variants = match input.data {
        Data::Struct(data) => {
            let source = source(&data.fields);
            vec![FailingVariant { name: None, at: name.clone(), class: None, source }]
        }
        Data::Enum(data) => data
            .variants
            .into_iter()
            .map(|variant| FailingVariant {
                class: options(&variant.attrs, false, errors).class,
                source: source(&variant.fields),
                at: variant.ident.clone(),
                name: Some(variant.ident),
            })
            .collect(),
        Data::Union(data) => {
            errors.on(data.union_token, "`Failure` is for enums and structs");
            return None;
        }
    };
    Some(FailureDerive {
        name,
        generics: input.generics,
        krate: said.krate,
        class: said.class,
        variants,
    })
}

/// In the place of one that has been reported, so that it is not missing too.
const MISREAD: Class = Class::Is(FailureKind::Recoverable);

#[derive(Default)]
struct Options {
    class: Option<Class>,
    krate: Option<Path>,
}

fn options(attributes: &[Attribute], is_item: bool, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("failure")) {
        let Meta::List(list) = &attribute.meta else {
            let words = crate::nearest::list(words());
            errors.on(attribute, format!("`#[failure]` takes a class: one of {words}"));
            options.class = Some(MISREAD);
            continue;
        };
        for entry in entries(list.tokens.clone(), errors) {
            match entry.name() {
                "crate" if is_item => options.krate = entry.parsed("a path", errors),
                "crate" => errors.on(&entry.key, "`crate` belongs to the attribute on the item"),
                _ => class(&entry, &mut options.class, errors),
            }
        }
    }
    options
}

fn class(entry: &Entry, class: &mut Option<Class>, errors: &mut Errors) {
    let name = entry.name();
    let known = FailureKind::ALL.iter().find(|(word, _)| *word == name);
    let said = match known {
        Some(&(_, kind)) => Class::Is(kind),
        None if name == "source" => Class::OfSource(entry.key.span()),
        None => {
            entry.unknown("class", &words().collect::<Vec<_>>(), errors);
            *class = Some(MISREAD);
            return;
        }
    };
    if !matches!(entry.value, Value::None) {
        errors.on(&entry.key, format!("`{name}` takes no value: write the word alone"));
    }
    if class.is_some() {
        errors.on(&entry.key, "a failure has one class, and this is a second one");
    } else {
        *class = Some(said);
    }
}

/// Everything that can be said about a variant.
pub(crate) fn words() -> impl Iterator<Item = &'static str> + Clone {
    FailureKind::ALL.iter().map(|(word, _)| *word).chain(["source"])
}

/// The field with the inner error: the one that is marked, or named so, or alone.
fn source(fields: &Fields) -> Source {
    let mut candidates = Vec::new();
    let mut members = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let span = field.ty.span();
        let index = Index { index: u32::try_from(index).unwrap_or(u32::MAX), span };
        let is_marked = field.attrs.iter().any(|attribute| {
            attribute.path().is_ident("source") || attribute.path().is_ident("from")
        });
        let is_named = field.ident.as_ref().is_some_and(|name| name == "source");
        let member = match &field.ident {
            Some(name) => Member::Named(ident(name, span)),
            None => Member::Unnamed(index),
        };
        if is_marked || is_named {
            candidates.push((member.clone(), field.ty.clone(), is_marked));
        }
        members.push((member, field.ty.clone()));
    }
    candidates.sort_by_key(|(_, _, is_marked)| !is_marked);
    match (candidates.into_iter().next(), members.len()) {
        (Some((member, ty, _)), _) => Source::Field(member, Box::new(ty)),
        (None, 0) => Source::None,
        (None, 1) => {
            let (member, ty) = members.remove(0);
            Source::Field(member, Box::new(ty))
        }
        (None, _) => Source::Unclear,
    }
}

/// The name, at another place: an editor lists no use of the field.
fn ident(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span.resolved_at(name.span()));
    name
}
