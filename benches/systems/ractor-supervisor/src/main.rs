//! ractor-supervisor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bench_harness::{Cannot, Next, Place, Plan, Shape, System, cannot};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use ractor_supervisor::{
    ChildSpec, DynamicSupervisor, DynamicSupervisorMsg, DynamicSupervisorOptions, Restart, SpawnFn,
    Supervisor, SupervisorArguments, SupervisorMsg, SupervisorOptions, SupervisorStrategy,
};
use tokio::task::JoinHandle;

/// A child is an actor, and parks by having no message.
struct Child;

struct Fail;

#[ractor::async_trait]
impl Actor for Child {
    type Msg = Fail;
    type State = (Arc<Plan>, Place);
    type Arguments = (Arc<Plan>, usize);

    async fn pre_start(
        &self,
        this: ActorRef<Fail>,
        (plan, index): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        let (place, next) = plan.begin(index);
        match next {
            Next::Park => {}
            Next::Fail => this.cast(Fail)?,
            Next::Wait(order) => {
                tokio::spawn(async move {
                    order.await;
                    // It may be gone by now.
                    let _is_gone = this.cast(Fail);
                });
            }
        }
        Ok((plan, place))
    }

    async fn handle(
        &self,
        _: ActorRef<Fail>,
        _: Fail,
        (plan, _): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        Err(plan.told().into())
    }
}

/// Names are global, and several trees come and go in one process.
static TREES: AtomicUsize = AtomicUsize::new(0);

fn spec(tree: usize, plan: &Arc<Plan>, index: usize) -> ChildSpec {
    let plan = Arc::clone(plan);
    ChildSpec {
        id: format!("t{tree}c{index}"),
        restart: Restart::Permanent,
        spawn_fn: SpawnFn::new(move |parent, id| {
            let plan = Arc::clone(&plan);
            async move {
                let (child, _) = Supervisor::spawn_linked(id, Child, (plan, index), parent).await?;
                Ok(child.get_cell())
            }
        }),
        backoff_fn: None,
        reset_after: None,
    }
}

enum Parent {
    Fixed(ActorRef<SupervisorMsg>),
    Dynamic(ActorRef<DynamicSupervisorMsg>),
}

struct Ractor {
    tree: usize,
    parent: Parent,
    end: JoinHandle<()>,
}

fn failed(error: impl std::fmt::Display) -> Cannot {
    Cannot(error.to_string())
}

impl System for Ractor {
    const NAME: &'static str = "ractor-supervisor";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        let tree = TREES.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{tree}");
        let max_window = Duration::from_secs(1);
        let strategy = match shape {
            Shape::OneForOne => SupervisorStrategy::OneForOne,
            Shape::OneForAll => SupervisorStrategy::OneForAll,
            Shape::OneForAllParallel => return cannot("starts are sequential"),
            Shape::Pool => {
                let options = DynamicSupervisorOptions {
                    max_children: None,
                    max_restarts: usize::MAX,
                    max_window,
                    reset_after: None,
                };
                let (parent, end) =
                    DynamicSupervisor::spawn(name, options).await.map_err(failed)?;
                for index in 0..plan.children() {
                    DynamicSupervisor::spawn_child(parent.clone(), spec(tree, &plan, index))
                        .await
                        .map_err(failed)?;
                }
                return Ok(Self { tree, parent: Parent::Dynamic(parent), end });
            }
        };
        let options =
            SupervisorOptions { strategy, max_restarts: usize::MAX, max_window, reset_after: None };
        let child_specs = (0..plan.children()).map(|index| spec(tree, &plan, index)).collect();
        let (parent, end) = Supervisor::spawn(name, SupervisorArguments { child_specs, options })
            .await
            .map_err(failed)?;
        Ok(Self { tree, parent: Parent::Fixed(parent), end })
    }

    async fn shutdown(self) {
        match self.parent {
            Parent::Fixed(parent) => parent.stop(None),
            Parent::Dynamic(parent) => parent.stop(None),
        }
        self.end.await.expect("it does not panic");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        let Parent::Dynamic(parent) = &self.parent else {
            return cannot("only its dynamic supervisor takes children");
        };
        DynamicSupervisor::spawn_child(parent.clone(), spec(self.tree, &plan, index))
            .await
            .map_err(failed)
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        let Parent::Dynamic(parent) = &self.parent else {
            return cannot("only its dynamic supervisor lets go of children");
        };
        let id = format!("t{}c{index}", self.tree);
        DynamicSupervisor::terminate_child(parent.clone(), id).await.map_err(failed)
    }
}

pub(crate) fn main() {
    bench_harness::main::<Ractor>();
}
