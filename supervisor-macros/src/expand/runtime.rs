//! The path to what generated code calls, and the spans that decide where messages point.
//!
//! rustc takes the span of a path or a call from its first and last token. Only punctuation and
//! delimiters get spans of the user: an identifier with one would be listed by editors as a use
//! of what the user wrote.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Path, Token, parse_quote};

/// `::rust_supervisor::__private`.
pub(super) struct Runtime(Path);

impl Runtime {
    /// Inside the crate that `crate = …` names.
    pub(super) fn new(krate: Option<&Path>) -> Self {
        let default = || parse_quote!(::rust_supervisor);
        let krate = krate.cloned().unwrap_or_else(default);
        Self(parse_quote!(#krate::__private))
    }

    /// The path, beginning at `span` as far as it begins with `::`.
    pub(super) fn at(&self, span: Span) -> TokenStream {
        let mut path = self.0.clone();
        path.leading_colon = path.leading_colon.map(|_| Token![::](span));
        path.into_token_stream()
    }

    /// A call of `function` that spans `place`.
    pub(super) fn call(
        &self,
        place: &Place,
        function: &str,
        arguments: TokenStream,
    ) -> TokenStream {
        let runtime = self.at(place.first);
        let function = Ident::new(function, Span::call_site());
        let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
        arguments.set_span(place.last);
        let arguments = TokenTree::from(arguments);
        quote!(#runtime::#function #arguments)
    }
}

impl ToTokens for Runtime {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// From the first to the last of some tokens.
pub(super) struct Place {
    first: Span,
    last: Span,
}

impl Place {
    pub(super) fn of(tokens: impl ToTokens) -> Self {
        let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self { first, last: spans.last().unwrap_or(first) }
    }
}
