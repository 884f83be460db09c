//! What the checks of whole trees know of a child or a supervisor.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt;

use super::hover::is_for_an_editor;
use super::parameter::Parameter;
use super::policy::call;
use super::runtime::{Place, Runtime};
use super::text::code;
use crate::model::{Child, ChildOptions, Field, Supervisor};

/// The identity of what is called `name`, declared where the macro is called.
pub(super) fn key(name: &Ident) -> TokenStream {
    key_and(name, None)
}

/// `const KEY: …;`, with this behind what makes the key.
fn key_and(name: &Ident, more: Option<&TokenStream>) -> TokenStream {
    let name = name.unraw().to_string();
    // Of the package that is being compiled. Without Cargo there are no two versions either.
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let seed = seed(&[&name, &version]);
    let key = code!(
        __SEED = &seed.to_string(), __VERSION = &format!("{version:?}"), __NAME = &format!("{name:?}");
        const KEY: __rt::Key = __rt::Key::new(::core::module_path!(), __NAME, __VERSION, __SEED)
    );
    quote!(#key #more;)
}

/// These words as a number (FNV-1a, and a zero after each).
fn seed(words: &[&str]) -> u64 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The same for a child, with what tells the instances of a generic one apart.
pub(super) fn key_of_child(child: &Child, name: &Ident) -> TokenStream {
    let more = match &child.options.instance {
        Some(instance) => Some(quote!(.instance(#instance))),
        None if child.function.signature.generics.params.is_empty() => None,
        None => Some(quote!(.one_of_many())),
    };
    key_and(name, more.as_ref())
}

/// The keys of these children, as an array.
pub(super) fn keys(types: &[Type], runtime: &Runtime) -> TokenStream {
    // A path and no call, which costs a third as much.
    let keys = types.iter().map(|ty| quote!(<#ty as #runtime::Supervised>::KEY));
    quote!(&[#(#keys),*])
}

/// `.method(&[keys])` where there are any, for what is called `who`.
pub(super) fn said(
    method: &str,
    types: &[Type],
    who: &Ident,
    runtime: &Runtime,
) -> Option<TokenStream> {
    call(method, keys_in_the_name_of(who, method, types, runtime))
}

fn keys_in_the_name_of(
    who: &Ident,
    does: &str,
    types: &[Type],
    runtime: &Runtime,
) -> Option<TokenStream> {
    (!types.is_empty()).then(|| in_the_name_of(who, does, keys(types, runtime)))
}

/// The same tokens, by way of a macro that is named after `who` and called where it is declared.
///
/// A name that is gone is for the compiler to report, and it knows only the name. But of a macro it
/// shows the call and the name too, so one sees who depends on what is gone. An editor looks up
/// names in what is written, and not in the rules of a macro.
fn in_the_name_of(who: &Ident, does: &str, tokens: TokenStream) -> TokenStream {
    // seen by: cargo test -p rust-tokio-supervisor-macros -- a_child_that_depends_on_others
    if is_for_an_editor() || cfg!(plant_bug = "dependant_unnamed") {
        return tokens;
    }
    let name = format_ident!("what_{}_{does}", who.unraw(), span = who.span());
    let call = Place::at(who.span()).called_macro(&name);
    quote!({ macro_rules! #name { () => { #tokens } } #call })
}

/// The keys of what a child depends on.
pub(super) fn depends_on(options: &ChildOptions, name: &Ident, runtime: &Runtime) -> TokenStream {
    let keys = keys_in_the_name_of(name, "depends_on", &options.depends_on, runtime);
    keys.unwrap_or_else(|| quote!(&[]))
}

/// What else a child needs, as calls.
pub(super) fn of_child(
    options: &ChildOptions,
    parameters: &[Parameter<'_>],
    runtime: &Runtime,
) -> TokenStream {
    let handles: Vec<_> = parameters
        .iter()
        .filter_map(Parameter::handle)
        .map(|ty| runtime.call(&Place::of_type(ty), &quote!(key_of::<#ty>), quote!()))
        .collect();
    let handles = (!handles.is_empty()).then(|| quote!(.handles(&[#(#handles),*])));
    let multiple = options.multiple.map(|_| quote!(.multiple()));
    let is_borrowing = parameters.iter().any(|parameter| parameter.lease().is_some());
    let takes_lease = is_borrowing.then(|| quote!(.takes_lease()));
    quote!(#handles #multiple #takes_lease)
}

/// What stands for something that did not compile.
pub(super) fn broken(name: &Ident, runtime: &Runtime) -> TokenStream {
    let key = key(name);
    quote! {
        #key
        const NODE: #runtime::Node =
            #runtime::Node::Child(&#runtime::DeclaredChild::broken(Self::KEY));
    }
}

/// What a supervisor needs, for what is declared of it.
pub(super) fn of_supervisor(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let Supervisor { options, name, .. } = supervisor;
    let depends_on = said("depends_on", &options.depends_on, name, runtime);
    let requires = said("requires", &options.requires, name, runtime);
    quote!(#depends_on #requires)
}

/// What a field needs, over what stands in it.
pub(super) fn of_field(field: &Field, runtime: &Runtime) -> Option<TokenStream> {
    if field.options.depends_on.is_none() && field.options.after.is_empty() {
        return None;
    }
    let depends_on = field.options.depends_on.as_ref();
    let depends_on = depends_on.and_then(|types| said("depends_on", types, &field.name, runtime));
    let after = (!field.options.after.is_empty()).then(|| {
        let names = field.options.after.iter().map(|name| name.unraw().to_string());
        quote!(.after(&[#(#names),*]))
    });
    Some(quote!(#depends_on #after))
}

/// What the compiler finds out about the tree, and what follows for each field. The arguments of
/// types are evaluated one by one, so what is wrong is said of every field, and one constant for all
/// of them is enough.
pub(super) fn checks(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let fields = &supervisor.fields;
    let has_cfg = fields.iter().any(Field::has_cfg);
    // Which number a field has is not known here, where one may be taken out. One function without
    // parameters for all of them: what stands at each field is looked at anew.
    let (check, field) = if has_cfg {
        (quote!(check_field_called), quote!(&#runtime::str))
    } else {
        (quote!(check_field), quote!(#runtime::usize))
    };
    let checks = fields.iter().enumerate().map(|(index, field)| {
        let (cfgs, place) = (field.cfgs(), Place::at(field.name.span()));
        let check = if has_cfg {
            let id = field.id();
            place.called(quote!(__check), &quote!(#id))
        } else {
            let index = Literal::usize_unsuffixed(index);
            place.called(quote!(__check), &quote!(#index))
        };
        // The warning points at this word, so it has a span of the user's all the same.
        let warning = Ident::new("CAN_BE_SPENT", field.name.span());
        let limit = runtime.generic(&place, &quote!(RestartLimit), &quote!({ #check }));
        quote!(#(#cfgs)* let () = <#limit>::#warning;)
    });
    quote! {
        #[allow(long_running_const_eval)]
        const __REPORT: &#runtime::Report<
            { #runtime::nodes_below(&__DECLARED) },
            { #runtime::wishes_below(&__DECLARED) },
        > = &#runtime::analyse(&__DECLARED);
        #[allow(dead_code)]
        #[track_caller]
        const fn __check(__field: #field) -> #runtime::bool {
            #runtime::#check(&__DECLARED, __REPORT, __field)
        }
        const _: () = { #(#checks)* };
    }
}
