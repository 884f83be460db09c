//! task-supervisor.

use std::sync::Arc;
use std::time::Duration;

use bench_harness::{Cannot, Plan, Shape, System, cannot};
use task_supervisor::{
    CancellationToken, SupervisedTask, SupervisorBuilder, SupervisorHandle, TaskResult,
};

#[derive(Clone)]
struct Child {
    plan: Arc<Plan>,
    index: usize,
}

impl SupervisedTask for Child {
    async fn run(self, cancel: CancellationToken) -> TaskResult {
        self.plan.run(self.index, cancel.cancelled()).await.map_err(Into::into)
    }
}

struct Tasks(SupervisorHandle);

impl System for Tasks {
    const NAME: &'static str = "task-supervisor";

    async fn start(plan: Arc<Plan>, shape: Shape) -> Result<Self, Cannot> {
        if matches!(shape, Shape::OneForAll | Shape::OneForAllParallel) {
            return cannot("knows no groups of tasks");
        }
        let builder = SupervisorBuilder::new()
            .with_unlimited_restarts()
            .with_base_restart_delay(Duration::ZERO)
            .with_max_restart_delay(Duration::ZERO)
            .with_restart_jitter(0.0);
        let builder = (0..plan.children()).fold(builder, |builder, index| {
            builder.with_task(&format!("c{index}"), Child { plan: Arc::clone(&plan), index })
        });
        Ok(Self(builder.spawn()))
    }

    async fn shutdown(self) {
        self.0.shutdown().await.expect("a clean end");
    }

    async fn add(&self, plan: Arc<Plan>, index: usize) -> Result<(), Cannot> {
        let child = Child { plan, index };
        self.0.add_task(&format!("c{index}"), child).await.map_err(|e| Cannot(e.to_string()))
    }

    async fn remove(&self, index: usize) -> Result<(), Cannot> {
        self.0.kill_task(&format!("c{index}")).await.map_err(|e| Cannot(e.to_string()))
    }

    async fn current_state(&self) -> Result<usize, Cannot> {
        Ok(self.0.task_statuses().await.map_err(|e| Cannot(e.to_string()))?.len())
    }
}

pub(crate) fn main() {
    bench_harness::main::<Tasks>();
}
