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
#[expect(non_camel_case_types)]
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
}
