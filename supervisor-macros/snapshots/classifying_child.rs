#[allow(clippy::unused_async)]
async fn import(ctx: TaskContext) -> anyhow::Result<()> {
    run(ctx).await
}
///The child [`import()`].
#[allow(non_camel_case_types, dead_code)]
enum import {}
#[allow(deprecated, unreachable_code, unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl ::rust_supervisor::__private::Supervised for import {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "import",
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
    impl ::rust_supervisor::__private::Member for import {
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
    for import {}
    impl<__S: 'static> ::rust_supervisor::__private::RunsUnder<__S> for import {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Async(|
            run|
        {
            use ::rust_supervisor::__private::{
                ClassifyByItself as _, ClassifyChain as _, ClassifyInside as _,
                Unclassified as _,
            };
            let output = import(::rust_supervisor::__private::of_context(run));
            let reader = (&&&&::rust_supervisor::__private::tag_of_output(&output))
                .classify(
                    &[
                        ::rust_supervisor::__private::ask::<DbError>,
                        ::rust_supervisor::__private::ask::<io::Error>,
                    ],
                );
            (::rust_supervisor::__private::boxed)(
                (::rust_supervisor::__private::returned)(output),
                (::rust_supervisor::__private::returned)(reader),
            )
        });
    }
};
