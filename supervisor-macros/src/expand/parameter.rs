//! What a child takes, and who hands it over.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{FnArg, PathArguments, Type};

use super::runtime::{Place, Runtime};
use super::text::read;
use crate::model::{Function, peeled};

/// The names of what is made from the state of the application and the place in the tree.
const OURS: [&str; 7] = ["State", "Lease", "Args", "Settings", "Handle", "Pool", "Many"];

/// Those of them that are handles.
const HANDLES: [&str; 3] = ["Handle", "Pool", "Many"];

/// What is often meant to be shared, and is none of ours whatever it holds.
const PLAIN: [&str; 16] = [
    "Arc", "BTreeMap", "BTreeSet", "Box", "Cell", "HashMap", "HashSet", "Mutex", "Option", "Rc",
    "Receiver", "RefCell", "Result", "RwLock", "Sender", "Vec",
];

/// A parameter of a child.
pub(super) enum Parameter<'a> {
    /// Needs something of the application: whether that is there is known where the tree is.
    OfState(&'a Type),
    /// Needs the run's own context alone. What is nothing of ours is found out here, and only here:
    /// as a bound it would be reported again by every tree.
    OfContext(&'a Type),
}

impl<'a> Parameter<'a> {
    /// The type, where it is a handle of something else in the tree.
    pub(super) fn handle(&self) -> Option<&'a Type> {
        let Self::OfState(ty) = self else { return None };
        last_name(ty).is_some_and(|name| HANDLES.contains(&name.as_str())).then_some(*ty)
    }

    /// Its type, unless it is known by its name to need nothing of the field that the child is in.
    pub(super) fn needing(&self) -> Option<&Type> {
        match self {
            Self::OfState(ty)
                if last_name(ty).is_none_or(|name| name == "Args" || !is_ours(&name)) =>
            {
                Some(ty)
            }
            Self::OfState(_) | Self::OfContext(_) => None,
        }
    }

    /// The type, where it is something that one run at a time has.
    pub(super) fn lease(&self) -> Option<&'a Type> {
        let Self::OfState(ty) = self else { return None };
        is_named(ty, "Lease").then_some(*ty)
    }

    /// The expression that makes it.
    pub(super) fn value(&self, context: &TokenStream, runtime: &Runtime) -> Value {
        match self {
            Self::OfState(_) => Value::Text("__rt::parameter(__run)?"),
            // What has the name of the context is one, or the message is a little less exact.
            Self::OfContext(ty) if is_context(ty) => Value::Text("__rt::of_context(__run)"),
            Self::OfContext(ty) => {
                let function = quote!(of_context::<#ty, #context, _>);
                Value::Tokens(runtime.call(&Place::of_type(ty), &function, quote!(__run)))
            }
        }
    }
}

/// An expression that makes a parameter.
pub(super) enum Value {
    /// Without a token of the user's.
    Text(&'static str),
    Tokens(TokenStream),
}

impl Value {
    pub(super) fn text(&self) -> Option<&'static str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Tokens(_) => None,
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Text(text) => read(text).to_tokens(tokens),
            Self::Tokens(value) => value.to_tokens(tokens),
        }
    }
}

/// The parameters that are settings of the child's own: what is declared knows of them, so that
/// they are read before anything starts.
pub(super) fn settings(function: &Function) -> impl Iterator<Item = &Type> {
    parameters(function).filter_map(|parameter| match parameter {
        Parameter::OfState(ty) if is_named(ty, "Settings") => Some(ty),
        Parameter::OfState(_) | Parameter::OfContext(_) => None,
    })
}

fn is_named(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

pub(super) fn parameters(function: &Function) -> impl Iterator<Item = Parameter<'_>> {
    function.signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) if is_of_state(&parameter.ty) => {
            Some(Parameter::OfState(&parameter.ty))
        }
        FnArg::Typed(parameter) => Some(Parameter::OfContext(&parameter.ty)),
        FnArg::Receiver(_) => None,
    })
}

fn is_context(ty: &Type) -> bool {
    let Type::Path(path) = peeled(ty) else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident == "TaskContext" || last.ident == "BlockingContext")
}

/// Another name for one of ours is seen through where it has types of its own in `<…>`.
fn is_of_state(ty: &Type) -> bool {
    let Type::Path(path) = peeled(ty) else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let name = last.ident.to_string();
    let has_types = matches!(last.arguments, PathArguments::AngleBracketed(_));
    is_ours(&name) || (has_types && !PLAIN.contains(&name.as_str()))
}

fn is_ours(name: &str) -> bool {
    OURS.contains(&name)
}

fn last_name(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last().map(|last| last.ident.to_string())
}
