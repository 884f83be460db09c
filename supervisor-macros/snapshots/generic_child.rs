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
///The child [`consumer()`].
#[allow(non_camel_case_types, dead_code)]
struct consumer<T: ?::core::marker::Sized, const N: usize> {
    __types: ::rust_supervisor::__private::PhantomData<(fn(*const T),)>,
}
#[allow(deprecated, unreachable_code, unused_parens, clippy::all, clippy::pedantic)]
const _: () = {
    impl<T: Topic, const N: usize> ::rust_supervisor::__private::Supervised
    for consumer<T, N>
    where
        T: Send,
        T: 'static,
    {
        type Handle = ::rust_supervisor::__private::Handle<Self>;
        const KEY: ::rust_supervisor::__private::Key = ::rust_supervisor::__private::Key::new(
                ::core::module_path!(),
                "consumer",
                "0.1.0",
                ::core::file!(),
                ::core::line!(),
            )
            .one_of_many();
        const NODE: ::rust_supervisor::__private::Node = ::rust_supervisor::__private::Node::Child(
            &const {
                ::rust_supervisor::__private::DeclaredChild::new(
                        ::rust_supervisor::__private::PolicyPatch::NONE
                            .backoff(
                                ::rust_supervisor::__private::BackoffPatch::NONE
                                    .initial(T::WAIT),
                            ),
                    )
                    .of_its_types()
            },
        );
        const ITEM: &'static ::rust_supervisor::__private::Item = &::rust_supervisor::__private::Item::child(
                Self::KEY,
            )
            .takes_lease();
    }
    impl<T: Topic, const N: usize> ::rust_supervisor::__private::Member
    for consumer<T, N>
    where
        T: Send,
        T: 'static,
        ::rust_supervisor::__private::NoArgs: ::rust_supervisor::__private::SpawnedWith,
    {
        const CHILD: &'static ::rust_supervisor::__private::DeclaredChild = &const {
            ::rust_supervisor::__private::DeclaredChild::new(
                    ::rust_supervisor::__private::PolicyPatch::NONE
                        .backoff(
                            ::rust_supervisor::__private::BackoffPatch::NONE
                                .initial(T::WAIT),
                        ),
                )
                .of_its_types()
        };
        const TAKES: ::rust_supervisor::__private::ArgumentsType = (::rust_supervisor::__private::takes::<
            ::rust_supervisor::__private::NoArgs,
        >)();
    }
    impl<
        T: Topic,
        const N: usize,
    > ::rust_supervisor::__private::Needs<::rust_supervisor::__private::NoArgs>
    for consumer<T, N>
    where
        T: Send,
        T: 'static,
    {}
    impl<
        __S: 'static,
        T: Topic,
        const N: usize,
    > ::rust_supervisor::__private::RunsUnder<__S> for consumer<T, N>
    where
        Lease<
            Receiver<T::Job>,
        >: ::rust_supervisor::__private::Extract<
            __S,
            ::rust_supervisor::__private::TaskContext,
        >,
        T: Send,
        T: 'static,
    {
        const RUNS: ::rust_supervisor::__private::Runs<__S> = ::rust_supervisor::__private::Runs::Borrowing(
            &const {
                [
                    <Lease<
                        Receiver<T::Job>,
                    > as ::rust_supervisor::__private::Extract<
                        __S,
                        ::rust_supervisor::__private::TaskContext,
                    >>::LENT,
                ]
            },
            &const {
                ::rust_supervisor::__private::Runs::Async(|run| {
                    use ::rust_supervisor::__private::{
                        PickAsItIs as _, PickWithClass as _,
                    };
                    let output = consumer::<
                        T,
                        N,
                    >(
                        ::rust_supervisor::__private::of_context(run),
                        ::rust_supervisor::__private::parameter(run)?,
                    );
                    let reader = (&&::rust_supervisor::__private::tag_of_output(&output))
                        .pick();
                    (::rust_supervisor::__private::boxed)(
                        (::rust_supervisor::__private::returned)(output),
                        (::rust_supervisor::__private::returned)(reader),
                    )
                })
            },
        );
    }
    impl<T: Topic, const N: usize> ::rust_supervisor::__private::Returns
    for consumer<T, N>
    where
        T: Send,
        T: 'static,
    {
        type Output = Result<(), T::Error>;
    }
};
