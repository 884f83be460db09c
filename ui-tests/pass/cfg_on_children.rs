use rust_supervisor::prelude::*;

#[cfg(not(windows))]
#[child]
async fn signals(ctx: TaskContext) {
    ctx.stopped().await;
}

#[cfg(windows)]
#[child]
async fn signals(ctx: TaskContext, State(_): State<NoSuchType>) {
    ctx.stopped().await;
}

#[child]
#[cfg(windows)]
async fn only_there(_: NoSuchContext) {}

#[child]
#[cfg_attr(all(), allow(dead_code))]
async fn everywhere(ctx: TaskContext) {
    ctx.stopped().await;
}

#[derive(Failure)]
pub enum Error {
    #[failure(timeout)]
    Slow,
    #[cfg(windows)]
    Unclassed,
}

#[supervisor]
struct App {
    signals: signals,
    everywhere: everywhere,
}

fn main() {
    drop(App::start(()));
}
