#[allow(clippy::needless_pass_by_value)]
fn compact(ctx: BlockingContext) {
    while ctx.sleep(WAIT) {}
}
///The child [`compact()`].
#[allow(non_camel_case_types, dead_code)]
enum compact {}
#[allow(deprecated, unreachable_code, unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl ::rust_supervisor::__private::Supervised for compact {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "compact",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
        );
        const NODE: ::rust_supervisor::__private::Node = ::rust_supervisor::__private::Node::Child(
            &const {
                ::rust_supervisor::__private::DeclaredChild::new(
                    ::rust_supervisor::__private::PolicyPatch::NONE
                        .grace(
                            ::rust_supervisor::__private::Grace::After(
                                ::rust_supervisor::__private::Duration::new(2u64, 0u32),
                            ),
                        ),
                )
            },
        );
    }
    impl ::rust_supervisor::__private::Member for compact {
        const CHILD: &'static ::rust_supervisor::__private::DeclaredChild = &const {
            ::rust_supervisor::__private::DeclaredChild::new(
                ::rust_supervisor::__private::PolicyPatch::NONE
                    .grace(
                        ::rust_supervisor::__private::Grace::After(
                            ::rust_supervisor::__private::Duration::new(2u64, 0u32),
                        ),
                    ),
            )
        };
        const TAKES: ::rust_supervisor::__private::ArgumentsType = (::rust_supervisor::__private::takes::<
            ::rust_supervisor::__private::NoArgs,
        >)();
    }
    impl ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for compact {}
    impl<__S: 'static> ::rust_supervisor::__private::RunsUnder<__S> for compact {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Blocking(|
            run|
        {
            use ::rust_supervisor::__private::{PickAsItIs as _, PickWithClass as _};
            let output = compact(::rust_supervisor::__private::of_context(run));
            let reader = (&&::rust_supervisor::__private::tag_of(&output)).pick();
            (::rust_supervisor::__private::finished)(
                (::rust_supervisor::__private::returned)(output),
                (::rust_supervisor::__private::returned)(reader),
            )
        });
    }
};
