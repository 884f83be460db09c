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
    static __DECLARED: __rt::DeclaredChild = __rt::DeclaredChild {
        item: __rt::Item {
            key: <poller as __rt::Supervised>::KEY,
            ..__rt::Item::NONE
        },
        ..__rt::DeclaredChild::NONE
    };
    impl __rt::Supervised for poller {
        type Handle = __rt::Handle<Self>;
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "poller",
            "0.1.0",
            4413403468301337248u64,
        );
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
    }
    impl __rt::Member for poller {}
    impl __rt::Needs<__rt::NoArgs> for poller {}
    impl<__S: 'static> __rt::RunsUnder<__S> for poller {
        fn run(run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            (__rt::boxed)('here: { poller(__rt::of_context(run)) }, __rt::AsItIs)
        }
    }
};
