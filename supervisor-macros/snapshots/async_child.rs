#[allow(clippy::unused_async)]
/// Writes the ledger.
pub async fn ledger(ctx: TaskContext, State(db): State<Db>) -> Result<(), LedgerError> {
    write(ctx, db).await
}
/// Writes the ledger.
#[allow(non_camel_case_types, dead_code)]
pub enum ledger {}
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
        <ledger as __rt::Supervised>::KEY,
        __rt::Some(__rt::Restart::Transient),
        __rt::Some((100000000, 5000000000)),
        __rt::None,
        &[],
    );
    impl __rt::Supervised for ledger {
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(&__DECLARED);
        const KEY: __rt::Key = __rt::Key::new(
            ::core::module_path!(),
            "ledger",
            "0.1.0",
            13843739542307266281,
        );
    }
    impl __rt::Needs<__rt::NoArgs> for ledger {}
    impl<__S: 'static> __rt::RunsUnder<__S> for ledger
    where
        State<Db>: __rt::Extract<__S, __rt::TaskContext>,
    {
        fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            use __rt::PickAnything as _;
            let __output = ledger(__rt::of_context(__run), __rt::parameter(__run)?);
            let __reader = __rt::tag_of_output(&__output).pick();
            (__rt::boxed)('here: { __output }, 'here: { __reader })
        }
    }
};
