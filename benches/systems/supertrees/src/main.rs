//! supertrees.

use std::sync::Arc;

use bench_harness::{Cannot, Plan, Shape, System, cannot};

struct Trees;

impl System for Trees {
    const NAME: &'static str = "supertrees";

    /// `Supertree::start` forks for each supervisor, runs its workers there, and does not return:
    /// nothing that they do can be seen in this process, and nothing stops them.
    async fn start(_: Arc<Plan>, _: Shape) -> Result<Self, Cannot> {
        // The type is named so that a release that can more is looked at again.
        let _: fn(supertrees::Supertree) = supertrees::Supertree::start;
        cannot("runs its workers in a forked process, and its `start` does not return")
    }

    async fn shutdown(self) {}
}

pub(crate) fn main() {
    bench_harness::main::<Trees>();
}
