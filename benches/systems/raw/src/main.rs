//! By hand. Children wait for nothing and are stopped by abort.

use std::future::pending;
use std::sync::Arc;

use bench_by_hand::{ByHand, Children, Stops, spawn};
use bench_harness::Plan;
use tokio::task::{AbortHandle, Id};

#[derive(Default)]
struct ByAbort;

impl Stops for ByAbort {
    const NAME: &'static str = "raw";
    type Child = AbortHandle;

    fn spawn(&self, children: &mut Children, plan: &Arc<Plan>, index: usize) -> AbortHandle {
        spawn(children, plan, index, pending())
    }

    fn id(child: &AbortHandle) -> Id {
        child.id()
    }

    fn stop(child: AbortHandle) {
        child.abort();
    }

    async fn stop_all(&mut self, children: &mut Children) {
        children.shutdown().await;
    }
}

pub(crate) fn main() {
    bench_harness::main::<ByHand<ByAbort>>();
}
