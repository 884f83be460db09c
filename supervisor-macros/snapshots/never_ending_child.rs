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
    static __DECLARED: __rt::DeclaredChild = __rt::DeclaredChild::said(
        <Forever as __rt::Supervised>::KEY,
        __rt::None,
        __rt::None,
        __rt::None,
        &[],
    );
    impl __rt::Supervised for Forever {
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "Forever",
            "0.1.0",
            3136726220191846413,
        );
    }
    impl __rt::Needs<__rt::NoArgs> for Forever {}
    impl<__S: 'static> __rt::RunsUnder<__S> for Forever {
        fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            (__rt::boxed)('here: { forever(__rt::of_context(__run)) }, __rt::Never)
        }
    }
};
