//! By hand. Every child has a token of its own and stops by itself when it is cancelled.

use std::sync::Arc;

use bench_by_hand::{ByHand, Children, Stops, spawn};
use bench_harness::Plan;
use tokio::task::Id;
use tokio_util::sync::CancellationToken;

/// The token above those of the children.
#[derive(Default)]
struct ByToken(CancellationToken);

struct Child {
    id: Id,
    token: CancellationToken,
}

impl Stops for ByToken {
    const NAME: &'static str = "raw-token";
    type Child = Child;

    fn spawn(&self, children: &mut Children, plan: &Arc<Plan>, index: usize) -> Child {
        let token = self.0.child_token();
        let run = spawn(children, plan, index, token.clone().cancelled_owned());
        Child { id: run.id(), token }
    }

    fn id(child: &Child) -> Id {
        child.id
    }

    fn stop(child: Child) {
        child.token.cancel();
    }

    async fn stop_all(&mut self, children: &mut Children) {
        self.0.cancel();
        while children.join_next().await.is_some() {}
        self.0 = CancellationToken::new();
    }
}

pub(crate) fn main() {
    bench_harness::main::<ByHand<ByToken>>();
}
