//! What `#[derive(SharedState)]` adds.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use super::runtime::{Place, Runtime};
use crate::model::SharedState;
use crate::validate::Valid;

/// One impl for each field.
pub(super) fn expand(state: &Valid<SharedState>) -> TokenStream {
    let SharedState { name, generics, krate, fields } = state.get();
    let runtime = Runtime::new(krate.as_ref());
    let (impls, types, clause) = generics.split_for_impl();
    let impls = fields.iter().map(|field| {
        let (member, ty) = (&field.member, &field.ty);
        let place = member.to_token_stream().to_string();
        let place = place.trim_start_matches("r#");
        let share = runtime.call(&Place::of(ty), &quote!(share), quote!(&self.#member));
        quote! {
            #[allow(unused_parens, clippy::all, clippy::pedantic)]
            impl #impls #runtime::Provide<#ty> for #name #types #clause {
                const PLACE: &'static #runtime::str = #place;
                fn provide(&self) -> #ty {
                    #share
                }
            }
        }
    });
    quote!(#(#impls)*)
}
