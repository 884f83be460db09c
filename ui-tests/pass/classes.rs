//! A class for every variant, found by the child that returns the error.
use rust_supervisor::prelude::*;
use rust_supervisor::task::exit::Exit;

#[derive(Debug, thiserror::Error, Failure)]
enum LedgerError {
    #[error("the bank does not answer")]
    #[failure(external_dependency)]
    Unreachable(#[from] std::io::Error),
    #[error("no schema")]
    #[failure(fatal_config)]
    NoSchema,
    #[error(transparent)]
    #[failure(source)]
    Write(#[from] WriteError),
}

#[derive(Debug, thiserror::Error, Failure)]
#[failure(timeout)]
enum WriteError {
    #[error("slow")]
    Slow { _seconds: u8 },
    #[error("full")]
    #[failure(fatal_bug)]
    Full,
}

#[derive(Failure)]
enum Never {}

#[derive(Failure)]
#[failure(cancelled)]
struct Unit;

#[derive(Failure)]
#[failure(source)]
struct Generic<E>(E);

#[derive(Failure)]
#[failure(recoverable)]
struct Bounded<'a, E: Copy, const N: usize>
where
    E: Default,
{
    _parts: [&'a E; N],
}

#[child(restart(transient), on_limit(stop))]
async fn ledger(_: TaskContext) -> Result<(), LedgerError> {
    Err(LedgerError::NoSchema)
}

#[supervisor]
struct App {
    ledger: ledger,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    assert_eq!(
        LedgerError::from(std::io::Error::other("x")).kind(),
        TaskFailureKind::ExternalDependency
    );
    assert_eq!(LedgerError::from(WriteError::Full).kind(), TaskFailureKind::FatalBug);
    assert_eq!(WriteError::Slow { _seconds: 3 }.kind(), TaskFailureKind::Timeout);
    assert_eq!(Generic(Unit).kind(), TaskFailureKind::Cancelled);
    assert_eq!(Generic(Box::new(Unit)).kind(), TaskFailureKind::Cancelled);
    assert_eq!(Bounded::<u8, 0> { _parts: [] }.kind(), TaskFailureKind::Recoverable);
    let _: fn(&Never) -> TaskFailureKind = Failure::kind;

    let app = App::start(()).await?;
    loop {
        let state = app.ledger.state().await?;
        let Some(Exit::Failed(failure)) = state.last_exits.last().map(|last| &last.exit) else {
            tokio::task::yield_now().await;
            continue;
        };
        assert_eq!(failure.kind(), TaskFailureKind::FatalConfig);
        return Ok(());
    }
}
