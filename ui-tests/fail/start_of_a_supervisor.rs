use rust_supervisor::prelude::*;

#[child(start(parallel))]
async fn feed(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(depends_on(feed), on_dependency_restart(restrat))]
async fn reader(ctx: TaskContext) {
    ctx.stopped().await;
}

#[supervisor(start(paralel))]
struct Misspelt {
    feed: feed,
}

#[supervisor(start = parallel, strat(parallel))]
struct Other {
    #[child(start(parallel))]
    feed: feed,
}

#[supervisor(start(parallel), start(sequential))]
struct Twice {
    feed: feed,
}

fn main() {}
