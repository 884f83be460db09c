async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}
/// The child [`poller()`].
#[allow(non_camel_case_types, dead_code)]
enum poller {}
const _: () = {
    use ::rust_supervisor::__private as __rt;
    impl __rt::Supervised for poller {
        type Handle = __rt::Handle<Self>;
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "poller",
            "0.1.0",
            4413403468301337248,
        );
        const NODE: __rt::Node = __rt::Node::Child(
            &__rt::DeclaredChild::broken(Self::KEY),
        );
    }
    impl __rt::Needs<__rt::NoArgs> for poller {}
    impl<__S: 'static> __rt::RunsUnder<__S> for poller {}
};
::core::compile_error! {
    "`restart` cannot be `permanant`, did you mean `permanent`?"
}
