//! What a child may return, and what class its failures have.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use rust_supervisor::prelude::*;
use rust_supervisor::task::exit::Exit;

#[derive(Debug, thiserror::Error, Failure)]
enum LedgerError {
    #[error("the bank does not answer")]
    #[failure(external_dependency)]
    Unreachable,
    #[error("no schema `{name}`")]
    #[failure(fatal_config)]
    NoSchema { name: &'static str },
    #[error("cannot write")]
    #[failure(source)]
    Write(#[source] WriteError),
    #[error("cannot write {0} times")]
    #[failure(source)]
    Often(u32, #[source] Box<WriteError>),
}

#[derive(Debug, thiserror::Error, Failure)]
#[failure(timeout)]
enum WriteError {
    #[error("the disk is slow")]
    Slow,
    #[error("the disk is full")]
    #[failure(fatal_bug)]
    Full,
}

#[derive(Debug, thiserror::Error, Failure)]
#[error("given up")]
#[failure(cancelled)]
struct GivenUp;

#[derive(Debug, thiserror::Error, Failure)]
#[error("about {what}")]
#[failure(source)]
struct About<E: Error + 'static> {
    what: &'static str,
    source: E,
}

#[test]
fn every_variant_has_the_class_that_stands_on_it() {
    use TaskFailureKind as Kind;

    assert_eq!(LedgerError::Unreachable.kind(), Kind::ExternalDependency);
    assert_eq!(LedgerError::NoSchema { name: "x" }.kind(), Kind::FatalConfig);
    assert_eq!(LedgerError::Write(WriteError::Slow).kind(), Kind::Timeout);
    assert_eq!(LedgerError::Often(2, Box::new(WriteError::Full)).kind(), Kind::FatalBug);
    assert_eq!(GivenUp.kind(), Kind::Cancelled);
    assert_eq!(About { what: "it", source: WriteError::Full }.kind(), Kind::FatalBug);
}

/// The class and the text of the failure that a child ended with.
async fn failure<C>(child: &Handle<C>) -> (TaskFailureKind, String) {
    loop {
        let state = child.state().await.expect("it is known");
        match state.last_exits.last().map(|record| &record.exit) {
            Some(Exit::Failed(failure)) => return (failure.kind(), failure.chain()),
            Some(exit) => panic!("{exit}"),
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

/// Names children that fail at once, with what, and how.
macro_rules! failing {
    ($($name:ident: $error:ty = $value:expr, $class:ident, $text:literal $(, [$($option:tt)+])?;)+) => {
        $(
            #[child(on_limit(stop), restart_limit(max = 0, within = "1s") $(, $($option)+)?)]
            async fn $name(_: TaskContext) -> Result<(), $error> {
                Err($value)
            }
        )+

        #[supervisor(intensity(max = 100, within = "1s"))]
        struct Failing {
            $($name: $name,)+
        }

        #[tokio::test(start_paused = true)]
        async fn a_failure_keeps_its_class_and_its_chain() {
            let tree = Failing::start(()).await.unwrap();
            $(
                let (class, text) = failure(&tree.$name).await;
                assert_eq!(class, TaskFailureKind::$class, stringify!($name));
                assert_eq!(text, $text, stringify!($name));
            )+
        }
    };
}

type Boxed = Box<dyn Error + Send + Sync>;

failing! {
    derived: LedgerError = LedgerError::Write(WriteError::Full), FatalBug,
        "cannot write: the disk is full";
    by_name: LedgerError = LedgerError::NoSchema { name: "a" }, FatalConfig, "no schema `a`";
    text: String = "lost my voice".into(), Recoverable, "lost my voice";
    literal: &'static str = "lost", Recoverable, "lost";
    io: std::io::Error = std::io::Error::other("no disk"), Recoverable, "no disk";
    boxed: Boxed = LedgerError::Unreachable.into(), Recoverable, "the bank does not answer";
    any: anyhow::Error = anyhow::Error::new(WriteError::Slow).context("again"), Recoverable,
        "again: the disk is slow";
    report: eyre::Report = eyre::Report::new(WriteError::Slow).wrap_err("again"), Recoverable,
        "again: the disk is slow";
    found_in_anyhow: anyhow::Error = anyhow::Error::new(WriteError::Full).context("again"),
        FatalBug, "again: the disk is full", [classify(LedgerError, WriteError)];
    found_bare_in_anyhow: anyhow::Error = LedgerError::Unreachable.into(), ExternalDependency,
        "the bank does not answer", [classify(LedgerError, WriteError)];
    found_in_eyre: eyre::Report = eyre::Report::new(WriteError::Slow), Timeout,
        "the disk is slow", [classify(WriteError)];
    found_in_a_box: Boxed = LedgerError::Often(2, Box::new(WriteError::Slow)).into(), Timeout,
        "cannot write 2 times: the disk is slow", [classify(WriteError)];
    found_in_the_chain: Around = Around(WriteError::Full), FatalBug,
        "around it: the disk is full", [classify(WriteError)];
    not_found: anyhow::Error = anyhow::anyhow!("no idea"), Recoverable, "no idea",
        [classify(WriteError)];
    says_it_itself: GivenUp = GivenUp, Cancelled, "given up", [classify(WriteError)];
}

#[derive(Debug, thiserror::Error)]
#[error("around it")]
struct Around(#[source] WriteError);

mod generic {
    use super::*;

    pub(crate) trait Topic: Send + 'static {
        type Error: Error + Send + Sync + 'static;
        const NAME: &'static str;
        fn fail() -> Self::Error;
    }

    pub(crate) struct Orders;
    pub(crate) struct Refunds;

    impl Topic for Orders {
        type Error = WriteError;
        const NAME: &'static str = "orders";

        fn fail() -> WriteError {
            WriteError::Full
        }
    }

    impl Topic for Refunds {
        type Error = std::io::Error;
        const NAME: &'static str = "refunds";

        fn fail() -> std::io::Error {
            std::io::Error::other(Self::NAME)
        }
    }

    #[child(on_limit(stop), restart_limit(max = 0, within = "1s"))]
    async fn consumer<T, const N: usize>(
        _: TaskContext,
        State(seen): State<Seen>,
    ) -> Result<(), T::Error>
    where
        T: Topic,
    {
        seen.0.lock().expect("nobody panics with it").push((T::NAME, N));
        Err(T::fail())
    }

    #[child(blocking, on_limit(stop), restart_limit(max = 0, within = "1s"))]
    fn blocking_consumer<T: Topic>(_: BlockingContext) -> Result<(), T::Error> {
        Err(T::fail())
    }

    #[child(on_limit(stop), restart_limit(max = 0, within = "1s"))]
    fn returned<T: Topic>(_: TaskContext) -> impl Future<Output = Result<(), T::Error>> + Send {
        std::future::ready(Err(T::fail()))
    }

    #[derive(Clone, Default)]
    struct Seen(std::sync::Arc<std::sync::Mutex<Vec<(&'static str, usize)>>>);

    #[supervisor(intensity(max = 100, within = "1s"))]
    struct Tree {
        orders: consumer<Orders, 1>,
        refunds: consumer<Refunds, 2>,
        blocking: blocking_consumer<Orders>,
        returned: returned<Orders>,
    }

    #[tokio::test(start_paused = true)]
    async fn a_generic_child_is_one_child_for_each_type_and_its_error_is_asked_where_it_stands() {
        let seen = Seen::default();
        let tree = Tree::start(seen.clone()).await.unwrap();

        let fatal = (TaskFailureKind::FatalBug, "the disk is full".to_owned());
        assert_eq!(failure(&tree.orders).await, fatal);
        assert_eq!(failure(&tree.blocking).await, fatal);
        assert_eq!(failure(&tree.returned).await, fatal);
        let other = (TaskFailureKind::Recoverable, "refunds".to_owned());
        assert_eq!(failure(&tree.refunds).await, other);
        let mut seen = seen.0.lock().unwrap().clone();
        seen.sort_unstable();
        assert_eq!(seen, [("orders", 1), ("refunds", 2)]);
    }

    #[tokio::test]
    async fn it_is_a_function_that_a_test_calls() {
        let (ctx, _run) = TaskContext::for_test();
        let error = consumer::<Refunds, 9>(ctx, State(Seen::default())).await.unwrap_err();
        assert_eq!(error.to_string(), "refunds");
    }
}

mod endings {
    use super::*;

    #[child]
    fn impl_future(ctx: TaskContext) -> impl Future<Output = Result<(), LedgerError>> + Send {
        let name = ctx.path().to_string();
        async move {
            ctx.stopped().await;
            drop(name);
            Ok(())
        }
    }

    #[child]
    fn boxed_future(ctx: TaskContext) -> Pin<Box<dyn Future<Output = TaskResult> + Send>> {
        Box::pin(async move {
            ctx.stopped().await;
            TaskResult::Shutdown
        })
    }

    #[child(shutdown(grace = "1ms"))]
    async fn never(_: TaskContext) -> ! {
        std::future::pending().await
    }

    #[child(shutdown(grace = "1ms"))]
    async fn infallible(_: TaskContext) -> Infallible {
        std::future::pending().await
    }

    #[child]
    async fn only_errors(ctx: TaskContext) -> Result<Infallible, LedgerError> {
        ctx.stopped().await;
        Err(LedgerError::Unreachable)
    }

    #[child]
    async fn any(ctx: TaskContext) -> anyhow::Result<TaskResult> {
        ctx.stopped().await;
        Ok(TaskResult::Succeeded)
    }

    #[child(blocking)]
    fn blocking(ctx: BlockingContext) -> eyre::Result<()> {
        while ctx.sleep(Duration::from_millis(1)) {}
        eyre::ensure!(ctx.is_stopping(), "nobody asked");
        Ok(())
    }

    #[child(blocking)]
    fn local_set(ctx: BlockingContext) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let not_send = std::rc::Rc::new(ctx.stop_token());
            let shared = std::rc::Rc::clone(&not_send);
            tokio::task::spawn_local(async move { shared.cancelled().await }).await
        })?;
        Ok(())
    }

    #[supervisor]
    struct Tree {
        impl_future: impl_future,
        boxed_future: boxed_future,
        never: never,
        infallible: infallible,
        only_errors: only_errors,
        any: any,
        blocking: blocking,
        local_set: local_set,
    }

    #[tokio::test]
    async fn a_child_returns_what_suits_it() {
        let tree = Tree::start(()).await.unwrap();
        let report = tree.shutdown(by("test").because("done")).await.unwrap();
        assert_eq!(report.rows.len(), 8, "{report}");
    }
}
