//! What `#[child]` adds to a function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{FnArg, ReturnType, Type};

use super::graph;
use super::policy::{check, patch};
use super::runtime::{Place, Runtime};
use crate::model::{Child, Function, only};
use crate::validate::Valid;

/// The function as it is, a type of the same name, and two impls for it: what was written, and
/// how it runs under an application state.
pub(super) fn expand(child: &Valid<Child>) -> TokenStream {
    let Child { options, function } = child.get();
    let runtime = Runtime::new(options.krate.as_ref());
    let name = type_name(child.get());
    let marker = marker(function, name);
    let policy = patch(&options.policy, &runtime);
    let check = check(&options.policy, &runtime);
    let parameters: Vec<&Type> = parameters(function).collect();
    let own = if options.blocking.is_some() { "BlockingContext" } else { "TaskContext" };
    let context = Ident::new(own, Span::call_site());
    let context = quote!(#runtime::#context);
    let handles = parameters.iter().filter(|ty| !is_named(ty, own)).map(|ty| {
        let place = Place::of(ty);
        runtime.call(&place, &quote!(handle_of::<#ty, #context>), quote!())
    });
    let handles: Vec<_> = handles.collect();
    let key = graph::key(name, &runtime);
    let item = graph::of_child(options, &handles, &runtime);
    let runs = runs(child.get(), &runtime, parameters.len());
    let cfgs = only(&function.attributes, "cfg");
    // What these would ask for, a child cannot do: take references, or be a plain function.
    let cannot = if options.blocking.is_some() {
        quote!(clippy::needless_pass_by_value)
    } else {
        quote!(clippy::unused_async)
    };
    quote! {
        #[allow(#cannot)]
        #function
        #marker
        #(#cfgs)*
        #[allow(deprecated, unused_parens, clippy::all, clippy::pedantic)]
        const _: () = {
            impl #runtime::Supervised for #name {
                type Handle = #runtime::Handle<Self>;
                const KEY: #runtime::Key = #key;
                const NODE: #runtime::Node =
                    #runtime::Node::Child(&const { #runtime::DeclaredChild::new(#policy) });
                #item
            }
            impl<__S: 'static> #runtime::RunsUnder<__S> for #name
            where
                #(#parameters: #runtime::Extract<__S, #context>,)*
            {
                const RUNS: #runtime::Runs<__S> = #runs;
            }
            #check
        };
    }
}

/// The name of the type that stands for the child.
pub(super) fn type_name(child: &Child) -> &Ident {
    child.options.type_name.as_ref().unwrap_or(&child.function.signature.ident)
}

/// The type that stands for the child in the fields of supervisors.
pub(super) fn marker(function: &Function, name: &Ident) -> TokenStream {
    let Function { attributes, visibility, signature, .. } = function;
    let cfgs = only(attributes, "cfg");
    let mut docs: Vec<_> =
        only(attributes, "doc").into_iter().map(ToTokens::to_token_stream).collect();
    if docs.is_empty() {
        let doc = format!("The child [`{}()`].", signature.ident);
        docs.push(quote!(#[doc = #doc]));
    }
    quote! {
        #(#cfgs)*
        #(#docs)*
        #[allow(non_camel_case_types, dead_code)]
        #visibility enum #name {}
    }
}

/// The table entry with the function that makes a run.
fn runs(child: &Child, runtime: &Runtime, parameters: usize) -> TokenStream {
    let signature = &child.function.signature;
    // The same name, but no use of the user's in the eyes of an editor.
    let mut function = signature.ident.clone();
    function.set_span(Span::call_site());
    let run = Ident::new("run", Span::mixed_site());
    let arguments = std::iter::repeat_n(quote!(#runtime::parameter(#run)), parameters);
    let call = quote!(#function(#(#arguments),*));
    let place = match &signature.output {
        ReturnType::Default => Place::of(&signature.ident),
        ReturnType::Type(_, ty) => Place::of(ty),
    };
    let is_never =
        matches!(&signature.output, ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)));
    let (table, finish, tag) = if child.options.blocking.is_some() {
        (quote!(Blocking), quote!(finished), quote!(tag_of))
    } else {
        (quote!(Async), quote!(boxed), quote!(tag_of_output))
    };
    if is_never {
        // What never comes has no type that could be asked.
        let call = runtime.call(&place, &quote!(returned), call);
        let call = runtime.call(&place, &finish, quote!(#call, #runtime::AsItIs));
        return quote!(#runtime::Runs::#table(|#run| #call));
    }
    let output = Ident::new("output", Span::mixed_site());
    let reader = Ident::new("reader", Span::mixed_site());
    let returned = |value: &Ident| runtime.call(&place, &quote!(returned), quote!(#value));
    let (value, kind) = (returned(&output), returned(&reader));
    let finish = runtime.call(&place, &finish, quote!(#value, #kind));
    quote! {
        #runtime::Runs::#table(|#run| {
            use #runtime::{PickAsItIs as _, PickWithClass as _};
            let #output = #call;
            let #reader = (&#runtime::#tag(&#output)).pick();
            #finish
        })
    }
}

fn parameters(function: &Function) -> impl Iterator<Item = &Type> {
    function.signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(&*parameter.ty),
        FnArg::Receiver(_) => None,
    })
}

/// Whether the type has the name of the child's own context. Then it need not be checked where the
/// child is: a check costs as much time as the rest of a small child.
fn is_named(ty: &Type, name: &str) -> bool {
    let Type::Path(path) = ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, signature, body } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}
