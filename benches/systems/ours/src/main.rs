//! This repository's, as it is by default: with its journal, and with its state and reports.

use std::sync::Arc;
use std::time::Duration;

use bench_harness::{BoxFuture, Cannot, Failed, Plan, Seen, Shape, System};
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::id::{ChildId, ChildPath};
use rust_supervisor::policy::backoff::Backoff;
use rust_supervisor::policy::dependency::StartMode;
use rust_supervisor::policy::restart::Strategy;
use rust_supervisor::prelude::*;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::ChildSpec;
use rust_supervisor::spec::supervisor::SupervisorSpec;
use rust_supervisor::task::factory::service_fn;
use rust_supervisor::task::member::member_fn;

/// Above these many it is cut into several supervisors, or placed by the builder.
const DECLARED: usize = 1_000;

#[derive(Clone, SharedState)]
struct AppState {
    plan: Arc<Plan>,
}

/// The child of the declared trees: what it does is the plan's.
#[child(backoff(initial = "0s", max = "0s"))]
async fn worker(
    ctx: TaskContext,
    Args(index): Args<usize>,
    State(plan): State<Arc<Plan>>,
) -> Result<(), Failed> {
    plan.run(index, ctx.stopped()).await
}

#[allow(dead_code)]
mod declared {
    use super::*;
    seq_macro::seq!(N in 0..1000 {
        #[supervisor(state = AppState, intensity(max = 4_294_967_295, within = "1s"))]
        pub(super) struct OneForOne {
            #(#[child(args = N)] c~N: worker,)*
        }
    });
    seq_macro::seq!(N in 0..1000 {
        #[supervisor(state = AppState, strategy(one_for_all), intensity(max = 4_294_967_295, within = "1s"))]
        pub(super) struct OneForAll {
            #(#[child(args = N)] c~N: worker,)*
        }
    });
}

struct Ours {
    handle: SupervisorHandle,
    pool: ChildPath,
}

fn child(plan: &Arc<Plan>, index: usize) -> ChildSpec {
    let plan = Arc::clone(plan);
    let run = service_fn(move |ctx: TaskContext| {
        let plan = Arc::clone(&plan);
        async move { plan.run(index, ctx.stopped()).await }
    });
    ChildSpec::new(format!("c{index}"), run).backoff(Backoff::NONE)
}

fn failed(error: impl std::fmt::Display) -> Cannot {
    Cannot(error.to_string())
}

impl System for Ours {
    const NAME: &'static str = "rust-tokio-supervisor";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        let n = plan.children();
        let pool = ChildPath::root().join(&ChildId::new("pool").expect("an id"));
        let endless = SupervisorSpec::root().intensity(u32::MAX, Duration::from_secs(1));
        let handle = match shape {
            Shape::OneForOne if n == DECLARED => declared::OneForOne::start(AppState { plan })
                .await
                .map_err(failed)?
                .handle()
                .clone(),
            Shape::OneForAll if n == DECLARED => declared::OneForAll::start(AppState { plan })
                .await
                .map_err(failed)?
                .handle()
                .clone(),
            Shape::OneForOne | Shape::OneForAll | Shape::OneForAllParallel => {
                let (strategy, start) = match shape {
                    Shape::OneForAll => (Strategy::OneForAll, StartMode::Sequential),
                    Shape::OneForAllParallel => (Strategy::OneForAll, StartMode::Parallel),
                    Shape::OneForOne | Shape::Pool => (Strategy::OneForOne, StartMode::Sequential),
                };
                let endless = endless.start(start);
                let tree = (0..n).fold(endless.strategy(strategy), |tree, index| {
                    tree.child(child(&plan, index))
                });
                Supervisor::start(tree).await.map_err(failed)?
            }
            Shape::Pool => {
                let members = member_fn(
                    move |ctx: TaskContext, (index, plan): (usize, Arc<Plan>)| async move {
                        plan.run(index, ctx.stopped()).await
                    },
                );
                let tree = endless.child(SupervisorSpec::pool("pool").members(members));
                let handle = Supervisor::start(tree).await.map_err(failed)?;
                let this = Self { handle, pool };
                for index in 0..n {
                    this.add(Arc::clone(&plan), index).await?;
                }
                return Ok(this);
            }
        };
        Ok(Self { handle, pool })
    }

    async fn shutdown(self) {
        self.handle.shutdown_tree("benchmark", "measured").await.expect("it is running");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        let id = format!("c{index}");
        let args = (index, plan);
        self.handle
            .spawn_member(&self.pool, &id, args, "benchmark", "wanted")
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        let path = self.pool.join(&ChildId::new(format!("c{index}")).map_err(failed)?);
        self.handle.remove_child(path, "benchmark", "not wanted").await.map_err(failed)?;
        Ok(())
    }

    async fn current_state(&self) -> Result<usize, Cannot> {
        let state = self.handle.current_state().await.map_err(failed)?;
        Ok(state.children.len() - 1)
    }

    fn subscribe(&self) -> Result<BoxFuture<Seen>, Cannot> {
        let mut events = self.handle.subscribe_events();
        Ok(Box::pin(async move {
            let mut received = 0;
            while events.next().await.is_some() {
                received += 1;
            }
            Seen { received, missed: events.missed() }
        }))
    }
}

pub(crate) fn main() {
    bench_harness::main::<Ours>();
}
