#[allow(clippy::unused_async)]
/// Writes the ledger.
pub async fn ledger(ctx: TaskContext, State(db): State<Db>) -> Result<(), LedgerError> {
    write(ctx, db).await
}
/// Writes the ledger.
#[allow(non_camel_case_types, dead_code)]
pub enum ledger {}
#[allow(deprecated, unreachable_code, unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl ::rust_supervisor::__private::Supervised for ledger {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
            ::core::module_path!(),
            "ledger",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
        );
        const NODE: ::rust_supervisor::__private::Node = ::rust_supervisor::__private::Node::Child(
            &const {
                ::rust_supervisor::__private::DeclaredChild::new(
                    ::rust_supervisor::__private::PolicyPatch::NONE
                        .restart(::rust_supervisor::__private::Restart::Transient)
                        .backoff(
                            ::rust_supervisor::__private::BackoffPatch::NONE
                                .initial(
                                    ::rust_supervisor::__private::Duration::new(
                                        0u64,
                                        100000000u32,
                                    ),
                                )
                                .max(
                                    ::rust_supervisor::__private::Duration::new(5u64, 0u32),
                                ),
                        ),
                )
            },
        );
        const ITEM: &'static ::rust_supervisor::__private::Item = &::rust_supervisor::__private::Item::child(
                Self::KEY,
            )
            .restart(::rust_supervisor::__private::Restart::Transient);
    }
    impl ::rust_supervisor::__private::Member for ledger {
        const CHILD: &'static ::rust_supervisor::__private::DeclaredChild = &const {
            ::rust_supervisor::__private::DeclaredChild::new(
                ::rust_supervisor::__private::PolicyPatch::NONE
                    .restart(::rust_supervisor::__private::Restart::Transient)
                    .backoff(
                        ::rust_supervisor::__private::BackoffPatch::NONE
                            .initial(
                                ::rust_supervisor::__private::Duration::new(
                                    0u64,
                                    100000000u32,
                                ),
                            )
                            .max(::rust_supervisor::__private::Duration::new(5u64, 0u32)),
                    ),
            )
        };
        const TAKES: ::rust_supervisor::__private::ArgumentsType = (::rust_supervisor::__private::takes::<
            ::rust_supervisor::__private::NoArgs,
        >)();
    }
    impl ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for ledger {}
    impl<__S: 'static> ::rust_supervisor::__private::RunsUnder<__S> for ledger
    where
        State<
            Db,
        >: ::rust_supervisor::__private::Extract<
            __S,
            ::rust_supervisor::__private::TaskContext,
        >,
    {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Async(|
            run|
        {
            use ::rust_supervisor::__private::{PickAsItIs as _, PickWithClass as _};
            let output = ledger(
                ::rust_supervisor::__private::of_context(run),
                ::rust_supervisor::__private::parameter(run)?,
            );
            let reader = (&&::rust_supervisor::__private::tag_of_output(&output)).pick();
            (::rust_supervisor::__private::boxed)(
                (::rust_supervisor::__private::returned)(output),
                (::rust_supervisor::__private::returned)(reader),
            )
        });
    }
};
