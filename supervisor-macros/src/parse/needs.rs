//! What a child or a supervisor needs: `depends_on(…)`, `requires(…)`, `after(…)`.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::Type;
use syn::parse::Parse;

use super::entry::{Entry, Value, up_to_comma};
use crate::errors::Errors;

impl Entry {
    /// The children that are named: `key(path, path)`.
    pub(super) fn children(&self, errors: &mut Errors) -> Vec<Type> {
        let what = format!("the names of children: `{}(storage::pool)`", self.key);
        let mut types: Vec<Type> = self.listed(&what, errors);
        types.retain(|ty| {
            let is_path = matches!(ty, Type::Path(_));
            if !is_path {
                errors.on(ty, format!("`{}` takes {what}", self.key));
            }
            is_path
        });
        types
    }

    /// The fields that are named: `key(name, name)`.
    pub(super) fn fields(&self, errors: &mut Errors) -> Vec<Ident> {
        self.listed(&format!("the names of other fields: `{}(pool)`", self.key), errors)
    }

    /// At least one of `what`, each once.
    fn listed<T: Parse + ToTokens>(&self, what: &str, errors: &mut Errors) -> Vec<T> {
        let key = &self.key;
        if matches!(self.value, Value::None) || self.tokens().is_empty() {
            errors.at(self.span(), format!("`{key}` takes {what}"));
        }
        let mut seen = BTreeSet::new();
        let mut listed = Vec::new();
        for tokens in parts(self.tokens()) {
            let written = tokens.to_string();
            let Ok(parsed) = syn::parse2::<T>(tokens.clone()) else {
                errors.on(tokens, format!("`{key}` takes {what}"));
                continue;
            };
            if seen.insert(written) {
                listed.push(parsed);
            } else {
                errors.on(&tokens, format!("`{key}` names `{tokens}` twice"));
            }
        }
        listed
    }
}

/// What stands between commas.
fn parts(tokens: TokenStream) -> Vec<TokenStream> {
    let mut tokens = tokens.into_iter().peekable();
    let mut parts = Vec::new();
    while tokens.peek().is_some() {
        parts.push(up_to_comma(&mut tokens));
        tokens.next();
    }
    parts
}
