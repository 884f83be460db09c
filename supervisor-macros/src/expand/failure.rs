//! What `#[derive(Failure)]` adds.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::runtime::{Place, Runtime};
use crate::model::{Class, FailingVariant, FailureDerive, Source, Words};
use crate::validate::Valid;

/// One impl with one arm for each variant.
pub(super) fn expand(failure: &Valid<FailureDerive>) -> TokenStream {
    let failure = failure.get();
    let runtime = Runtime::new(failure.krate.as_ref());
    let FailureDerive { name, generics, variants, .. } = failure;
    let mut bounds = Vec::new();
    let arms: Vec<_> = variants
        .iter()
        .filter_map(|variant| {
            let class = failure.class_of(variant)?;
            if let (false, Class::OfSource(_), Source::Field(_, ty)) =
                (generics.params.is_empty(), class, &variant.source)
            {
                bounds.push(quote!(#ty: #runtime::Failure));
            }
            Some(arm(variant, class, &runtime))
        })
        .collect();
    let (impls, types, clause) = generics.split_for_impl();
    let clause = match clause {
        Some(clause) => {
            let written = &clause.predicates;
            let comma = (!written.empty_or_trailing()).then(|| quote!(,));
            quote!(where #written #comma #(#bounds,)*)
        }
        None if bounds.is_empty() => quote!(),
        None => quote!(where #(#bounds,)*),
    };
    // A reference to what has no values has no arms, and is still no empty match.
    let matched = if variants.is_empty() { quote!(*self) } else { quote!(self) };
    quote! {
        #[allow(deprecated, unused_parens, clippy::all, clippy::pedantic)]
        impl #impls #runtime::Failure for #name #types #clause {
            fn kind(&self) -> #runtime::TaskFailureKind {
                match #matched { #(#arms)* }
            }
        }
    }
}

fn arm(variant: &FailingVariant, class: &Class, runtime: &Runtime) -> TokenStream {
    // No use of the user's in the eyes of an editor.
    let path = variant.name.as_ref().map_or_else(
        || quote!(Self),
        |name| {
            let mut name = name.clone();
            name.set_span(Span::call_site());
            quote!(Self::#name)
        },
    );
    match (class, &variant.source) {
        (Class::OfSource(_), Source::Field(member, ty)) => {
            let source = Ident::new("source", Span::mixed_site());
            let kind = runtime.call(&Place::of(ty), &quote!(kind_of), quote!(#source));
            quote!(#path { #member: #source, .. } => #kind,)
        }
        (Class::Is(kind), _) => {
            let kind = Ident::new(kind.variant(), Span::call_site());
            quote!(#path { .. } => #runtime::TaskFailureKind::#kind,)
        }
        (Class::OfSource(_), Source::None | Source::Unclear) => {
            unreachable!("validate() lets no such variant pass")
        }
    }
}
