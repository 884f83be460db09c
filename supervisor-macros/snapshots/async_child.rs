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
    use ::rust_supervisor::__private as __rt;
    static __DECLARED: __rt::DeclaredChild = __rt::DeclaredChild::new(
        __rt::PolicyPatch::NONE
            .restart(__rt::Restart::Transient)
            .backoff(
                __rt::BackoffPatch::NONE
                    .initial(__rt::Duration::from_millis(100))
                    .max(__rt::Duration::from_secs(5)),
            ),
    );
    static __ITEM: __rt::Item = __rt::Item::child(<ledger as __rt::Supervised>::KEY)
        .restart(__rt::Restart::Transient);
    impl __rt::Supervised for ledger {
        type Handle = __rt::Handle<Self>;
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "ledger",
            "0.1.0",
            ::core::file!(),
            ::core::line!(),
            13843739542307266281u64,
        );
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
        const ITEM: &'static __rt::Item = &__ITEM;
    }
    impl __rt::Member for ledger {}
    impl __rt::Needs<__rt::NoArgs> for ledger {}
    impl<__S: 'static> __rt::RunsUnder<__S> for ledger
    where
        State<Db>: __rt::Extract<__S, __rt::TaskContext>,
    {
        const RUNS: __rt::Runs<__S> = __rt::Runs::Async(|run| {
            let output = ledger(__rt::of_context(run), __rt::parameter(run)?);
            let reader = __rt::tag_of_output(&output).pick();
            (__rt::boxed)((__rt::returned)(output), (__rt::returned)(reader))
        });
    }
};
