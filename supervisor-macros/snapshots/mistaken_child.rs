async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}
///The child [`poller()`].
#[allow(non_camel_case_types, dead_code)]
enum poller {}
const _: () = {
    impl ::rust_supervisor::__private::Supervised for poller {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const NODE: ::rust_supervisor::__private::Node = <::rust_supervisor::__private::Absent as ::rust_supervisor::__private::Supervised>::NODE;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "poller",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
        );
        const ITEM: &'static ::rust_supervisor::__private::Item = &::rust_supervisor::__private::Item::broken(
            Self::KEY,
        );
    }
    impl ::rust_supervisor::__private::Member for poller {}
    impl ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for poller {}
    impl<__S: 'static> ::rust_supervisor::__private::RunsUnder<__S> for poller {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Async(
            ::rust_supervisor::__private::never,
        );
    }
};
::core::compile_error! {
    "`restart` cannot be `permanant`, did you mean `permanent`?"
}
