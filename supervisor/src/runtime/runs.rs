//! The runs that are alive: spawning, cancelling, aborting them.

use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::mailbox::{RunReports, Shared};
use crate::core::input::RunEnd;
use crate::core::key::RunKey;
use crate::id::ChildPath;
use crate::policy::failure::TaskFailureKind;
use crate::task::cell::{Reports, RunCell};
use crate::task::context::{BlockingContext, TaskContext};
use crate::task::exit::{TaskFailure, contain};
use crate::task::factory::{FactoryKind, TaskFactory};
use crate::task::run::{RunFuture, run_blocking};

pub(super) struct Runs {
    /// By the index of the node, of which at most one run is alive.
    alive: Vec<Option<Run>>,
    reports: Arc<dyn Reports>,
}

struct Run {
    cell: Arc<RunCell>,
    /// `None` for a thread.
    abort: Option<AbortHandle>,
}

impl Runs {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { alive: Vec::new(), reports: Arc::new(RunReports(shared)) }
    }

    /// Calls the factory and spawns what it gives.
    ///
    /// # Errors
    ///
    /// How the start ended, when nothing was spawned.
    pub(super) fn start(
        &mut self,
        run: RunKey,
        path: &ChildPath,
        task: &TaskFactory,
    ) -> Result<(), RunEnd> {
        let cell = RunCell::new(run, path.clone(), Arc::clone(&self.reports));
        let abort = match &task.kind {
            FactoryKind::Async(make) => {
                let context = TaskContext::new(Arc::clone(&cell));
                let future = contain(|| make(context))
                    .map_err(RunEnd::Panicked)?
                    .map_err(RunEnd::NotSpawned)?;
                let future = RunFuture::new(Arc::clone(&cell), future);
                Some(tokio::spawn(future).abort_handle())
            }
            FactoryKind::Blocking(work) => {
                let (work, cell) = (Arc::clone(work), Arc::clone(&cell));
                let runtime = Handle::current();
                let context = BlockingContext::new(Arc::clone(&cell));
                thread::Builder::new()
                    .name(path.name().to_owned())
                    .spawn(move || {
                        let _runtime = runtime.enter();
                        run_blocking(cell, || work(context));
                    })
                    .map_err(|error| {
                        let kind = TaskFailureKind::ExternalDependency;
                        RunEnd::NotSpawned(TaskFailure::new(kind, error))
                    })?;
                None
            }
        };
        let index = run.node.index as usize;
        if self.alive.len() <= index {
            self.alive.resize_with(index + 1, || None);
        }
        self.alive[index] = Some(Run { cell, abort });
        Ok(())
    }

    pub(super) fn cancel(&self, run: RunKey) {
        if let Some(alive) = self.get(run) {
            alive.cell.request_stop();
        }
    }

    /// Ends a run by force. A thread goes on: it cannot be ended.
    pub(super) fn abort(&self, run: RunKey) {
        if let Some(abort) = self.get(run).and_then(|alive| alive.abort.as_ref()) {
            abort.abort();
        }
    }

    pub(super) fn ended(&mut self, run: RunKey) {
        if self.get(run).is_some() {
            self.alive[run.node.index as usize] = None;
        }
    }

    fn get(&self, run: RunKey) -> Option<&Run> {
        let alive = self.alive.get(run.node.index as usize)?.as_ref();
        alive.filter(|alive| alive.cell.run == run)
    }
}

/// The tree goes and takes its runs with it. Threads are told, and left to themselves.
impl Drop for Runs {
    fn drop(&mut self) {
        for run in self.alive.drain(..).flatten() {
            run.cell.request_stop();
            if let Some(abort) = run.abort {
                abort.abort();
            }
        }
    }
}
