//! Without Rust's own prelude.
#![no_implicit_prelude]

use ::rust_supervisor::prelude::{
    BlockingContext, Failure, Lease, SharedState, State, SupervisionTree, TaskContext, child,
    supervisor,
};
use ::rust_supervisor::{Lendable, Provide};

#[derive(SharedState)]
pub struct Shared {
    number: u8,
    jobs: Lendable<u16>,
}

#[derive(Failure)]
pub enum Error {
    #[failure(timeout)]
    Slow,
    #[failure(source)]
    Inner(Inner),
}

#[derive(Failure)]
#[failure(fatal_bug)]
pub struct Inner;

#[child(restart(transient), backoff(initial = "1s", max = "2s"), health(stale_after = "1s"))]
async fn poller(ctx: TaskContext, State(_): State<u8>, _: Lease<u16>) {
    ctx.stopped().await
}

#[child(blocking)]
fn crunch(ctx: BlockingContext) -> ::std::result::Result<(), ::std::string::String> {
    let _ = ctx.is_stopping();
    ::std::result::Result::Ok(())
}

#[child]
async fn generic<T: 'static>(ctx: TaskContext) -> ::std::io::Result<()> {
    ctx.stopped().await;
    ::std::result::Result::Ok(())
}

#[child(classify(::std::boxed::Box<Classed>))]
async fn classified(_: TaskContext) -> ::std::result::Result<(), ::std::boxed::Box<Classed>> {
    ::std::result::Result::Ok(())
}

#[derive(Debug, Failure)]
#[failure(timeout)]
pub struct Classed;

use ::std::fmt::Debug;
use ::std::prelude::rust_2024::derive;

impl ::std::fmt::Display for Classed {
    fn fmt(&self, _: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        ::std::result::Result::Ok(())
    }
}

impl ::std::error::Error for Classed {}

#[supervisor(state = Shared, intensity(max = 1, within = "1s"))]
pub struct App {
    poller: poller,
    crunch: crunch,
    generic: generic<u8>,
    classified: classified,
}

fn main() {
    let jobs = Lendable::new(1);
    let shared = Shared { number: 1, jobs };
    let _: u8 = Provide::provide(&shared);
    ::std::mem::drop(App::start(shared));
}
