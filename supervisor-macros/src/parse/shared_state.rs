//! `#[derive(SharedState)]` on a struct.

use proc_macro2::TokenStream;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Index, Member, Meta, Path};

use super::entry::entries;
use crate::errors::Errors;
use crate::model::{SharedState, StateField};

/// Reads the struct. `None`, reported, when it is none.
pub(crate) fn shared_state(item: TokenStream, errors: &mut Errors) -> Option<SharedState> {
    let input: DeriveInput = syn::parse2(item).map_err(|error| errors.push(error)).ok()?;
    let Data::Struct(data) = input.data else {
        errors.on(&input.ident, "`SharedState` is for structs: children take their fields");
        return None;
    };
    let krate = options(&input.attrs, &["crate"], errors).krate;
    let mut fields = Vec::new();
    for (index, field) in data.fields.into_iter().enumerate() {
        let span = field.ty.span();
        if options(&field.attrs, &["skip"], errors).skip {
            continue;
        }
        let index = Index { index: u32::try_from(index).unwrap_or(u32::MAX), span };
        let member = field.ident.map_or(Member::Unnamed(index), Member::Named);
        fields.push(StateField { member, ty: field.ty });
    }
    Some(SharedState { name: input.ident, generics: input.generics, krate, fields })
}

#[derive(Default)]
struct Options {
    skip: bool,
    krate: Option<Path>,
}

fn options(attributes: &[Attribute], known: &[&str], errors: &mut Errors) -> Options {
    let mut options = Options::default();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("state")) {
        let Meta::List(list) = &attribute.meta else {
            errors.on(attribute, format!("`#[state]` takes an option: `#[state({})]`", known[0]));
            continue;
        };
        for entry in entries(list.tokens.clone(), errors) {
            match entry.name() {
                name if !known.contains(&name) => entry.unknown("option", known, errors),
                "skip" => {
                    entry.flag(errors);
                    options.skip = true;
                }
                _ => options.krate = entry.parsed("a path", errors),
            }
        }
    }
    options
}
