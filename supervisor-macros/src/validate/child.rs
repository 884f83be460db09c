//! Rules about `#[child]` on a function.

use quote::ToTokens;
use syn::{FnArg, Path, ReturnType, Safety, Type, TypeParamBound};

use super::{Rule, Ruled, check, policy};
use crate::errors::Errors;
use crate::model::{Child, only, peeled};

impl Ruled for Child {
    const RULES: &'static [Rule<Self>] = rules![
        async_or_blocking,
        plain_function,
        borrows_nothing,
        not_a_method,
        takes_something,
        owns_its_parameters,
        takes_the_context_of_its_kind,
        only_a_failure_is_classified,
        name_is_free,
        policies,
    ];
}

/// The names that a type must not take from the language.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
    "i128", "isize", "f32", "f64",
];

fn async_or_blocking(child: &Child, errors: &mut Errors) {
    let signature = &child.function.signature;
    let name = &signature.ident;
    match (child.options.blocking, &signature.asyncness) {
        (None, None) if returns_a_future(child) => {}
        (None, None) => errors.on(
            signature.fn_token,
            format!(
                "child `{name}` is an `async fn`, or returns `impl Future`; if it is meant to have \
                 a thread of its own, write `#[child(blocking)]`"
            ),
        ),
        (Some(_), Some(asyncness)) => errors.on(
            asyncness,
            format!(
                "child `{name}` is `blocking`, so it is a plain `fn`: its thread polls nothing"
            ),
        ),
        (None, Some(_)) | (Some(_), None) => {}
    }
}

/// As far as its type says so: `impl Future`, `Pin<Box<…>>`, `BoxFuture<…>`.
fn returns_a_future(child: &Child) -> bool {
    let ReturnType::Type(_, ty) = &child.function.signature.output else { return false };
    match peeled(ty) {
        Type::ImplTrait(hidden) => hidden
            .bounds
            .iter()
            .any(|bound| matches!(bound, TypeParamBound::Trait(bound) if is_future(&bound.path))),
        Type::Path(path) => is_future(&path.path),
        _ => false,
    }
}

fn is_future(path: &Path) -> bool {
    let Some(last) = path.segments.last() else { return false };
    last.ident == "Pin" || last.ident.to_string().ends_with("Future")
}

fn plain_function(child: &Child, errors: &mut Errors) {
    let signature = &child.function.signature;
    let parts = [
        signature.constness.as_ref().map(ToTokens::to_token_stream),
        match &signature.safety {
            Safety::Unsafe(word) => Some(word.to_token_stream()),
            _ => None,
        },
        signature.abi.as_ref().map(ToTokens::to_token_stream),
        signature.variadic.as_ref().map(ToTokens::to_token_stream),
    ];
    for part in parts.into_iter().flatten() {
        errors.on(&part, format!("a child cannot be `{part}`"));
    }
}

fn borrows_nothing(child: &Child, errors: &mut Errors) {
    for lifetime in child.function.signature.generics.lifetimes() {
        errors.on(
            lifetime,
            "a child runs for as long as it likes, so it can borrow nothing: no lifetimes here",
        );
    }
}

fn takes_the_context_of_its_kind(child: &Child, errors: &mut Errors) {
    let (kind, own, other) = if child.options.blocking.is_some() {
        ("a blocking", "BlockingContext", "TaskContext")
    } else {
        ("an async", "TaskContext", "BlockingContext")
    };
    for input in &child.function.signature.inputs {
        let FnArg::Typed(parameter) = input else { continue };
        let Type::Path(path) = peeled(&parameter.ty) else { continue };
        if path.path.segments.last().is_some_and(|last| last.ident == other) {
            errors.on(path, format!("{kind} child takes a `{own}`, not a `{other}`"));
        }
    }
}

fn only_a_failure_is_classified(child: &Child, errors: &mut Errors) {
    let returns_nothing = match &child.function.signature.output {
        ReturnType::Default => true,
        ReturnType::Type(_, ty) => match peeled(ty) {
            Type::Never(_) => true,
            Type::Tuple(tuple) => tuple.elems.is_empty(),
            _ => false,
        },
    };
    if let (true, Some(ty)) = (returns_nothing, child.options.classify.first()) {
        errors.on(ty, "`classify` looks into the error of a child, and this one returns none");
    }
}

fn not_a_method(child: &Child, errors: &mut Errors) {
    for receiver in child.function.signature.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(receiver) => Some(receiver),
        FnArg::Typed(_) => None,
    }) {
        errors.on(
            receiver,
            "a child is a free function: put what it shares into the application state and take \
             it as `State<T>`",
        );
    }
}

fn takes_something(child: &Child, errors: &mut Errors) {
    let signature = &child.function.signature;
    if signature.inputs.is_empty() {
        let context =
            if child.options.blocking.is_some() { "BlockingContext" } else { "TaskContext" };
        errors.on(
            &signature.ident,
            format!(
                "child `{}` takes nothing, so it cannot know when to stop: take `ctx: {context}`, \
                 or `_: {context}` if it ends soon by itself",
                signature.ident
            ),
        );
    }
}

fn owns_its_parameters(child: &Child, errors: &mut Errors) {
    for input in &child.function.signature.inputs {
        let FnArg::Typed(parameter) = input else { continue };
        if let Some(cfg) = only(&parameter.attrs, "cfg").first() {
            errors
                .on(cfg, "a parameter of a child is always there: write a function for each `cfg`");
        }
        match peeled(&parameter.ty) {
            Type::Reference(reference) => errors.on(
                reference,
                "a child owns its parameters, because it outlives whoever starts it: take the \
                 type without `&`",
            ),
            Type::ImplTrait(hidden) => {
                errors.on(hidden, "`impl Trait` hides which value is meant: name the type");
            }
            _ => {}
        }
    }
}

fn name_is_free(child: &Child, errors: &mut Errors) {
    let name = child.options.type_name.as_ref().unwrap_or(&child.function.signature.ident);
    if PRIMITIVES.contains(&name.to_string().as_str()) {
        errors.on(name, format!("the type of this child would hide `{name}`: write `type = Name`"));
    }
}

fn policies(child: &Child, errors: &mut Errors) {
    check(&child.options.policy, policy::RULES, errors);
    check(&child.options.policy, policy::OF_ONE_CHILD, errors);
}
