//! Parameters in any order, under any pattern, by any path.
use rust_supervisor as supervision;
use rust_supervisor::prelude::*;

type Context = TaskContext;

mod axum {
    pub struct State<T>(pub T);
}

#[derive(Clone)]
struct Db {
    name: &'static str,
}

#[child]
async fn state_first(
    State(Db { name }): State<Db>,
    mut counter: Lease<u32>,
    supervision::State(mut list): supervision::State<Vec<u8>>,
    ctx: TaskContext,
) {
    assert_eq!(name, "db");
    *counter += 1;
    list.push(1);
    ctx.stopped().await;
}

#[child]
async fn context_twice(here: Context, there: supervision::task::context::TaskContext) {
    assert_eq!(here.path(), there.path());
    here.stopped().await;
}

#[child(blocking)]
fn blocking(State(db): rust_supervisor::State<Db>, ctx: BlockingContext) {
    drop(axum::State(db));
    while ctx.sleep(Duration::from_millis(1)) {}
}

#[derive(SharedState)]
struct AppState {
    db: Db,
    counter: Lendable<u32>,
    list: Vec<u8>,
}

#[supervisor(state = AppState)]
struct App {
    state_first: state_first,
    context_twice: context_twice,
    blocking: blocking,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SupervisorError> {
    let counter = Lendable::new(0);
    let db = Db { name: "db" };
    let app = App::start(AppState { db, counter: counter.clone(), list: vec![] }).await?;
    tokio::task::yield_now().await;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    assert_eq!(counter.lend().map(|lease| *lease), Some(1));
    Ok(())
}
