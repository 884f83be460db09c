//! `#[child(…)]` on a function.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Signature};

use super::entry::entries;
use super::policy::{POLICIES, not_here, setting};
use crate::errors::Errors;
use crate::model::{Child, ChildOptions, Function};

/// Reads the attribute and the function. `None`, reported, when there is no function.
pub(crate) fn child(options: TokenStream, item: TokenStream, errors: &mut Errors) -> Option<Child> {
    let options = child_options(options, errors);
    let function = |input: ParseStream<'_>| function(input, item.clone());
    match function.parse2(without_body(item.clone())) {
        Ok(function) => Some(Child { options, function }),
        Err(error) if function_name(item).is_some() => {
            errors.push(error);
            None
        }
        Err(error) => {
            errors.at(error.span(), "`#[child]` goes on a function");
            None
        }
    }
}

/// The options of a `#[child]` function.
pub(crate) fn child_options_read() -> impl Iterator<Item = &'static str> {
    POLICIES.into_iter().chain([
        "blocking",
        "multiple",
        "instance",
        "depends_on",
        "classify",
        "type",
        "crate",
    ])
}

fn child_options(tokens: TokenStream, errors: &mut Errors) -> ChildOptions {
    let mut options = ChildOptions::default();
    for entry in entries(tokens, errors) {
        if setting(&entry, &mut options.policy, errors) {
            continue;
        }
        match entry.name() {
            "blocking" => options.blocking = Some(entry.flag(errors)),
            "multiple" => options.multiple = Some(entry.flag(errors)),
            "instance" => {
                options.instance = entry.parsed("a constant such as `T::NAME`", errors);
            }
            "depends_on" => options.depends_on = entry.children(errors),
            "classify" => options.classify = entry.types(errors),
            "type" => options.type_name = entry.parsed("a name", errors),
            "crate" => options.krate = entry.parsed("a path", errors),
            _ => {
                let known: Vec<_> = child_options_read().collect();
                not_here(&entry, &known, errors);
            }
        }
    }
    options
}

fn function(input: ParseStream<'_>, tokens: TokenStream) -> syn::Result<Function> {
    let function = Function {
        attributes: input.call(Attribute::parse_outer)?,
        visibility: input.parse()?,
        signature: input.parse::<Signature>()?,
        tokens,
    };
    // The body, or what else there is.
    input.parse::<TokenStream>()?;
    Ok(function)
}

/// With nothing in the last braces: to read what is there takes longer than all the rest.
fn without_body(item: TokenStream) -> TokenStream {
    let mut tokens: Vec<_> = item.into_iter().collect();
    if let Some(TokenTree::Group(body)) = tokens.last_mut()
        && body.delimiter() == Delimiter::Brace
    {
        let span = body.span();
        *body = Group::new(Delimiter::Brace, TokenStream::new());
        body.set_span(span);
    }
    tokens.into_iter().collect()
}

/// The name after the first `fn`, also in what cannot be read.
pub(crate) fn function_name(item: TokenStream) -> Option<Ident> {
    let mut tokens = item.into_iter();
    tokens.find(|token| matches!(token, TokenTree::Ident(word) if word == "fn"))?;
    match tokens.next()? {
        TokenTree::Ident(name) => Some(name),
        _ => None,
    }
}
