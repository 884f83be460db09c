#[allow(clippy::unused_async)]
async fn ledger(ctx: TaskContext) {
    ctx.stopped().await;
}
/// The child [`ledger()`].
#[allow(non_camel_case_types, dead_code)]
enum ledger {}
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
        __rt::None,
        __rt::None,
        __rt::None,
        {
            macro_rules! what_ledger_depends_on {
                () => {
                    & [< storage::pool as __rt::Supervised > ::KEY, < warm as
                    __rt::Supervised > ::KEY]
                };
            }
            what_ledger_depends_on!()
        },
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
    impl<__S: 'static> __rt::RunsUnder<__S> for ledger {
        fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            (__rt::boxed)('here: { ledger(__rt::of_context(__run)) }, __rt::AsItIs)
        }
    }
};
