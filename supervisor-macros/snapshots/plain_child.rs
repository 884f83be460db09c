#[allow(clippy::unused_async)]
async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}
/// The child [`poller()`].
#[allow(non_camel_case_types, dead_code)]
enum poller {}
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
        <poller as __rt::Supervised>::KEY,
        __rt::None,
        __rt::None,
        __rt::None,
        &[],
    );
    impl __rt::Supervised for poller {
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "poller",
            "0.1.0",
            4413403468301337248,
        );
    }
    impl __rt::Needs<__rt::NoArgs> for poller {}
    impl<__S: 'static> __rt::RunsUnder<__S> for poller {
        fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            (__rt::boxed)('here: { poller(__rt::of_context(__run)) }, __rt::AsItIs)
        }
    }
};
