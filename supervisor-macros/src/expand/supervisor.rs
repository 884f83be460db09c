//! What `#[supervisor]` makes of a struct.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Meta, MetaList, PathArguments, Type};

use super::graph;
use super::policy::{call, check, choice, limit_of, tags, time, written};
use super::runtime::{Place, Runtime};
use super::text::read;
use crate::model::{ArgsValue, Field, FieldOptions, Number, Supervisor, SupervisorOptions, only};
use crate::validate::Valid;

/// The struct as the handle of the running tree, the places of its fields as constants, and the
/// impls: what was written, how it runs under an application state, how the handle is made.
pub(super) fn expand(supervisor: &Valid<Supervisor>) -> TokenStream {
    let supervisor = supervisor.get();
    let Supervisor { options, name, fields, .. } = supervisor;
    let runtime = Runtime::new(options.krate.as_ref());
    let structure = structure(supervisor, fields, &runtime);
    let places: TokenStream = fields.iter().map(|field| place(field, &runtime)).collect();
    let (import, runtime) = runtime.inside();
    let declared = declared(supervisor, &runtime);
    let runs_under = runs_under(supervisor, &runtime);
    let handles = handles(fields);
    let checks = fields.iter().flat_map(|field| {
        let cfgs = field.cfgs();
        checks(field, &runtime).map(move |check| quote!(#(#cfgs)* #check))
    });
    let key = graph::key(name);
    let graph_checks = graph::checks(supervisor, &runtime);
    let leases = options.state.as_ref().map(|state| {
        let check = quote!(check_leases::<#name, #state>);
        let check = runtime.call(&Place::of(state), &check, quote!());
        quote!(const _: () = #check;)
    });
    let own = [&options.policy, &options.defaults];
    let own = own.into_iter().filter_map(|policy| check(policy, &runtime));
    let derivable = derivable(supervisor, &runtime);
    quote! {
        #structure
        #[allow(dead_code)]
        impl #name {
            #places
        }
        #[allow(unused_parens, clippy::all, clippy::pedantic)]
        const _: () = {
            #import
            #declared
            impl #runtime::Supervised for #name {
                type Handle = Self;
                #key
                const NODE: #runtime::Node = #runtime::Node::Supervisor(&__DECLARED);
            }
            impl #runtime::Needs<#runtime::NoArgs> for #name {}
            #runs_under
            impl #runtime::FromSeat for #name {
                fn from_seat(__seat: #runtime::Seat) -> Self {
                    Self { #handles __seat }
                }
            }
            impl #runtime::Seated for #name {
                const WIRES: &'static [#runtime::Wire] =
                    &const { #runtime::wires::<_, _, { __REPORT.wired() }>(__REPORT) };
                fn seat(&self) -> &#runtime::Seat {
                    &self.__seat
                }
            }
            #derivable
            #graph_checks
            #leases
            #(#own)*
            #(#checks)*
        };
    }
}

/// The struct with a handle in each of these fields.
pub(super) fn structure<'a>(
    supervisor: &Supervisor,
    fields: impl IntoIterator<Item = &'a Field>,
    runtime: &Runtime,
) -> TokenStream {
    let Supervisor { attributes, visibility, name, .. } = supervisor;
    let must_use = only(attributes, "must_use")
        .is_empty()
        .then(|| quote!(#[must_use = "when the last handle is dropped, the tree is shut down"]));
    let fields = fields.into_iter().map(|field| {
        let Field { attributes, visibility, name, ty, .. } = field;
        let doc = only(attributes, "doc").is_empty().then(|| {
            let doc = format!(" The child `{}`.", field.id());
            quote!(#[doc = #doc])
        });
        let handle = runtime.generic(&Place::of_type(ty), &quote!(HandleOf), &quote!(#ty));
        quote!(#(#attributes)* #doc #visibility #name: #handle,)
    });
    quote! {
        #(#attributes)*
        #must_use
        #[allow(dead_code)]
        #visibility struct #name {
            #(#fields)*
            #[doc(hidden)]
            __seat: #runtime::Seat,
        }
    }
}

/// What the fields of the handle are made of.
fn handles(fields: &[Field]) -> TokenStream {
    let part = |field: &Field| {
        let (name, id) = (&field.name, field.id());
        format!("{name}: __rt::part(&__seat, {id:?}),")
    };
    let (with_cfg, others): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.has_cfg());
    let parts = read(&others.into_iter().map(part).collect::<String>());
    let with_cfg = with_cfg.into_iter().map(|field| {
        let (cfgs, part) = (field.cfgs(), read(&part(field)));
        quote!(#(#cfgs)* #part)
    });
    quote!(#parts #(#with_cfg)*)
}

/// The constant that names the place of a field.
fn place(field: &Field, runtime: &Runtime) -> TokenStream {
    let Field { visibility, ty, .. } = field;
    let (cfgs, id) = (field.cfgs(), field.id());
    let name = format_ident!("{}", id.to_uppercase(), span = field.name.span());
    let doc = format!(" The place of `{id}`.");
    quote! {
        #(#cfgs)*
        #[doc = #doc]
        #visibility const #name: #runtime::Slot<Self, #ty> = #runtime::slot(#id);
    }
}

/// A static `DeclaredSupervisor` with only what was written. Where the user has expressions, it is a
/// constant in the static: what is wrong with one is said once, in the words of the check of it.
fn declared(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let Supervisor { options, name, fields, .. } = supervisor;
    let slots = fields.iter().map(|field| {
        let (cfgs, id, ty) = (field.cfgs(), field.id(), &field.ty);
        let (kind, more) = kind(&field.options, runtime);
        // What it needs, in the place of the type that needs it.
        let needs = Place::of_type(ty).inferred();
        let types =
            if kind == "pool" || kind == "given" { quote!(#ty) } else { quote!(#ty, #needs) };
        let slot = quote!(DeclaredSlot::#kind::<#types>);
        let slot = runtime.call(&Place::of_type(ty), &slot, quote!(#id));
        let said = said(field, &more, runtime);
        let said = said.map(|said| quote!(.saying(&const { #said })));
        let slot = quote!(#slot #said);
        quote!(#(#cfgs)* #slot,)
    });
    let policy = call("with_policy", written(&options.policy, runtime));
    let defaults = call("with_defaults", written(&options.defaults, runtime));
    let strategy = call("strategy", choice(options.strategy, runtime));
    let start = call("start", choice(options.start, runtime));
    let intensity = call("intensity", limit_of(options.intensity.as_ref(), runtime));
    let meltdown = call("meltdown", choice(options.meltdown, runtime));
    let auto_shutdown = call("auto_shutdown", choice(options.auto_shutdown, runtime));
    let tags = call("tags", tags(&options.policy));
    let budget = call("budget", time(options.budget.as_ref(), runtime));
    let needs = graph::of_supervisor(supervisor, runtime);
    let more = quote! {
        .wired_as::<#name>()
        #policy #defaults #strategy #start #intensity #meltdown #auto_shutdown #budget #tags #needs
    };
    let key = quote!(<#name as #runtime::Supervised>::KEY);
    let (slots, declared) = if has_expressions(options, fields) {
        let slots = quote!(&const { [#(#slots)*] });
        (None, quote!(const { #runtime::DeclaredSupervisor::new(#key, #slots) #more }))
    } else {
        let slots = quote!(static __SLOTS: &[#runtime::DeclaredSlot] = &[#(#slots)*];);
        (Some(slots), quote!(#runtime::DeclaredSupervisor::new(#key, __SLOTS) #more))
    };
    quote! {
        #slots
        static __DECLARED: #runtime::DeclaredSupervisor = #declared;
    }
}

/// What the field says over what stands in it, if it says anything.
fn said(field: &Field, of_kind: &TokenStream, runtime: &Runtime) -> Option<TokenStream> {
    // Only where the types of a generic child are known can its error be asked.
    let ask = has_types(&field.ty).then(|| {
        let ask =
            runtime.generic(&Place::of_type(&field.ty), &quote!(Asks), &field.ty.to_token_stream());
        quote!(.asking({ use #runtime::AskNobody as _; <#ask>::ASK }))
    });
    let policy = call("with_policy", written(&field.options.policy, runtime));
    let tags = call("tags", tags(&field.options.policy));
    let needs = graph::of_field(field, runtime);
    let nothing = if let Some(at) = field.options.said_at {
        runtime.call(&Place::at(at), &quote!(SaidAtField::here), quote!())
    } else {
        quote!(#runtime::SaidAtField::NONE)
    };
    let all = quote!(#policy #of_kind #ask #tags #needs);
    (field.options.said_at.is_some() || !all.is_empty()).then(|| quote!(#nothing #all))
}

/// Whether anything in it is known to the compiler alone.
fn has_expressions(options: &SupervisorOptions, fields: &[Field]) -> bool {
    let is_expression =
        |number: &Option<Number>| number.as_ref().is_some_and(|number| number.known.is_none());
    let policies = fields.iter().map(|field| &field.options.policy);
    policies.chain([&options.policy, &options.defaults]).any(|policy| policy.expression().is_some())
        || fields.iter().any(|field| {
            is_expression(&field.options.max_children) || is_expression(&field.options.count)
        })
}

/// The constructor of the slot, which asks for what the field must hold, and what else it says.
fn kind(options: &FieldOptions, runtime: &Runtime) -> (Ident, TokenStream) {
    let FieldOptions { policy: _, args, max_children, count, intensity, meltdown, .. } = options;
    let is_pool = max_children.is_some();
    let kind = match (args, count, is_pool, intensity, meltdown) {
        (Some(_), ..) => "given",
        (_, Some(_), ..) => "many",
        _ if options.from_config.is_some() => "configured",
        (_, _, true, ..) => "pool",
        (_, _, _, Some(_), _) | (.., Some(_)) => "group",
        (None, None, false, None, None) => "new",
    };
    let number = |number: &Option<Number>| number.as_ref().map(|number| number.tokens.clone());
    let max_children = call("max_children", number(max_children));
    let count = call("count", number(count));
    let intensity = call("intensity", limit_of(intensity.as_ref(), runtime));
    let meltdown = call("meltdown", choice(*meltdown, runtime));
    (Ident::new(kind, Span::call_site()), quote!(#max_children #count #intensity #meltdown))
}

/// What only the compiler can check about a field.
fn checks(field: &Field, runtime: &Runtime) -> impl Iterator<Item = TokenStream> + use<> {
    let FieldOptions { policy, max_children, count, .. } = &field.options;
    let number = |number: &Option<Number>, check: TokenStream| {
        let number = number.as_ref().filter(|number| number.known.is_none())?;
        let check = runtime.call(&Place::at(number.span), &check, number.tokens.clone());
        Some(quote!(const _: () = #check;))
    };
    let max_children = number(max_children, quote!(check_max_children));
    let count = number(count, quote!(check_count));
    let ty = &field.ty;
    let members = (max_children.is_some() || field.is_called_a_group()).then(|| {
        let check = quote!(check_members::<#ty>);
        let check = runtime.call(&Place::of_type(ty), &check, quote!());
        quote!(const _: () = #check;)
    });
    [check(policy, runtime), max_children, count, members].into_iter().flatten()
}

/// What makes the runs of the child in a field.
fn runs(field: &Field, state: &TokenStream, has_bounds: bool, runtime: &Runtime) -> TokenStream {
    let ty = &field.ty;
    let runs = if has_bounds && !field.has_cfg() {
        // What a bound says needs no call that asks for it.
        quote!(<#ty as #runtime::RunsUnder<#state>>::RUNS)
    } else {
        runtime.call(&Place::of_type(ty), &quote!(runs::<#ty, #state>), quote!())
    };
    let Some(args) = &field.options.args else { return runs };
    let (its_state, value) = match &args.value {
        ArgsValue::Plain(value) => (quote!(_), value.to_token_stream()),
        ArgsValue::OfState(closure) => {
            (quote!(__state), Place::of(closure).called(closure, &quote!(__state)))
        }
    };
    let place = Place::of(&value);
    let needs = Place::of_type(ty).inferred();
    let arguments = quote!(arguments::<#ty, #needs, _>);
    let arguments = runtime.call(&place, &arguments, value);
    quote!(#runtime::Runs::Given(|#its_state: &#state| #arguments, &const { #runs }))
}

/// Under the state that was named, so that what is missing is reported at its field; otherwise
/// under every state that has what the children need.
fn runs_under(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let Supervisor { options, name, fields, .. } = supervisor;
    let table = |state: TokenStream, has_bounds: bool| {
        let runs = fields.iter().map(|field| {
            let (cfgs, runs) = (field.cfgs(), runs(field, &state, has_bounds, runtime));
            quote!(#(#cfgs)* #runs,)
        });
        quote! {
            const RUNS: #runtime::Runs<#state> = #runtime::Runs::Supervisor(&const { [#(#runs)*] });
        }
    };
    if let Some(state) = &options.state {
        let table = table(state.to_token_stream(), false);
        return quote!(impl #runtime::RunsUnder<#state> for #name { #table });
    }
    let table = table(quote!(__S), true);
    let (aliases, bounds): (Vec<_>, Vec<_>) = fields
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let ty = &field.ty;
            if !field.has_cfg() {
                return (quote!(), quote!(#ty: #runtime::RunsUnder<__S>));
            }
            // A bound cannot have a `cfg`, an item can.
            let alias = format_ident!("__Field{index}");
            let cfgs = field.cfgs();
            let predicates = cfgs.iter().filter_map(|cfg| predicate(cfg));
            let absent = quote!(#[cfg(not(all(#(#predicates),*)))]);
            let aliases = quote! {
                #(#cfgs)*
                type #alias = #ty;
                #absent
                type #alias = #runtime::Absent;
            };
            (aliases, quote!(#alias: #runtime::RunsUnder<__S>))
        })
        .unzip();
    quote! {
        #(#aliases)*
        impl<__S: 'static> #runtime::RunsUnder<__S> for #name
        where
            #(#bounds,)*
        {
            #table
        }
    }
}

/// Whether the type has types of its own in `<…>`.
fn has_types(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|last| matches!(last.arguments, PathArguments::AngleBracketed(_)))
}

fn predicate(cfg: &Attribute) -> Option<&TokenStream> {
    match &cfg.meta {
        Meta::List(MetaList { tokens, .. }) => Some(tokens),
        _ => None,
    }
}

/// `Clone`, `Debug` and `Eq` by path, as far as they are not derived below the attribute.
fn derivable(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let Supervisor { name, attributes, .. } = supervisor;
    let unless_derived = |derived: &str, implementation: TokenStream| {
        if derives(attributes, derived) { quote!() } else { implementation }
    };
    let clone = unless_derived(
        "Clone",
        quote! {
            impl #runtime::Clone for #name {
                fn clone(&self) -> Self {
                    #runtime::FromSeat::from_seat(#runtime::Clone::clone(&self.__seat))
                }
            }
        },
    );
    let debug = unless_derived(
        "Debug",
        quote! {
            impl #runtime::Debug for #name {
                fn fmt(&self, f: &mut #runtime::Formatter<'_>) -> #runtime::FmtResult {
                    #runtime::Debug::fmt(&self.__seat, f)
                }
            }
        },
    );
    let partial_eq = unless_derived(
        "PartialEq",
        quote! {
            impl #runtime::PartialEq for #name {
                fn eq(&self, other: &Self) -> #runtime::bool {
                    #runtime::PartialEq::eq(&self.__seat, &other.__seat)
                }
            }
        },
    );
    let eq = unless_derived("Eq", quote!(impl #runtime::Eq for #name {}));
    quote!(#clone #debug #partial_eq #eq)
}

fn derives(attributes: &[Attribute], name: &str) -> bool {
    only(attributes, "derive").into_iter().any(|derive| {
        let mut found = false;
        // What cannot be read is reported by the derive itself.
        let read = derive.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|last| last.ident == name);
            Ok(())
        });
        read.is_ok() && found
    })
}

impl Field {
    /// The id of the child: the name of the field.
    pub(crate) fn id(&self) -> String {
        Ident::unraw(&self.name).to_string()
    }
}
