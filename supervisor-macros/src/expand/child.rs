//! What `#[child]` adds to a function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, ReturnType, Type};

use super::policy::patch;
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
    let parameters: Vec<&Type> = parameters(function).collect();
    let context = if options.blocking.is_some() { "BlockingContext" } else { "TaskContext" };
    let context = Ident::new(context, Span::call_site());
    let context = quote!(#runtime::#context);
    let checks = parameters.iter().filter(|ty| !is_context(ty)).map(|ty| {
        let place = Place::of(ty);
        // The type cannot be inferred: it is what the call is about.
        let check = format_ident!("is_parameter");
        let check = runtime.call(&place, &check.to_string(), quote!());
        with_types(check, &quote!(#ty, #context))
    });
    let runs = runs(child.get(), &runtime, parameters.len());
    let cfgs = only(&function.attributes, "cfg");
    quote! {
        #function
        #marker
        #(#cfgs)*
        #[allow(deprecated)]
        const _: () = {
            impl #runtime::Supervised for #name {
                type Handle = #runtime::Handle<Self>;
                const NODE: #runtime::Node =
                    #runtime::Node::Child(&const { #runtime::DeclaredChild::new(#policy) });
            }
            impl<__S: 'static> #runtime::RunsUnder<__S> for #name
            where
                #(#parameters: #runtime::Extract<__S, #context>,)*
            {
                const RUNS: #runtime::Runs<__S> = #runs;
            }
            #(const _: () = #checks;)*
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
    // Resolved where the attribute stands, and no use of the user's in the eyes of an editor.
    let function = Ident::new(&signature.ident.to_string(), Span::call_site());
    let function = if signature.ident.to_string().starts_with("r#") {
        signature.ident.clone()
    } else {
        function
    };
    let run = Ident::new("run", Span::mixed_site());
    let arguments = std::iter::repeat_n(quote!(#runtime::parameter(#run)), parameters);
    let call = quote!(#function(#(#arguments),*));
    let place = match &signature.output {
        ReturnType::Default => Place::of(&signature.ident),
        ReturnType::Type(_, ty) => Place::of(ty),
    };
    let (table, function) = if child.options.blocking.is_some() {
        ("Blocking", "finished")
    } else {
        ("Async", "boxed")
    };
    let table = Ident::new(table, Span::call_site());
    let call = runtime.call(&place, "returned", call);
    let call = runtime.call(&place, function, call);
    quote!(#runtime::Runs::#table(|#run| #call))
}

/// Puts `::<types>` before the parentheses at the end of a call.
fn with_types(call: TokenStream, types: &TokenStream) -> TokenStream {
    let mut tokens: Vec<_> = call.into_iter().collect();
    let arguments = tokens.pop();
    let function = tokens.into_iter().collect::<TokenStream>();
    quote!(#function::<#types> #arguments)
}

fn parameters(function: &Function) -> impl Iterator<Item = &Type> {
    function.signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(&*parameter.ty),
        FnArg::Receiver(_) => None,
    })
}

/// Whether the type has the name of a context. Then it need not be checked where the child is:
/// a check costs as much time as the rest of a small child.
fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| {
        last.ident == "TaskContext"
    }))
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, visibility, signature, body } = self;
        tokens.extend(quote!(#(#attributes)* #visibility #signature #body));
    }
}
