#![deny(warnings)]

use rust_supervisor::prelude::*;

#[child(multiple)]
async fn here(ctx: TaskContext) {
    ctx.stopped().await;
}

#[cfg(any())]
#[child]
async fn gone(ctx: TaskContext) {}

#[child]
#[cfg(any())]
async fn gone_too(ctx: TaskContext) {}

#[supervisor]
struct App {
    here: here,
    #[cfg(any())]
    gone: gone,
    #[cfg(all())]
    #[cfg(not(any()))]
    twice: here,
    #[cfg(any())]
    twice: gone_too,
}

#[supervisor(state = ())]
struct WithState {
    app: App,
    #[cfg(any())]
    gone: gone,
}

fn main() {
    drop(WithState::start(()));
}
