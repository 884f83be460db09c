#[allow(clippy::unused_async)]
async fn import(ctx: TaskContext) -> anyhow::Result<()> {
    run(ctx).await
}
/// The child [`import()`].
#[allow(non_camel_case_types, dead_code)]
enum import {}
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
    static __DECLARED: __rt::DeclaredChild = __rt::DeclaredChild::said(
        <import as __rt::Supervised>::KEY,
        __rt::None,
        __rt::None,
        __rt::None,
        &[],
    );
    impl __rt::Supervised for import {
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "import",
            "0.1.0",
            725571163771017921,
        );
    }
    impl __rt::Needs<__rt::NoArgs> for import {}
    impl<__S: 'static> __rt::RunsUnder<__S> for import {
        fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            use __rt::{
                ClassifyByItself as _, ClassifyChain as _, ClassifyInside as _,
                Unclassified as _,
            };
            let __output = import(__rt::of_context(__run));
            let __reader = (&&&&__rt::tag_of_output(&__output))
                .classify(
                    &[
                        ::rust_supervisor::__private::ask::<DbError>,
                        ::rust_supervisor::__private::ask::<io::Error>,
                    ],
                );
            (__rt::boxed)('here: { __output }, 'here: { __reader })
        }
    }
};
