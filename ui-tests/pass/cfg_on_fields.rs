//! A field that is not there asks for nothing, is asked nothing, and leaves no name.
#![deny(warnings)]

use rust_supervisor::prelude::*;

#[child]
async fn pool(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn session(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(pool))]
async fn web(ctx: TaskContext, sessions: Pool<session>) {
    let _ = sessions.spawn("one", ()).await;
    ctx.stopped().await;
}

#[supervisor(start(parallel))]
struct Storage {
    #[cfg(any())]
    disk: nowhere::disk,
    #[cfg(all())]
    pool: pool,
}

#[supervisor]
struct App {
    #[cfg(any())]
    #[child(backoff(max = NO_SUCH_CONSTANT))]
    first: nowhere::first,
    storage: Storage,
    #[cfg(all())]
    sessions: Pool<session>,
    #[cfg(any())]
    sessions: Pool<nowhere::session>,
    #[cfg(not(any()))]
    #[child(after(first, storage), count = 2)]
    many: Many<session>,
    #[child(after(last))]
    web: web,
    #[cfg(any())]
    last: nowhere::last,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), SupervisorError> {
    let app = App::start(()).await?;
    app.handle().wait_until_settled().await?;
    let state = app.handle().current_state().await?;
    let names: Vec<_> = state.children_of("/root").map(|child| child.path.as_str()).collect();
    assert_eq!(names, ["/root/storage", "/root/sessions", "/root/many", "/root/web"]);
    assert!(app.sessions.get("one").await.is_some());
    assert_eq!(App::MANY.name(), "many");
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
