use rust_supervisor::prelude::*;

#[child]
async fn plain(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn shard(ctx: TaskContext, Args(_): Args<usize>) {
    ctx.stopped().await;
}

#[child]
async fn named(ctx: TaskContext, Args(_): Args<String>) {
    ctx.stopped().await;
}

#[child]
async fn twice(ctx: TaskContext, Args(_): Args<usize>, Args(_): Args<String>) {
    ctx.stopped().await;
}

struct NoClone;

#[child]
async fn once(ctx: TaskContext, Args(_): Args<NoClone>) {
    ctx.stopped().await;
}

struct AppState {
    first: usize,
}

#[supervisor]
struct Missing {
    shard: shard,
}

#[supervisor]
struct OfAnotherType {
    #[child(args = "three")]
    shard: shard,
}

#[supervisor(state = AppState)]
struct OfAnotherTypeOutOfTheState {
    #[child(args = |state: &AppState| state.first)]
    named: named,
}

#[supervisor]
struct ForOneThatTakesNone {
    #[child(args = 3)]
    plain: plain,
}

#[supervisor]
struct NoIndex {
    #[child(count = 3)]
    names: Many<named>,
}

async fn spawns(names: Pool<named>, plain: Pool<plain>) -> Result<(), SpawnError> {
    names.spawn("a", 1).await?;
    plain.spawn_next("a").await?;
    Ok(())
}

fn main() {
    let _ = spawns;
}
