//! What the checks of whole trees know of a child or a supervisor.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Type;
use syn::ext::IdentExt;

use super::runtime::{Place, Runtime};
use crate::model::{Field, Supervisor};

/// The identity of what is called `name`, declared where the macro is called.
pub(super) fn key(name: &Ident, runtime: &Runtime) -> TokenStream {
    let name = name.unraw().to_string();
    quote! {
        #runtime::Key::new(
            ::core::module_path!(),
            #name,
            ::core::option_env!("CARGO_PKG_VERSION"),
            ::core::line!(),
        )
    }
}

/// The keys of these children, as an array.
pub(super) fn keys(types: &[Type], runtime: &Runtime) -> TokenStream {
    let keys = types.iter().map(|ty| {
        let key = quote!(key::<#ty>);
        runtime.call(&Place::of(ty), &key, quote!())
    });
    quote!(&const { [#(#keys),*] })
}

/// `.method(&[keys])` where there are any.
pub(super) fn said(method: &str, types: &[Type], runtime: &Runtime) -> Option<TokenStream> {
    if types.is_empty() {
        return None;
    }
    let keys = keys(types, runtime);
    super::policy::call(method, Some(keys))
}

/// What stands for something that did not compile.
pub(super) fn broken(name: &Ident, runtime: &Runtime) -> TokenStream {
    let key = key(name, runtime);
    quote! {
        const KEY: #runtime::Key = #key;
        const ITEM: &'static #runtime::Item =
            &const { #runtime::Item::broken(Self::KEY, Self::NODE, ::core::file!()) };
    }
}

/// The two constants of a supervisor.
pub(super) fn of_supervisor(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let Supervisor { options, name, fields, .. } = supervisor;
    let key = key(name, runtime);
    let slots = fields.iter().map(|field| slot(field, runtime));
    let depends_on = said("depends_on", &options.depends_on, runtime);
    let requires = said("requires", &options.requires, runtime);
    quote! {
        const KEY: #runtime::Key = #key;
        const ITEM: &'static #runtime::Item = &const {
            #runtime::Item::supervisor(
                Self::KEY,
                Self::NODE,
                ::core::file!(),
                &const { [#(#slots)*] },
            ) #depends_on #requires
        };
    }
}

fn slot(field: &Field, runtime: &Runtime) -> TokenStream {
    let (cfgs, ty) = (field.cfgs(), &field.ty);
    let speaks = field.says_something.then(|| quote!(.says_something()));
    let depends_on = field.depends_on.as_ref().map(|types| {
        let keys = keys(types, runtime);
        quote!(.depends_on(#keys))
    });
    let after = (!field.after.is_empty()).then(|| {
        let names = field.after.iter().map(|name| name.unraw().to_string());
        quote!(.after(&[#(#names),*]))
    });
    let slot = runtime.call(&Place::of(ty), &quote!(ItemSlot::new::<#ty>), quote!());
    quote!(#(#cfgs)* #slot #speaks #depends_on #after,)
}

/// What the compiler finds out about the tree, and what follows for each field.
pub(super) fn checks(supervisor: &Supervisor, runtime: &Runtime) -> TokenStream {
    let Supervisor { name, fields, .. } = supervisor;
    let has_cfg = fields.iter().any(Field::has_cfg);
    let item = quote!(<#name as #runtime::Supervised>::ITEM);
    let checks = fields.iter().enumerate().map(|(index, field)| {
        let (cfgs, place) = (field.cfgs(), Place::of(&field.name));
        let check = if has_cfg {
            // What number it has is not known here.
            let id = field.id();
            runtime.call(&place, &quote!(check_field_called), quote!(__REPORT, #id))
        } else {
            runtime.call(&place, &quote!(check_field), quote!(__REPORT, #index))
        };
        quote!(#(#cfgs)* const _: () = #check;)
    });
    quote! {
        #[allow(long_running_const_eval)]
        const __REPORT: &#runtime::Report<
            { #runtime::nodes_below(#item) },
            { #runtime::wishes_below(#item) },
        > = &#runtime::analyse(#item);
        #(#checks)*
    }
}
