#![deny(warnings)]

use payments::{Diary, Payments, storage};
use reports::Reports;
use rust_supervisor::prelude::*;

trait Topic: 'static {
    const NAME: &'static str;
}

struct Orders;

impl Topic for Orders {
    const NAME: &'static str = "orders";
}

struct Refunds;

impl Topic for Refunds {
    const NAME: &'static str = "refunds";
}

#[child(multiple, instance = T::NAME)]
async fn consumer<T: Topic>(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child(multiple)]
async fn shard(ctx: TaskContext) {
    ctx.stopped().await;
}

// Of one instance, of a whole supervisor, of a child inside one, and of one of two.
#[child(depends_on(consumer<Refunds>, Payments, payments::fraud::scorer, shard))]
async fn router(ctx: TaskContext, _: Handle<shard>, _: Handle<consumer<Orders>>) {
    ctx.stopped().await;
}

#[supervisor(state = Diary)]
struct App {
    #[cfg(any())]
    gone: no::such::child,
    orders: consumer<Orders>,
    refunds: consumer<Refunds>,
    left: shard,
    right: shard,
    pool: storage::pool,
    payments: Payments,
    reports: Reports,
    #[child(after(right))]
    router: router,
    // At the field, over what the function says.
    #[child(depends_on(storage::pool))]
    other: router_without,
}

#[child(depends_on(nowhere))]
async fn router_without(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
pub async fn nowhere(ctx: TaskContext) {
    ctx.stopped().await;
}

// The program around it has the pool; started alone, it counts as there.
#[supervisor(requires(storage::pool))]
struct Alone {
    payments: Payments,
}

fn main() {
    drop(App::start(Diary::default()));
    drop(Alone::start(Diary::default()));
}
