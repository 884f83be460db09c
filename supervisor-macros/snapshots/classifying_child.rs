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
    static __DECLARED: __rt::DeclaredChild = __rt::DeclaredChild {
        item: __rt::Item {
            key: <import as __rt::Supervised>::KEY,
            ..__rt::Item::NONE
        },
        ..__rt::DeclaredChild::NONE
    };
    impl __rt::Supervised for import {
        type Handle = __rt::Handle<Self>;
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "import",
            "0.1.0",
            725571163771017921u64,
        );
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
    }
    impl __rt::Member for import {}
    impl __rt::Needs<__rt::NoArgs> for import {}
    impl<__S: 'static> __rt::RunsUnder<__S> for import {
        fn run(run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            use __rt::{
                ClassifyByItself as _, ClassifyChain as _, ClassifyInside as _,
                Unclassified as _,
            };
            let output = import(__rt::of_context(run));
            let reader = (&&&&__rt::tag_of_output(&output))
                .classify(
                    &[
                        ::rust_supervisor::__private::ask::<DbError>,
                        ::rust_supervisor::__private::ask::<io::Error>,
                    ],
                );
            (__rt::boxed)('here: { output }, 'here: { reader })
        }
    }
};
