//! taskvisor.

use std::sync::Arc;
use std::time::Duration;

use bench_harness::{BoxFuture, Cannot, Plan, Seen, Shape, System, cannot};
use taskvisor::prelude::*;

fn task(plan: Arc<Plan>, index: usize) -> TaskSpec {
    let task: TaskRef = TaskFn::arc(move |ctx: TaskContext| {
        let plan = Arc::clone(&plan);
        async move {
            let result = plan.run(index, ctx.cancelled()).await;
            result.map_err(TaskError::fail_from)
        }
    });
    let at_once = BackoffPolicy::new(Duration::ZERO, Duration::ZERO, 1.0, JitterPolicy::None)
        .expect("no wait is a wait");
    TaskSpec::restartable(format!("c{index}"), task).with_backoff(at_once)
}

struct Visor(SupervisorHandle);

fn failed(error: impl std::fmt::Display) -> Cannot {
    Cannot(error.to_string())
}

impl System for Visor {
    const NAME: &'static str = "taskvisor";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        if matches!(shape, Shape::OneForAll | Shape::OneForAllParallel) {
            return cannot("knows no groups of tasks");
        }
        let places = plan.children() + 1_000;
        let supervisor = Supervisor::builder(SupervisorConfig::default())
            .try_with_max_registered_tasks(places)
            .and_then(|builder| builder.try_with_ownership_capacity(places))
            .map_err(failed)?
            .build();
        let handle = supervisor.serve().map_err(failed)?;
        for index in 0..plan.children() {
            handle.add(task(Arc::clone(&plan), index)).await.map_err(failed)?;
        }
        Ok(Self(handle))
    }

    async fn shutdown(self) {
        self.0.shutdown().await.expect("a clean end");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        self.0.add(task(plan, index)).await.map_err(failed)?;
        Ok(())
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        self.0.cancel(format!("c{index}")).execute().await.map_err(failed)?;
        Ok(())
    }

    async fn current_state(&self) -> Result<usize, Cannot> {
        Ok(self.0.list().await.len())
    }

    fn subscribe(&self) -> Result<BoxFuture<Seen>, Cannot> {
        cannot("calls its subscribers on threads of its own, and does not count what they miss")
    }
}

pub(crate) fn main() {
    bench_harness::main::<Visor>();
}
