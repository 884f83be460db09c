//! The older rust-tokio-supervisor, 0.1.2 of the registry.

use std::sync::Arc;
use std::time::Duration;

use bench_harness::{BoxFuture, Cannot, Plan, Seen, Shape, System, cannot};
use rust_supervisor::control::command::CommandResult;
use rust_supervisor::control::handle::SupervisorHandle;
use rust_supervisor::error::types::{TaskFailure, TaskFailureKind};
use rust_supervisor::id::types::ChildId;
use rust_supervisor::runtime::supervisor::Supervisor;
use rust_supervisor::spec::child::{BackoffPolicy, ChildSpec, RestartPolicy, TaskKind};
use rust_supervisor::spec::supervisor::{SupervisionStrategy, SupervisorSpec};
use rust_supervisor::task::context::TaskContext;
use rust_supervisor::task::factory::{TaskResult, service_fn};
use tokio::sync::broadcast::error::RecvError;

fn child(plan: &Arc<Plan>, index: usize) -> ChildSpec {
    let plan = Arc::clone(plan);
    let run = service_fn(move |ctx: TaskContext| {
        let plan = Arc::clone(&plan);
        async move {
            let stopped = ctx.cancellation_token().cancelled_owned();
            match plan.run(index, stopped).await {
                Ok(()) => TaskResult::Cancelled,
                Err(failed) => TaskResult::Failed(TaskFailure::new(
                    TaskFailureKind::Error,
                    "benchmark",
                    failed.to_string(),
                )),
            }
        }
    });
    let id = format!("c{index}");
    let mut child =
        ChildSpec::worker(ChildId::new(id.clone()), id, TaskKind::AsyncWorker, Arc::new(run));
    child.restart_policy = RestartPolicy::Permanent;
    child.backoff_policy = BackoffPolicy::new(Duration::ZERO, Duration::ZERO, 0.0);
    child
}

fn failed(error: impl std::fmt::Debug) -> Cannot {
    Cannot(format!("{error:?}"))
}

struct Older(SupervisorHandle);

impl System for Older {
    const NAME: &'static str = "rust-tokio-supervisor-0.1.2";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        let children = (0..plan.children()).map(|index| child(&plan, index)).collect();
        let mut spec = SupervisorSpec::root(children);
        match shape {
            Shape::OneForOne => {}
            Shape::OneForAll => spec.strategy = SupervisionStrategy::OneForAll,
            Shape::OneForAllParallel => return cannot("there is one way to restart all"),
            Shape::Pool => return cannot("a child that is added has no task: it is a string"),
        }
        Ok(Self(Supervisor::start(spec).await.map_err(failed)?))
    }

    async fn shutdown(self) {
        self.0.shutdown_tree("benchmark", "measured").await.expect("a clean end");
    }

    async fn current_state(&self) -> Result<usize, Cannot> {
        match self.0.current_state().await.map_err(failed)? {
            CommandResult::CurrentState { state } => Ok(state.child_count),
            other => cannot(format!("answers {other:?}")),
        }
    }

    fn subscribe(&self) -> Result<BoxFuture<Seen>, Cannot> {
        let mut events = self.0.subscribe_events();
        Ok(Box::pin(async move {
            let mut seen = Seen::default();
            loop {
                match events.recv().await {
                    Ok(_) => seen.received += 1,
                    Err(RecvError::Lagged(missed)) => seen.missed += missed,
                    Err(RecvError::Closed) => return seen,
                }
            }
        }))
    }
}

pub(crate) fn main() {
    bench_harness::main::<Older>();
}
