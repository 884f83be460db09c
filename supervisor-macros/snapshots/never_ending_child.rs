#[allow(clippy::unused_async)]
async fn forever(_: TaskContext) -> ! {
    pending().await
}
///The child [`forever()`].
#[allow(non_camel_case_types, dead_code)]
enum Forever {}
#[allow(deprecated, unreachable_code, unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl ::rust_supervisor::__private::Supervised for Forever {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "Forever",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
        );
        const NODE: ::rust_supervisor::__private::Node = ::rust_supervisor::__private::Node::Child(
            &const {
                ::rust_supervisor::__private::DeclaredChild::new(
                    ::rust_supervisor::__private::PolicyPatch::NONE,
                )
            },
        );
    }
    impl ::rust_supervisor::__private::Member for Forever {
        const CHILD: &'static ::rust_supervisor::__private::DeclaredChild = &const {
            ::rust_supervisor::__private::DeclaredChild::new(
                ::rust_supervisor::__private::PolicyPatch::NONE,
            )
        };
        const TAKES: ::rust_supervisor::__private::ArgumentsType = (::rust_supervisor::__private::takes::<
            ::rust_supervisor::__private::NoArgs,
        >)();
    }
    impl ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for Forever {}
    impl<__S: 'static> ::rust_supervisor::__private::RunsUnder<__S> for Forever {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Async(|
            run|
        (::rust_supervisor::__private::boxed)(
            (::rust_supervisor::__private::returned)(
                forever(::rust_supervisor::__private::of_context(run)),
            ),
            ::rust_supervisor::__private::Never,
        ));
    }
};
