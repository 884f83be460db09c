//! What a child or a supervisor needs: `depends_on(…)`, `requires(…)`, `after(…)`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;
use syn::parse::Parse;

use super::entry::{Entry, up_to_comma};
use crate::errors::Errors;

impl Entry {
    /// The children that are named: `key(path, path)`.
    pub(super) fn children(&self, errors: &mut Errors) -> Vec<Type> {
        let key = &self.key;
        let what = || format!("the names of children: `{key}(storage::pool)`");
        let mut types: Vec<Type> = self.listed(what, errors);
        types.retain(|ty| {
            let is_path = matches!(ty, Type::Path(_));
            if !is_path {
                errors.on(ty, format!("`{key}` takes {}", what()));
            }
            is_path
        });
        types
    }

    /// The fields that are named: `key(name, name)`.
    pub(super) fn fields(&self, errors: &mut Errors) -> Vec<Ident> {
        self.listed(|| format!("the names of other fields: `{}(pool)`", self.key), errors)
    }

    /// At least one of `what`, each once.
    fn listed<T: Parse + ToTokens>(
        &self,
        what: impl Fn() -> String,
        errors: &mut Errors,
    ) -> Vec<T> {
        let key = &self.key;
        let parts = parts(self.tokens());
        if parts.is_empty() {
            errors.at(self.span(), format!("`{key}` takes {}", what()));
        }
        let mut seen = Vec::new();
        let mut listed = Vec::new();
        for tokens in parts {
            let written = spelled(&tokens);
            let tokens: TokenStream = tokens.into_iter().collect();
            let Ok(parsed) = syn::parse2::<T>(tokens.clone()) else {
                errors.on(tokens, format!("`{key}` takes {}", what()));
                continue;
            };
            if seen.contains(&written) {
                errors.on(&tokens, format!("`{key}` names `{tokens}` twice"));
            } else {
                seen.push(written);
                listed.push(parsed);
            }
        }
        listed
    }
}

/// What stands between commas.
fn parts(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut tokens = tokens.into_iter().peekable();
    let mut parts = Vec::new();
    while tokens.peek().is_some() {
        parts.push(up_to_comma(&mut tokens));
        tokens.next();
    }
    parts
}

/// The words with a space after each, to be compared: the compiler takes longer to put them in order.
fn spelled(tokens: &[TokenTree]) -> String {
    tokens.iter().fold(String::new(), |text, token| text + &token.to_string() + " ")
}
