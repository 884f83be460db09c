#[allow(clippy::unused_async)]
async fn poller(ctx: TaskContext) {
    ctx.stopped().await;
}
///The child [`poller()`].
#[allow(non_camel_case_types, dead_code)]
enum poller {}
#[allow(deprecated, unreachable_code, unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl ::rust_supervisor::__private::Supervised for poller {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "poller",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
        );
        const NODE: ::rust_supervisor::__private::Node = ::rust_supervisor::__private::Node::Child(
            &const {
                ::rust_supervisor::__private::DeclaredChild::new(
                    ::rust_supervisor::__private::PolicyPatch::NONE
                        .restart_limit(
                            MAX,
                            ::rust_supervisor::__private::Duration::new(60u64, 0u32),
                        )
                        .start_timeout(LIMITS.start),
                )
            },
        );
    }
    impl ::rust_supervisor::__private::Member for poller {
        const CHILD: &'static ::rust_supervisor::__private::DeclaredChild = &const {
            ::rust_supervisor::__private::DeclaredChild::new(
                ::rust_supervisor::__private::PolicyPatch::NONE
                    .restart_limit(
                        MAX,
                        ::rust_supervisor::__private::Duration::new(60u64, 0u32),
                    )
                    .start_timeout(LIMITS.start),
            )
        };
        const TAKES: ::rust_supervisor::__private::ArgumentsType = (::rust_supervisor::__private::takes::<
            ::rust_supervisor::__private::NoArgs,
        >)();
    }
    impl ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for poller {}
    impl<__S: 'static> ::rust_supervisor::__private::RunsUnder<__S> for poller {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Async(|
            run|
        {
            use ::rust_supervisor::__private::{PickAsItIs as _, PickWithClass as _};
            let output = poller(::rust_supervisor::__private::of_context(run));
            let reader = (&&::rust_supervisor::__private::tag_of_output(&output)).pick();
            (::rust_supervisor::__private::boxed)(
                (::rust_supervisor::__private::returned)(output),
                (::rust_supervisor::__private::returned)(reader),
            )
        });
    }
    const _: () = (::rust_supervisor::__private::check)(
        ::rust_supervisor::__private::PolicyPatch::NONE
            .restart_limit(MAX, ::rust_supervisor::__private::Duration::new(60u64, 0u32))
            .start_timeout(LIMITS.start),
    );
};
