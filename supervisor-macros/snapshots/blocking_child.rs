#[allow(clippy::needless_pass_by_value)]
fn compact(ctx: BlockingContext) {
    while ctx.sleep(WAIT) {}
}
/// The child [`compact()`].
#[allow(non_camel_case_types, dead_code)]
enum compact {}
#[allow(
    deprecated,
    unreachable_code,
    unused_labels,
    unused_parens,
    clippy::all,
    clippy::pedantic
)]
const _: () = {
    use ::rust_supervisor::__private as __rt;
    static __DECLARED: __rt::DeclaredChild = __rt::DeclaredChild {
        policy: __rt::Some(
            &__rt::PolicyPatch::NONE
                .grace(__rt::Grace::After(__rt::Duration::from_secs(2))),
        ),
        ..__rt::DeclaredChild::said(
            <compact as __rt::Supervised>::KEY,
            __rt::None,
            __rt::None,
            __rt::None,
            &[],
        )
    };
    impl __rt::Supervised for compact {
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "compact",
            "0.1.0",
            3420738740629460199,
        );
    }
    impl __rt::Needs<__rt::NoArgs> for compact {}
    impl<__S: 'static> __rt::RunsUnder<__S> for compact {
        const RUNS: __rt::Runs<__S> = __rt::Runs::Blocking(|__run| {
            (__rt::finished)('here: { compact(__rt::of_context(__run)) }, __rt::AsItIs)
        });
    }
};
