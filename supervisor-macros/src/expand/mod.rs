//! Model to tokens. No logic is generated: types, static data, and calls into the runtime crate.

mod child;
mod failure;
mod fallback;
mod graph;
mod hover;
mod parameter;
mod policy;
mod runtime;
mod shared_state;
#[cfg(test)]
mod snapshots;
mod supervisor;
mod text;

pub(crate) use self::hover::{show_words_of_child, show_words_of_supervisor};
use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::validate::validate;
use crate::{model, parse};

/// `#[child]`.
pub(crate) fn child(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(child) = parse::child(options, item.clone(), &mut errors) else {
        let stub = parse::function_name(item.clone()).map(|name| fallback::unreadable(&name));
        return quote!(#item #stub #errors);
    };
    match validate(child, &mut errors) {
        Ok(child) => child::expand(&child),
        Err(child) => {
            let child = fallback::child(&child);
            quote!(#child #errors)
        }
    }
}

/// `#[supervisor]`.
pub(crate) fn supervisor(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(supervisor) = parse::supervisor(options, item.clone(), &mut errors) else {
        let item = fallback::no_supervisor(item.clone());
        return quote!(#item #errors);
    };
    match validate::<model::Supervisor>(supervisor, &mut errors) {
        Ok(supervisor) => supervisor::expand(&supervisor),
        Err(supervisor) => {
            let supervisor = fallback::supervisor(&supervisor);
            quote!(#supervisor #errors)
        }
    }
}

/// `#[derive(SharedState)]`.
pub(crate) fn shared_state(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(state) = parse::shared_state(item, &mut errors) else { return quote!(#errors) };
    if let Ok(state) = validate(state, &mut errors) {
        shared_state::expand(&state)
    } else {
        quote!(#errors)
    }
}

/// `#[derive(Failure)]`.
pub(crate) fn failure(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(failure) = parse::failure(item, &mut errors) else { return quote!(#errors) };
    match validate(failure, &mut errors) {
        Ok(failure) => failure::expand(&failure),
        Err(failure) => {
            let stand_in = fallback::failure(&failure);
            quote!(#stand_in #errors)
        }
    }
}
