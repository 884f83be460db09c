//! Several children that take what is lent, and none of them the same.
#![deny(warnings)]

use rust_supervisor::prelude::*;

struct In<T>(T);
struct Out<T>(T);

#[derive(SharedState)]
struct AppState {
    input: Lendable<In<u8>>,
    output: Lendable<Out<u8>>,
}

#[child]
async fn reader(ctx: TaskContext, input: Lease<In<u8>>) {
    assert_eq!(input.0, 1);
    ctx.stopped().await;
}

#[child]
async fn writer(ctx: TaskContext, output: Lease<Out<u8>>) {
    assert_eq!(output.0, 2);
    ctx.stopped().await;
}

/// Another writer, for those who want it.
#[child]
async fn new_writer(ctx: TaskContext, _: Lease<Out<u8>>) {
    ctx.stopped().await;
}

/// One at a time: a pool starts without members.
#[child(restart(temporary))]
async fn turn(ctx: TaskContext, _: Lease<u8>) {
    ctx.stopped().await;
}

#[supervisor]
struct Writers {
    writer: writer,
    #[child(enabled = false)]
    new_writer: new_writer,
}

#[supervisor(state = AppState)]
struct App {
    #[child(count = 1)]
    readers: Many<reader>,
    writers: Writers,
}

#[supervisor]
struct Turns {
    #[child(max_children = 1)]
    turns: Pool<turn>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let app = App::start(AppState { input: In(1).into(), output: Out(2).into() }).await?;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    let app = Turns::start(Lendable::new(1_u8)).await?;
    app.turns.spawn_next(()).await?;
    assert!(app.shutdown(("test", "done")).await?.is_clean());
    Ok(())
}
