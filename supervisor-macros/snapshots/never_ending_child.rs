#[allow(clippy::unused_async)]
async fn forever(_: TaskContext) -> ! {
    pending().await
}
/// The child [`forever()`].
#[allow(non_camel_case_types, dead_code)]
enum Forever {}
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
            key: <Forever as __rt::Supervised>::KEY,
            ..__rt::Item::NONE
        },
        ..__rt::DeclaredChild::NONE
    };
    impl __rt::Supervised for Forever {
        type Handle = __rt::Handle<Self>;
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "Forever",
            "0.1.0",
            3136726220191846413u64,
        );
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
    }
    impl __rt::Member for Forever {}
    impl __rt::Needs<__rt::NoArgs> for Forever {}
    impl<__S: 'static> __rt::RunsUnder<__S> for Forever {
        fn run(run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            (__rt::boxed)('here: { forever(__rt::of_context(run)) }, __rt::Never)
        }
    }
};
