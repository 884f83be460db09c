//! What is emitted beside errors: the user's item, and stand-ins that satisfy every bound, so that
//! one error does not lead to others.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};

use super::child::{Generics, marker, type_name};
use super::graph::broken;
use super::runtime::Runtime;
use super::supervisor::structure;
use crate::model::{Child, FailureDerive, Supervisor, only};

/// The function, and a child that runs under every state. Only the function where it stands in
/// an `impl` block, which cannot hold a type.
pub(super) fn child(child: &Child) -> TokenStream {
    let function = &child.function;
    if mentions_self(function.signature.to_token_stream()) {
        return function.to_token_stream();
    }
    let name = type_name(child);
    let runtime = Runtime::new(child.options.krate.as_ref());
    let marker = marker(function, name, &runtime);
    let stand_in = stand_in(name, &function.generics(), &runtime);
    let cfgs = only(&function.attributes, "cfg");
    quote!(#function #marker #(#cfgs)* const _: () = { #stand_in };)
}

/// A child for a function that cannot be read.
pub(super) fn unreadable(name: &Ident) -> TokenStream {
    let stand_in = stand_in(name, &Generics::default(), &Runtime::new(None));
    quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        pub enum #name {}
        const _: () = { #stand_in };
    }
}

fn stand_in(name: &Ident, generics: &Generics, runtime: &Runtime) -> TokenStream {
    let (import, runtime) = runtime.inside();
    let Generics { parameters, impls, arguments, bounds } = generics;
    let broken = broken(name, &runtime);
    let clause = (!bounds.is_empty()).then(|| quote!(where #(#bounds,)*));
    quote! {
        #import
        impl #impls #runtime::Supervised for #name #arguments #clause {
            type Handle = #runtime::Handle<Self>;
            #broken
        }
        impl #impls #runtime::Needs<#runtime::NoArgs> for #name #arguments #clause {}
        impl<__S: 'static, #parameters> #runtime::RunsUnder<__S> for #name #arguments #clause {}
    }
}

/// The handle struct, without a tree behind it. Only the struct where it is generic.
pub(super) fn supervisor(supervisor: &Supervisor) -> TokenStream {
    let Supervisor { attributes, visibility, name, generics, fields, options } = supervisor;
    let runtime = Runtime::new(options.krate.as_ref());
    if !generics.params.is_empty() {
        let clause = &generics.where_clause;
        let fields = fields.iter().map(|field| {
            let (attributes, visibility, name, ty) =
                (&field.attributes, &field.visibility, &field.name, &field.ty);
            quote!(#(#attributes)* #visibility #name: #ty,)
        });
        return quote!(#(#attributes)* #visibility struct #name #generics #clause { #(#fields)* });
    }
    let mut seen = BTreeSet::new();
    // That a name is taken has been said.
    let unique =
        fields.iter().filter(|field| field.has_cfg() || seen.insert(field.name.to_string()));
    let structure = structure(supervisor, unique, &runtime);
    let (import, runtime) = runtime.inside();
    let broken = broken(name, &runtime);
    quote! {
        #structure
        const _: () = {
            #import
            impl #runtime::Supervised for #name {
                type Handle = Self;
                #broken
            }
            impl #runtime::Needs<#runtime::NoArgs> for #name {}
            impl<__S: 'static> #runtime::RunsUnder<__S> for #name {}
            impl #runtime::FromSeat for #name {
                fn from_seat(_: #runtime::Seat) -> Self {
                    #runtime::absent()
                }
            }
            impl #runtime::Seated for #name {
                const WIRES: &'static [#runtime::Wire] = &[];
                fn seat(&self) -> &#runtime::Seat {
                    &self.__seat
                }
            }
        };
    }
}

/// An item that is no struct of fields, without `#[child]` on its parts.
pub(super) fn no_supervisor(item: TokenStream) -> TokenStream {
    let mut kept = TokenStream::new();
    let mut tokens = item.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_hash = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        if is_hash && tokens.next_if(is_child_attribute).is_some() {
            continue;
        }
        kept.extend([match token {
            TokenTree::Group(group) => {
                let mut stripped = Group::new(group.delimiter(), no_supervisor(group.stream()));
                stripped.set_span(group.span());
                TokenTree::Group(stripped)
            }
            token => token,
        }]);
    }
    kept
}

/// Whether this is the `[child…]` after a `#`.
fn is_child_attribute(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name == "child")
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "self" || word == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// An error of some class.
pub(super) fn failure(failure: &FailureDerive) -> TokenStream {
    let FailureDerive { name, generics, krate, .. } = failure;
    let runtime = Runtime::new(krate.as_ref());
    let (impls, types, clause) = generics.split_for_impl();
    quote! {
        impl #impls #runtime::Failure for #name #types #clause {
            fn kind(&self) -> #runtime::TaskFailureKind {
                #runtime::TaskFailureKind::Recoverable
            }
        }
    }
}
