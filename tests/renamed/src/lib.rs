//! A package that calls the dependency by another name: there is no `rust_supervisor` in it.

use supervision::prelude::*;

// A name that generated code might take for the crate's.
mod rust_supervisor {}

#[derive(Clone, Copy)]
struct Db(u8);

#[derive(SharedState)]
#[state(crate = supervision)]
struct AppState {
    db: Db,
    jobs: Lendable<u8>,
}

#[derive(Debug, Failure)]
#[failure(timeout, crate = supervision)]
struct Slow;

impl std::fmt::Display for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("slow")
    }
}

impl std::error::Error for Slow {}

#[child(crate = supervision, restart(transient), health(heartbeat = "1s", stale_after = "5s"))]
async fn ledger(ctx: TaskContext, State(db): State<Db>, jobs: Lease<u8>) -> Result<(), Slow> {
    assert_eq!((db.0, *jobs), (1, 2));
    ctx.stopped().await;
    Ok(())
}

#[child(crate = ::supervision, blocking)]
fn compact(ctx: BlockingContext) {
    while ctx.sleep(Duration::from_millis(1)) {}
}

#[child(crate = supervision, multiple, instance = T::NAME)]
async fn generic<T: Named>(ctx: TaskContext) -> Result<(), T::Error> {
    ctx.stopped().await;
    Ok(())
}

trait Named: Send + 'static {
    const NAME: &'static str;
    type Error: std::error::Error + Send + Sync;
}

struct One;

impl Named for One {
    const NAME: &'static str = "one";
    type Error = Slow;
}

#[supervisor(crate = supervision, state = AppState)]
struct App {
    ledger: ledger,
    #[child(depends_on(ledger))]
    compact: compact,
    one: generic<One>,
    members: Pool<generic<One>>,
    #[child(count = 2)]
    many: Many<generic<One>>,
}

#[cfg(test)]
#[tokio::test]
async fn a_tree_starts_under_another_name_of_the_crate() {
    let app = App::start(AppState { db: Db(1), jobs: 2.into() }).await.expect("it starts");
    app.members.spawn("a", ()).await.expect("it is spawned");
    let report = app.shutdown(("test", "done")).await.expect("it ends");
    assert!(report.is_clean());
}
