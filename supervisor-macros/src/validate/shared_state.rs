//! Rules about `#[derive(SharedState)]`.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::Member;

use super::{Rule, Ruled};
use crate::errors::Errors;
use crate::model::SharedState;

impl Ruled for SharedState {
    const RULES: &'static [Rule<Self>] = rules![types_differ];
}

fn types_differ(state: &SharedState, errors: &mut Errors) {
    let mut seen = BTreeMap::new();
    for field in &state.fields {
        let ty = field.ty.to_token_stream().to_string();
        let name = name(&field.member);
        if let Some(earlier) = seen.insert(ty.clone(), name.clone()) {
            errors.on(
                &field.ty,
                format!(
                    "`{earlier}` and `{name}` have the same type, so `State<{ty}>` would not say \
                     which: wrap one of them in a type of its own, or write `#[state(skip)]`"
                ),
            );
        }
    }
}

fn name(member: &Member) -> String {
    match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
