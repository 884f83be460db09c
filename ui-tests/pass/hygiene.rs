//! Everything that generated code could need is shadowed.
#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]
#![forbid(unsafe_code)]

use rust_supervisor::prelude::*;

/// Not the usual one.
#[derive(Debug)]
pub struct Result;
/// Not the usual one.
#[derive(Debug)]
pub struct Option;
/// Not the usual one.
pub trait Clone {}
/// Not the usual one.
pub trait Debug {}
/// Not the usual one.
pub trait PartialEq {}
/// Not the usual one.
#[derive(Debug)]
pub struct Some;
/// Not the usual one.
#[derive(Debug)]
pub struct Box;
/// Not the usual one.
pub mod std {}
/// Not the usual one.
pub mod core {}
/// Not the usual one.
pub mod alloc {}
/// Not the usual one.
pub mod tokio {}
/// Not the usual one.
#[expect(non_camel_case_types, reason = "it has the name of a primitive type")]
#[derive(Debug)]
pub struct bool;

/// A child that shares its name with what generated code calls things.
#[child]
pub async fn run(ctx: TaskContext, State(value): State<u8>) {
    let _ = value;
    ctx.stopped().await;
}

/// The same.
#[child(blocking, restart(transient), backoff(initial = "1s"))]
pub fn seat(ctx: BlockingContext) {
    let _ = ctx.is_stopping();
}

/// Has a raw name.
#[child]
pub async fn r#loop(ctx: TaskContext) {
    ctx.stopped().await;
}

#[child]
async fn private(ctx: TaskContext) {
    ctx.stopped().await;
}

/// A class for each.
#[derive(Debug, Failure)]
pub enum Error {
    /// Not answered in time.
    #[failure(timeout)]
    Slow,
    /// Something inside.
    #[failure(source)]
    Inner(Inner),
}

/// Says what it is.
#[derive(Debug, Failure)]
#[failure(fatal_bug)]
pub struct Inner;

impl ::std::fmt::Display for Inner {
    fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
        f.write_str("inner")
    }
}

impl ::std::error::Error for Inner {}

/// One for each of its types.
#[child]
pub async fn generic<T: Send + 'static, const N: usize>(ctx: TaskContext) {
    ctx.stopped().await;
}

/// Takes what is lent.
///
/// # Errors
///
/// Always, when it is asked to stop.
#[child(classify(Inner))]
pub async fn leased(ctx: TaskContext, lease: Lease<u8>) -> ::std::result::Result<(), Inner> {
    ctx.stopped().await;
    drop(lease);
    Err(Inner)
}

/// Has children that take something.
#[supervisor]
pub struct More {
    /// Generic.
    pub generic: generic<u8, 1>,
    /// Leased.
    pub leased: leased,
}

/// Has documented and undocumented children.
#[supervisor(intensity(max = 5, within = "30s"))]
pub struct App {
    /// Documented.
    pub run: run,
    /// Also documented.
    pub seat: seat,
    /// Raw.
    pub r#type: r#loop,
    hidden: private,
}

/// Its own derives come first.
#[supervisor]
#[derive(Debug)]
pub struct Other {
    /// Nested.
    pub app: App,
}

/// Shares a number.
#[derive(SharedState)]
pub struct Shared {
    number: u8,
}

fn main() {
    drop(App::start(Shared { number: 1 }));
    drop(Other::start(1_u8));
    drop(More::start(Lendable::new(1_u8)));
}
