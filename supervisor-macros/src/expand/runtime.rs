//! The path to what generated code calls, and the spans that decide where messages point.
//!
//! rustc takes the span of a type or a call from its first and last token, so those are punctuation
//! and parentheses with spans of the user. An identifier with such a span would be listed by editors as a use of what the
//! user wrote.
//!
//! Everything that is not seen from outside stands in one block, in which the path has a short name:
//! the compiler reads each token of it.

use std::iter;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Lifetime, Path, PathArguments, PathSegment, Token, Type, TypePath};

/// `::rust_supervisor::__private`.
pub(super) struct Runtime {
    path: Path,
    /// Inside the block it is imported under this name.
    short: Option<Ident>,
}

impl Runtime {
    /// Inside the crate that `crate = …` names.
    pub(super) fn new(krate: Option<&Path>) -> Self {
        // Put together by hand: to read it would take longer than all that is done with it.
        let mut path = krate.cloned().unwrap_or_else(|| Path {
            leading_colon: Some(<Token![::]>::default()),
            segments: iter::once(segment("rust_supervisor")).collect(),
        });
        path.segments.push(segment("__private"));
        Self { path, short: None }
    }

    /// The import that a block begins with, and the same inside of it.
    pub(super) fn inside(&self) -> (TokenStream, Self) {
        let path = &self.path;
        let short = Ident::new("__rt", Span::call_site());
        let import = quote!(use #path as #short;);
        (import, Self { path: path.clone(), short: Some(short) })
    }

    /// The type `name<arguments>` that spans `place`.
    pub(super) fn generic(
        &self,
        place: &Place,
        name: &TokenStream,
        arguments: &TokenStream,
    ) -> TokenStream {
        let (path, end) = (self.path_at(place), Token![>](place.last));
        quote!(#path::#name<#arguments #end)
    }

    /// The function `name::<arguments>` that spans `place`.
    pub(super) fn generic_function(
        &self,
        place: &Place,
        name: &TokenStream,
        arguments: &TokenStream,
    ) -> TokenStream {
        let (path, end) = (self.path_at(place), Token![>](place.last));
        quote!(#path::#name::<#arguments #end)
    }

    /// In full, because it begins with what may have a span of the user's.
    fn path_at(&self, place: &Place) -> Path {
        let mut path = self.path.clone();
        path.leading_colon = path.leading_colon.map(|_| Token![::](place.first));
        path
    }

    /// A call of `function`, with its types if it has any, that spans `place`.
    pub(super) fn call(
        &self,
        place: &Place,
        function: &TokenStream,
        arguments: TokenStream,
    ) -> TokenStream {
        let function = parentheses(place.first, quote!(#self::#function));
        let arguments = parentheses(place.last, arguments);
        quote!(#function #arguments)
    }
}

fn segment(name: &str) -> PathSegment {
    PathSegment::from(Ident::new(name, Span::call_site()))
}

fn parentheses(span: Span, inside: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Parenthesis, inside);
    group.set_span(span);
    TokenTree::from(group)
}

impl ToTokens for Runtime {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.short {
            Some(short) => short.to_tokens(tokens),
            None => self.path.to_tokens(tokens),
        }
    }
}

/// From the first to the last of some tokens.
pub(super) struct Place {
    first: Span,
    last: Span,
}

impl Place {
    pub(super) fn at(span: Span) -> Self {
        Self { first: span, last: span }
    }

    /// `_` in this place.
    pub(super) fn inferred(&self) -> Token![_] {
        Token![_](self.first)
    }

    /// A call of an expression in this place.
    pub(super) fn called(&self, function: impl ToTokens, arguments: &TokenStream) -> TokenStream {
        let function = parentheses(self.first, function.into_token_stream());
        let arguments = parentheses(self.last, arguments.clone());
        quote!(#function #arguments)
    }

    /// An expression in this place: a block that begins with a label, because nothing else does that
    /// has a first and a last token and means nothing.
    pub(super) fn around(&self, expression: impl ToTokens) -> TokenStream {
        let label = Lifetime::new("'here", self.first);
        let mut block = Group::new(Delimiter::Brace, expression.into_token_stream());
        block.set_span(self.last);
        quote!(#label: #block)
    }

    /// A call of the macro `name`, which takes nothing, in this place.
    pub(super) fn called_macro(&self, name: &Ident) -> TokenStream {
        let nothing = parentheses(self.last, TokenStream::new());
        quote!(#name! #nothing)
    }

    /// That of a type. The compiler is asked for tokens only where it is more than a path: to ask
    /// takes longer than to look.
    pub(super) fn of_type(ty: &Type) -> Self {
        let Type::Path(TypePath { qself: None, path, .. }) = ty else { return Self::of(ty) };
        let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else {
            return Self::of(ty);
        };
        let first = path.leading_colon.map_or(first.ident.span(), |colons| colons.spans[0]);
        let last = match &last.arguments {
            PathArguments::None => last.ident.span(),
            PathArguments::AngleBracketed(arguments) => arguments.gt_token.spans[0],
            PathArguments::Parenthesized(_) => return Self::of(ty),
        };
        Self { first, last }
    }

    pub(super) fn of(tokens: impl ToTokens) -> Self {
        let mut spans = tokens.into_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self { first, last: spans.last().unwrap_or(first) }
    }
}
