//! Attributes beside ours, above and below.
#![deny(warnings)]
use rust_supervisor::prelude::*;

/// Documented.
#[inline(never)]
#[child]
/// On two sides.
#[doc(alias = "poll")]
#[must_use]
#[expect(clippy::unused_async, reason = "it is a child")]
pub async fn poller(_: TaskContext) -> TaskResult {
    TaskResult::Ignored
}

#[child]
#[deprecated = "use `poller`"]
pub async fn old(ctx: TaskContext) {
    ctx.stopped().await;
}

#[allow(unused_variables)]
#[child]
#[track_caller]
pub fn tracked(ctx: TaskContext, State(unused): State<u8>) -> impl Future<Output = ()> + Send {
    std::future::ready(())
}

/// The tree.
#[supervisor]
pub struct App {
    /// The poller.
    pub poller: poller,
    /// Another.
    pub tracked: tracked,
}

fn main() {
    drop(App::start(1_u8));
}
