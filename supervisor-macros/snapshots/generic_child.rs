#[allow(clippy::unused_async)]
async fn consumer<T: Topic, const N: usize>(
    ctx: TaskContext,
    jobs: Lease<Receiver<T::Job>>,
) -> Result<(), T::Error>
where
    T: Send,
{
    T::consume(jobs, ctx).await
}
/// The child [`consumer()`].
#[allow(non_camel_case_types, dead_code)]
struct consumer<T: ?::core::marker::Sized, const N: usize> {
    __types: ::rust_supervisor::__private::PhantomData<(fn(*const T),)>,
}
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
    impl<T: Topic, const N: usize> __rt::Supervised for consumer<T, N>
    where
        T: Send,
        T: 'static,
    {
        type Handle = __rt::Handle<Self>;
        const NODE: __rt::Node = __rt::Node::Child(
            &__rt::DeclaredChild {
                policy: __rt::Some(
                    &__rt::PolicyPatch::NONE
                        .backoff(__rt::BackoffPatch::NONE.initial(T::WAIT)),
                ),
                ..__rt::DeclaredChild::said(
                        Self::KEY,
                        __rt::None,
                        __rt::None,
                        __rt::None,
                        &[],
                    )
                    .of_its_types()
                    .takes_lease()
            },
        );
        const KEY: __rt::Key = __rt::Key::new(
                ::core::module_path!(),
                "consumer",
                "0.1.0",
                8936921132418068702,
            )
            .one_of_many();
    }
    impl<T: Topic, const N: usize> __rt::Needs<__rt::NoArgs> for consumer<T, N>
    where
        T: Send,
        T: 'static,
    {}
    impl<__S: 'static, T: Topic, const N: usize> __rt::RunsUnder<__S> for consumer<T, N>
    where
        Lease<Receiver<T::Job>>: __rt::Extract<__S, __rt::TaskContext>,
        T: Send,
        T: 'static,
        __rt::NoArgs: __rt::SpawnedWith,
    {
        const RUNS: __rt::Runs<__S> = __rt::Runs::Borrowing(
            &const {
                [
                    <Lease<
                        Receiver<T::Job>,
                    > as __rt::Extract<__S, __rt::TaskContext>>::LENT,
                ]
            },
            &const { __rt::Runs::Async(Self::run) },
        );
        fn run(__run: &__rt::Run<__S, __rt::TaskContext>) -> __rt::Started {
            use __rt::PickAnything as _;
            let __output = consumer::<
                T,
                N,
            >(__rt::of_context(__run), __rt::parameter(__run)?);
            let __reader = __rt::tag_of_output(&__output).pick();
            (__rt::boxed)('here: { __output }, 'here: { __reader })
        }
    }
    impl<T: Topic, const N: usize> __rt::Returns for consumer<T, N>
    where
        T: Send,
        T: 'static,
    {
        type Output = Result<(), T::Error>;
    }
};
