//! As `hygiene`, for pools, manies, arguments, handles and what one crate asks of another.
#![deny(
    warnings,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]
#![forbid(unsafe_code)]

use rust_supervisor::prelude::{
    Args, Handle, Lease, Lendable, Many, Pool, SharedState, State, SupervisionTree as _,
    TaskContext, child, supervisor,
};

/// Not the usual one.
#[derive(Debug)]
pub struct Result;
/// Not the usual one.
#[derive(Debug)]
pub struct Option;
/// Not the usual one.
#[derive(Debug)]
pub struct Ok;
/// Not the usual one.
#[derive(Debug)]
pub struct Vec;
/// Not the usual one.
#[derive(Debug)]
pub struct Arc;
/// Not the usual one.
#[expect(non_camel_case_types, reason = "it has the name of a primitive type")]
#[derive(Debug)]
pub struct str;
/// Not the usual one.
#[expect(non_camel_case_types, reason = "it has the name of a primitive type")]
#[derive(Debug)]
pub struct u32;
/// Not the usual one.
pub trait Send {}
/// Not the usual one.
pub trait Sync {}
/// Not the usual one.
pub trait From {}
/// Not the usual one.
pub trait Default {}
/// Not the usual one.
pub trait Future {}
/// Not the usual one.
pub trait Drop {}
/// Not the usual one.
pub mod rust_supervisor_private {}
/// Not the usual one.
pub mod std {}
/// Not the usual one.
pub mod core {}

/// Serves one.
#[child(restart(temporary))]
pub async fn session(ctx: TaskContext, Args(_user): Args<u64>) {
    ctx.stopped().await;
}

/// One of many.
#[child]
pub async fn shard(ctx: TaskContext, Args(_index): Args<usize>) {
    ctx.stopped().await;
}

/// Has something to itself, and talks to all the others.
#[child(depends_on(Many<shard>), shutdown(grace = "1s"))]
pub async fn listener(
    ctx: TaskContext,
    lease: Lease<u8>,
    sessions: Pool<session>,
    shards: Many<shard>,
    own: Handle<other>,
    State(number): State<u64>,
) {
    ctx.stopped().await;
    drop((lease, sessions, shards, own, number));
}

/// Is talked to.
#[child(restart(transient), significant)]
pub async fn other(ctx: TaskContext) {
    ctx.stopped().await;
}

/// What is shared.
#[derive(SharedState)]
pub struct Shared {
    numbers: Lendable<u8>,
    number: u64,
}

/// All of them.
#[supervisor(state = Shared, auto_shutdown(all_significant))]
pub struct App {
    #[child(max_children = 3, intensity(max = 1, within = "1s"))]
    pub sessions: Pool<session>,
    #[child(count = 2)]
    pub shards: Many<shard>,
    #[child(args = 7)]
    pub seventh: shard,
    #[child(args = |state: &Shared| usize::from(state.number > 3))]
    pub of_the_state: shard,
    pub other: other,
    pub inner: Inner,
    #[cfg(any())]
    pub gone: Pool<nowhere>,
}

/// Asks those around it.
#[supervisor(requires(Many<shard>, Pool<session>, other))]
pub struct Inner {
    pub listener: listener,
}

fn main() {
    drop(App::start(Shared { numbers: Lendable::new(1), number: 2 }));
}
