//! What `#[child]` adds to a function.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

use super::graph;
use super::hover::is_for_clippy;
use super::parameter::{Parameter, Value, parameters, settings};
use super::policy::{Said, call, check, said, tags};
use super::runtime::{Place, Runtime};
use super::text::code;
use crate::model::{Child, Function, only, peeled};
use crate::validate::Valid;

/// The function as it is, a type of the same name, and two impls for it: what was written, and
/// how it runs under an application state.
pub(super) fn expand(child: &Valid<Child>) -> TokenStream {
    let Child { options, function } = child.get();
    let runtime = Runtime::new(options.krate.as_ref());
    let name = type_name(child.get());
    let marker = marker(function, name, &runtime);
    let (import, runtime) = runtime.inside();
    let said = said(&options.policy, &runtime);
    let tags = call("tags", tags(&options.policy));
    // What depends on a type has a value only where the type is known.
    let (of_its_types, check) = match check(&options.policy, &runtime) {
        Some(check) if function.mentions_its_types(&check) => (Some(quote!(.of_its_types())), None),
        check => (None, check),
    };
    let own = if options.blocking.is_some() { "BlockingContext" } else { "TaskContext" };
    let context = Ident::new(own, Span::call_site());
    let context = quote!(#runtime::#context);
    let parameters: Vec<_> = parameters(function).collect();
    let key = graph::key_of_child(child.get(), name);
    let is_generic = !function.signature.generics.params.is_empty();
    let needed = graph::of_child(options, &parameters, &runtime);
    let depends_on = graph::depends_on(options, name, &runtime);
    let bounds = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::OfState(ty) => Some(quote!(#ty: #runtime::Extract<__S, #context>)),
        Parameter::OfContext(_) => None,
    });
    let arguments: Vec<_> =
        parameters.iter().map(|parameter| parameter.value(&context, &runtime)).collect();
    let runs = runs(child.get(), &runtime, &arguments, &parameters, &context);
    let returns = returns(function, name, &runtime);
    let settings: Vec<_> = settings(function).collect();
    let Generics { parameters: types, impls, arguments: generics, bounds: own_bounds } =
        function.generics();
    let needs = needs(&parameters, &runtime);
    let needing = parameters.iter().find_map(Parameter::needing);
    let takes = needing.map(|needing| {
        let takes = runtime.call(&Place::of_type(needing), &quote!(takes::<#needs>), quote!());
        quote!(const TAKES: #runtime::ArgumentsType = #takes;)
    });
    let cfgs = only(&function.attributes, "cfg");
    let (cannot, all) = not_for_clippy(options.blocking.is_some());
    // The bounds are for the runs, and for a policy, settings or a need that ask the type.
    let statics: Vec<_> = function.type_parameters().map(|ty| quote!(#ty: 'static)).collect();
    let as_far_as = |asked: &dyn Fn() -> TokenStream| {
        // For most there is nothing to ask, and so to put together.
        if !is_generic {
            return (None, None);
        }
        if function.mentions_its_types(&asked()) {
            return (impls.clone(), clause(&own_bounds));
        }
        let declared = function.declared_parameters();
        let declared = (!declared.is_empty()).then(|| quote!(<#(#declared),*>));
        (declared, clause(&statics))
    };
    let rest = &said.rest;
    let (supervised, own_clause) =
        as_far_as(&|| quote!(#rest #key #depends_on #needed #(#settings)*));
    let (needing, needs_clause) =
        as_far_as(&|| quote!(#needs #rest #key #depends_on #needed #(#settings)*));
    let own = if is_generic { "Self" } else { &format!("<{name} as __rt::Supervised>") };
    let more = quote!(#tags #of_its_types #needed #(.settings::<#settings>())*);
    let declared = declared(&said, own, &depends_on, &more, &runtime);
    let has_expressions = check.is_some();
    let (declared_static, node) = kept(declared, !is_generic, has_expressions, &runtime);
    // Where all types are known, it is one too many.
    let given = (!own_bounds.is_empty()).then(|| quote!(#needs: #runtime::SpawnedWith,));
    quote! {
        #cannot
        #function
        #marker
        #(#cfgs)*
        #[allow(deprecated, unreachable_code, unused_labels, unused_parens #all)]
        const _: () = {
            #import
            #declared_static
            impl #supervised #runtime::Supervised for #name #generics #own_clause {
                #node
                #key
            }
            impl #needing #runtime::Needs<#needs> for #name #generics #needs_clause {}
            impl<__S: 'static, #types> #runtime::RunsUnder<__S> for #name #generics
            where
                #(#bounds,)*
                #(#own_bounds,)*
                #given
            {
                #takes
                #runs
            }
            #returns
            #check
        };
    }
}

/// What was written, as a value. `own` is the type that has the key, `more` is calls.
fn declared(
    said: &Said,
    own: &str,
    depends_on: &TokenStream,
    more: &TokenStream,
    runtime: &Runtime,
) -> TokenStream {
    let most = code!(
        __RESTART = &said.restart, __BACKOFF = &said.backoff, __LIMIT = &said.restart_limit,
        __OWN = own;
        __OWN::KEY, __RESTART, __BACKOFF, __LIMIT,
    );
    let declared = quote!(#runtime::DeclaredChild::said(#most #depends_on) #more);
    let Some(rest) = &said.rest else { return declared };
    // In a field, where what is referred to lives as long as the static.
    quote!(#runtime::DeclaredChild { policy: #runtime::Some(#rest), ..#declared })
}

/// What clippy is told about the function, and about what is made of it.
fn not_for_clippy(is_blocking: bool) -> (Option<TokenStream>, Option<TokenStream>) {
    if !is_for_clippy() {
        return (None, None);
    }
    // What these would ask for, a child cannot do: take references, or be a plain function.
    let cannot = if is_blocking {
        quote!(#[allow(clippy::needless_pass_by_value)])
    } else {
        quote!(#[allow(clippy::unused_async)])
    };
    (Some(cannot), Some(quote!(, clippy::all, clippy::pedantic)))
}

/// What makes its runs: a function alone, where it is async and takes nothing for the time of a run.
fn runs(
    child: &Child,
    runtime: &Runtime,
    arguments: &[Value],
    parameters: &[Parameter<'_>],
    context: &TokenStream,
) -> TokenStream {
    let body = body(child, runtime, arguments);
    let (function, table) = if child.options.blocking.is_some() {
        (None, quote!(#runtime::Runs::Blocking(|__run| { #body })))
    } else {
        let head = code! {;
            fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started
        };
        (Some(quote!(#head { #body })), quote!(#runtime::Runs::Async(Self::run)))
    };
    let leases: Vec<_> = parameters
        .iter()
        .filter_map(Parameter::lease)
        .map(|ty| quote!(<#ty as #runtime::Extract<__S, #context>>::LENT))
        .collect();
    let table = match (&function, leases.is_empty()) {
        (Some(_), true) => return function.into_token_stream(),
        (None, true) => table,
        (_, false) => {
            quote!(#runtime::Runs::Borrowing(&const { [#(#leases),*] }, &const { #table }))
        }
    };
    quote! {
        const RUNS: #runtime::Runs<__S> = #table;
        #function
    }
}

/// What is declared as a static, where it can be one: it is evaluated once, and takes part in no
/// constant by value. And what is made of it.
fn kept(
    declared: TokenStream,
    is_fixed: bool,
    has_expressions: bool,
    runtime: &Runtime,
) -> (Option<TokenStream>, TokenStream) {
    if !is_fixed {
        let node = quote! {
            type Handle = #runtime::Handle<Self>;
            const NODE: #runtime::Node = #runtime::Node::Child(&#declared);
        };
        return (None, node);
    }
    // What is wrong with an expression of the user's is said once: of a constant, like the check.
    let declared = if has_expressions { quote!(const { #declared }) } else { declared };
    let head = code!(; static __DECLARED: __rt::DeclaredChild =);
    let node = code! {;
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
    };
    (Some(quote!(#head #declared;)), node)
}

/// What the field of the child has to give: what its parameters need, put together.
fn needs(parameters: &[Parameter<'_>], runtime: &Runtime) -> TokenStream {
    let needing = parameters.iter().filter_map(|parameter| parameter.needing());
    let mut needs = needing.map(|ty| quote!(<#ty as #runtime::Parameter>::Needs));
    let Some(last) = needs.next_back() else { return quote!(#runtime::NoArgs) };
    needs.rfold(last, |others, its| quote!(<#its as #runtime::And<#others>>::Both))
}

/// The name of the type that stands for the child.
pub(super) fn type_name(child: &Child) -> &Ident {
    child.options.type_name.as_ref().unwrap_or(&child.function.signature.ident)
}

/// The type that stands for the child in the fields of supervisors.
pub(super) fn marker(function: &Function, name: &Ident, runtime: &Runtime) -> TokenStream {
    let Function { attributes, visibility, signature, .. } = function;
    let cfgs = only(attributes, "cfg");
    let mut docs: Vec<_> =
        only(attributes, "doc").into_iter().map(ToTokens::to_token_stream).collect();
    if docs.is_empty() {
        let doc = format!(" The child [`{}()`].", signature.ident);
        docs.push(quote!(#[doc = #doc]));
    }
    let Generics { parameters, .. } = function.generics();
    let types = function.type_parameters();
    let body = if parameters.is_none() {
        quote!(enum #name {})
    } else {
        // Without its bounds: what breaks one would be reported wherever the type is named.
        let declared = function.declared_parameters();
        quote! {
            struct #name<#(#declared),*> {
                __types: #runtime::PhantomData<(#(fn(*const #types),)*)>,
            }
        }
    };
    quote! {
        #(#cfgs)*
        #(#docs)*
        #[allow(non_camel_case_types, dead_code)]
        #visibility #body
    }
}

/// What a run begins with: the call of the function, and what becomes of what it returns.
fn body(child: &Child, runtime: &Runtime, arguments: &[Value]) -> TokenStream {
    let Child { options, function } = child;
    let signature = &function.signature;
    let name = &signature.ident;
    let Generics { arguments: generics, .. } = function.generics();
    let place = match &signature.output {
        ReturnType::Default => Place::at(signature.ident.span()),
        ReturnType::Type(_, ty) => Place::of_type(ty),
    };
    let call = call_of(name, generics.as_ref(), arguments);
    let (finish, tag) = if options.blocking.is_some() {
        (quote!(finished), "tag_of")
    } else {
        (quote!(boxed), "tag_of_output")
    };
    if function.returns_never() {
        // What never comes has no type that could be asked.
        let call = place.around(call);
        return runtime.call(&place, &finish, quote!(#call, #runtime::Never));
    }
    if matches!(signature.output, ReturnType::Default) && options.classify.is_empty() {
        // Nothing to ask.
        let call = place.around(call);
        return runtime.call(&place, &finish, quote!(#call, #runtime::AsItIs));
    }
    let output = Ident::new("__output", Span::call_site());
    let reader = Ident::new("__reader", Span::call_site());
    let (value, kind) = (place.around(&output), place.around(&reader));
    let finish = runtime.call(&place, &finish, quote!(#value, #kind));
    let (picks, reader) = if options.classify.is_empty() {
        let reader = code!(__TAG = tag; let __reader = __rt::__TAG(&__output).pick(););
        (code!(; use __rt::PickAnything as _;), reader)
    } else {
        let asks = options
            .classify
            .iter()
            .map(|ty| runtime.generic_function(&Place::of_type(ty), &quote!(ask), &quote!(#ty)));
        let tag = Ident::new(tag, Span::call_site());
        let picks = code! {;
            use __rt::{
                ClassifyByItself as _, ClassifyChain as _, ClassifyInside as _, Unclassified as _,
            };
        };
        let reader = quote! {
            let #reader = (&&&&#runtime::#tag(&#output)).classify(&[#(#asks),*]);
        };
        (picks, reader)
    };
    quote! {
        #picks
        let #output = #call;
        #reader
        #finish
    }
}

/// The call of the function, in which its name is no use of the user's in the eyes of an editor.
fn call_of(name: &Ident, generics: Option<&TokenStream>, arguments: &[Value]) -> TokenStream {
    let texts: Option<Vec<_>> = arguments.iter().map(Value::text).collect();
    if let (None, Some(texts)) = (generics, texts) {
        return code!(__ARGUMENTS = &texts.join(","), __NAME = &name.to_string(); __NAME(__ARGUMENTS));
    }
    let mut name = name.clone();
    name.set_span(Span::call_site());
    let turbofish = generics.map(|generics| quote!(::#generics));
    quote!(#name #turbofish(#(#arguments),*))
}

/// For a generic child, whose error may be of another class for each of its types: what it
/// returns, so that the field where the types are known can ask.
fn returns(function: &Function, name: &Ident, runtime: &Runtime) -> Option<TokenStream> {
    let ReturnType::Type(_, returned) = &function.signature.output else { return None };
    let output = match peeled(returned) {
        Type::ImplTrait(future) => future.bounds.iter().find_map(output_of)?,
        ty => ty,
    };
    if !function.mentions_its_types(&output.to_token_stream()) {
        return None;
    }
    let Generics { impls, arguments, bounds, .. } = function.generics();
    let clause = clause(&bounds);
    Some(quote! {
        impl #impls #runtime::Returns for #name #arguments #clause {
            type Output = #output;
        }
    })
}

/// The `T` of `Future<Output = T>`.
fn output_of(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else { return None };
    let last = bound.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(&assoc.ty),
        _ => None,
    })
}

fn clause(bounds: &[TokenStream]) -> Option<TokenStream> {
    (!bounds.is_empty()).then(|| quote!(where #(#bounds,)*))
}

/// The type parameters of a child, for its impls.
#[derive(Default)]
pub(super) struct Generics {
    /// `T: Topic,` with a comma at the end.
    pub(super) parameters: Option<TokenStream>,
    /// `<T: Topic>`
    pub(super) impls: Option<TokenStream>,
    /// `<T>`
    pub(super) arguments: Option<TokenStream>,
    /// What stands in `where`, and that no type borrows: a child runs for as long as it likes.
    pub(super) bounds: Vec<TokenStream>,
}

impl Function {
    pub(super) fn generics(&self) -> Generics {
        let generics = &self.signature.generics;
        if generics.params.is_empty() {
            return Generics::default();
        }
        // A lifetime is an error, which has been reported.
        let parameters: Vec<_> = generics
            .params
            .iter()
            .filter(|parameter| !matches!(parameter, syn::GenericParam::Lifetime(_)))
            .collect();
        let names = parameters.iter().map(|parameter| match parameter {
            syn::GenericParam::Type(ty) => &ty.ident,
            syn::GenericParam::Const(constant) => &constant.ident,
            syn::GenericParam::Lifetime(lifetime) => &lifetime.lifetime.ident,
        });
        let written = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let statics = self.type_parameters().map(|ty| quote!(#ty: 'static));
        Generics {
            parameters: Some(quote!(#(#parameters,)*)),
            arguments: Some(quote!(<#(#names),*>)),
            impls: Some(quote!(<#(#parameters),*>)),
            bounds: written.map(ToTokens::to_token_stream).chain(statics).collect(),
        }
    }

    /// Its generic parameters without their bounds, but for what need not be `Sized`.
    fn declared_parameters(&self) -> Vec<TokenStream> {
        let generics = &self.signature.generics;
        let parameters = generics.params.iter().filter_map(|parameter| match parameter {
            syn::GenericParam::Type(ty) => {
                let name = &ty.ident;
                Some(quote!(#name: ?::core::marker::Sized))
            }
            syn::GenericParam::Const(constant) => Some(constant.to_token_stream()),
            syn::GenericParam::Lifetime(_) => None,
        });
        parameters.collect()
    }

    fn type_parameters(&self) -> impl Iterator<Item = &Ident> {
        self.signature.generics.type_params().map(|parameter| &parameter.ident)
    }

    /// Whether the tokens name one of its generic parameters.
    fn mentions_its_types(&self, tokens: &TokenStream) -> bool {
        let generics = &self.signature.generics;
        let consts = generics.const_params().map(|parameter| &parameter.ident);
        let names: Vec<_> = self.type_parameters().chain(consts).collect();
        !names.is_empty() && mentions(tokens.clone(), &names)
    }

    fn returns_never(&self) -> bool {
        matches!(&self.signature.output, ReturnType::Type(_, ty) if matches!(peeled(ty), Type::Never(_)))
    }
}

fn mentions(tokens: TokenStream, names: &[&Ident]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => names.contains(&&word),
        TokenTree::Group(group) => mentions(group.stream(), names),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.tokens.clone());
    }
}
